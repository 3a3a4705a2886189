#!/bin/sh
# Makes an environment of its own for Yoyodyne 0.5.27 (attentive LSTM, pointer-generator), with a CPU build of torch.
set -eu
here=${DRAGOMAN_PEERS:-${TMPDIR:-/tmp}/dragoman-peers}/yoyodyne
if "$here/bin/yoyodyne" --help > /dev/null 2>&1; then exit 0; fi
python3 -m venv "$here"
"$here/bin/pip" install --quiet --upgrade pip
"$here/bin/pip" install --quiet "torch==2.13.0" "yoyodyne==0.5.27"
# torchmetrics imports these two where they are, and what is there does not fit a CPU build of torch.
"$here/bin/pip" uninstall --quiet --yes torchvision torchaudio
"$here/bin/yoyodyne" --help > /dev/null
echo "Yoyodyne is in $here"
