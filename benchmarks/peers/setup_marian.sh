#!/bin/sh
# Makes an environment of its own for pymarian 1.12.42 (Marian, float32 on a CPU), which benchmarks/translate_speed.py asks.
set -eu
here=${1:-${DRAGOMAN_PEERS:-${TMPDIR:-/tmp}/dragoman-peers}/marian}
if "$here/bin/python" -c "import pymarian" > /dev/null 2>&1; then exit 0; fi
python3 -m venv "$here"
"$here/bin/pip" install --quiet --no-deps "pymarian==1.12.42"
"$here/bin/pip" install --quiet pyyaml tqdm requests portalocker huggingface-hub
"$here/bin/python" -c "import pymarian"
echo "Marian is in $here"
