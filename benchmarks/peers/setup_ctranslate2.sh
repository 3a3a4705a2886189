#!/bin/sh
# Makes an environment of its own for CTranslate2, which benchmarks/translate_speed.py asks.
set -eu
here=${1:-${DRAGOMAN_PEERS:-${TMPDIR:-/tmp}/dragoman-peers}/ctranslate2}
if "$here/bin/python" -c "import ctranslate2" > /dev/null 2>&1; then exit 0; fi
python3 -m venv "$here"
"$here/bin/pip" install --quiet "ctranslate2>=4,<5" "tokenizers" "numpy"
"$here/bin/python" -c "import ctranslate2"
echo "CTranslate2 is in $here"
