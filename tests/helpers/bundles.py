"""Bundles of tiny networks with random weights."""

from pathlib import Path

from dragoman.config import Config, ModelConfig
from dragoman.contracts.tiny import VOCAB, build
from dragoman.export import ExportOptions, write_bundle
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.engine import BundleStepper
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions

SMALL = ModelConfig(embedding_size=6, hidden_size=8, dropout=0.0)


def tokenizer() -> Tokenizer:
    """Return one of as many tokens as the tiny networks have."""
    made = Tokenizer.train(["abcdefghijklmnop"], TokenizerOptions("char", VOCAB))
    assert made.vocab_size == VOCAB
    return made


def write_tiny(
    out: Path, config: ModelConfig = SMALL, *, int8: bool = False, network=None, shortlist=None
) -> Path:
    """Write a bundle, of a network that `build` makes unless one is given."""
    network = build(config) if network is None else network
    both = tokenizer()
    options = ExportOptions(int8, shortlist)
    write_bundle(network, Config(model=network.config), (both, both), out, options)
    return out


def stepper(out: Path) -> BundleStepper:
    """Open a bundle."""
    return BundleStepper(read_bundle(out))
