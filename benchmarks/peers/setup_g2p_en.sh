#!/bin/sh
# Makes an environment of its own for g2p-en 2.1, whose GRU benchmarks/cmudict_g2p.py asks.
set -eu
here=${DRAGOMAN_PEERS:-${TMPDIR:-/tmp}/dragoman-peers}/g2p-en
if "$here/bin/python" -c "import g2p_en" > /dev/null 2>&1; then exit 0; fi
python3 -m venv "$here"
"$here/bin/pip" install --quiet "g2p-en==2.1.0" "nltk<3.9" "numpy<2"
"$here/bin/python" -c "import g2p_en" > /dev/null 2>&1
echo "g2p-en is in $here"
