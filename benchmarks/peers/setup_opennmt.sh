#!/usr/bin/env bash
# Give the peer OpenNMT-py 3.5.1 a virtual environment of its own.
#
#   benchmarks/peers/setup_opennmt.sh [DIR]     DIR: default $TMPDIR/dragoman-peers/opennmt
#
# The peer pins torch<2.3, but it trained faster on the torch that Dragoman uses (five runs of each,
# one thread, a busy machine: 3% to 43% more tokens a second), so that is what it gets; opennmt.py
# sets the one switch that reading its checkpoints back then needs. To run it as pinned (Python 3.9
# to 3.12; torch's Linux build then carries CUDA, unused: 6 GB of disk):
#
#   TORCH=2.2.2 benchmarks/peers/setup_opennmt.sh DIR
set -euo pipefail

dir="${1:-${TMPDIR:-/tmp}/dragoman-peers/opennmt}"
torch="${TORCH:-2.13.0}"
python="${PYTHON:-python3}"

"$python" -m venv "$dir"
pip=("$dir/bin/python" -m pip install --quiet --disable-pip-version-check)

if [[ "$torch" == 2.2.* ]]; then
  # numpy<2: torch 2.2 was built against numpy 1, and pip would take 2.
  "${pip[@]}" "torch==$torch" "OpenNMT-py==3.5.1" "numpy<2"
else
  # Every transform is imported at the start, used or not: hence spaCy and fastText.
  "${pip[@]}" "torch==$torch" "numpy<2" "ctranslate2>=4,<5" "pyonmttok>=1.37,<2" \
    configargparse fasttext-wheel pyahocorasick pyyaml rapidfuzz sacrebleu six spacy tensorboard
  "${pip[@]}" --no-deps "OpenNMT-py==3.5.1"
fi

"$dir/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import onmt.bin.train  # noqa: F401
import torch

print(f"OpenNMT-py {version('OpenNMT-py')}, torch {torch.__version__}, "
      f"numpy {version('numpy')}, {torch.get_num_threads()} threads")
PY
