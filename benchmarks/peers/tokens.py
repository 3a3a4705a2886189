"""What a peer that translates tokens is asked: the words of its command, and the file that they name."""

import argparse
import json
from pathlib import Path


def asked(description):
    """Read the command line, and the file of tokens that it names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("tokens", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shortlist", action="store_true")
    options = parser.parse_args()
    return options, json.loads(options.tokens.read_text(encoding="utf-8"))
