#!/bin/sh
# Makes an environment of its own for JoeyNMT 2.3.0, which benchmarks/translators.py asks, with the torch that Dragoman uses.
# Freshly installed it fails: `importlib_metadata` is not among its requirements, and torch has dropped an argument that it gives
# (`ReduceLROnPlateau(verbose=)`). Both are mended here; nothing else is changed.
set -eu
here=${1:-${DRAGOMAN_PEERS:-${TMPDIR:-/tmp}/dragoman-peers}/joeynmt}
if "$here/bin/python" -c "import joeynmt.training" > /dev/null 2>&1; then exit 0; fi
python3 -m venv "$here"
"$here/bin/pip" install --quiet "torch==${TORCH:-2.13.0}" "numpy<2" datasets importlib_metadata matplotlib packaging plotly pyyaml \
    sacrebleu sacremoses seaborn sentencepiece setuptools six subword-nmt tensorboard wrapt
"$here/bin/pip" install --quiet --no-deps "joeynmt==2.3.0"
builders=$("$here/bin/python" -c "import importlib.util as u; print(u.find_spec('joeynmt').submodule_search_locations[0])")/builders.py
sed -i '/"verbose": False,/d' "$builders"
"$here/bin/python" -c "import joeynmt.training"
echo "JoeyNMT is in $here"
