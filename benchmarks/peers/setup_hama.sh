#!/bin/sh
# Makes an environment of its own for hama 1.7, which benchmarks/korean_g2p_against_hama.py asks.
set -eu
here=${DRAGOMAN_PEERS:-${TMPDIR:-/tmp}/dragoman-peers}/hama
if "$here/bin/python" -c "import hama" > /dev/null 2>&1; then exit 0; fi
python3 -m venv "$here"
"$here/bin/pip" install --quiet "hama==1.7.0"
echo "hama is in $here"
