"""The folder of a trained model: everything that turns raw text into raw text, and how it was made.

::

    resolved.toml         every setting, and under [made] the versions and the data's hashes; sealed by a checksum
    src.tokenizer.json    text to source ids
    tgt.tokenizer.json    target ids to text
    model.safetensors     the averaged weights that were best on dev
    best/                 with training.average_best: the best validations, each a model folder
    metrics.jsonl         one line a validation;  curves.png, tensorboard/: the same, drawn
    data_report.txt       what stands in the data
    confusion.png         which label was taken for which, where texts are classified and a test set is scored
    checkpoint.safetensors  what --resume needs
    pairs.arrow, pairs.arrow.json  a large corpus as ids, while it is trained on
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from dragoman.config import Config, dump_config, load_config
from dragoman.disk import seal, write_atomically
from dragoman.errors import ModelError
from dragoman.nn.generators import GENERATORS
from dragoman.nn.labeller import Labeller
from dragoman.nn.model import Seq2Seq
from dragoman.text.copying import Copying
from dragoman.text.tokenizers import SPACE, Tokenizer
from dragoman.text.vocabulary import SPECIALS
from dragoman.training.checkpoints import load_tensors, save_tensors

FORMAT = 1
CONFIG, WEIGHTS, CHECKPOINT = "resolved.toml", "model.safetensors", "checkpoint.safetensors"
SRC_TOKENIZER, TGT_TOKENIZER = "src.tokenizer.json", "tgt.tokenizer.json"
METRICS, REPORT, CURVES = "metrics.jsonl", "data_report.txt", "curves.png"
CONFUSION = "confusion.png"
STORE = "pairs.arrow"


@dataclass(frozen=True)
class Tokenizers:
    """One for each side; the same one where the vocabulary is shared."""

    src: Tokenizer
    tgt: Tokenizer


def save_text_side(folder: Path, config: Config, tokenizers: Tokenizers) -> None:
    """Write the settings and the tokenizers."""
    write_atomically(folder / CONFIG, seal(dump_config(config)).encode())
    write_atomically(folder / SRC_TOKENIZER, tokenizers.src.to_json().encode())
    write_atomically(folder / TGT_TOKENIZER, tokenizers.tgt.to_json().encode())


def save_weights(folder: Path, model: nn.Module, step: int) -> None:
    """Write the weights, each once, however often it is used, and which vocabularies they belong to."""
    values = {"format": FORMAT, "step": step, "vocabularies": _vocabularies(folder)}
    save_tensors(folder / WEIGHTS, dict(model.named_parameters()), values)


def load_config_of(folder: Path) -> Config:
    """Read a model folder's settings.

    Raises:
        ModelError: It is no model folder.
    """
    if not folder.exists():
        raise ModelError(f"{folder}: no such model folder; `dragoman train` makes one.")
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder}: not a model folder: {CONFIG} is missing; expected what `dragoman train` wrote."
        )
    config = load_config(folder / CONFIG)
    if not config.made:
        raise ModelError(
            f"{folder / CONFIG}: is cut short, or a recipe: it has no [made]; copy the folder anew."
        )
    return config


def sums_of(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of what a finished training says of itself, for [made]; weights have sums of their own."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (METRICS, REPORT)
    }


def check_sums(folder: Path, config: Config) -> None:
    """Compare with `sums_of`; a file that is gone is none that an answer needs.

    Raises:
        ModelError: A file has changed.
    """
    for name, wanted in config.made.get("sha256", {}).items():
        path = folder / Path(name).name
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            raise ModelError(
                f"{path}: is not what the training wrote (its checksum differs); copy the folder anew, or remove it."
            )


def load_tokenizers(folder: Path) -> Tokenizers:
    """Read a model folder's tokenizers.

    Raises:
        ModelError: One is missing or damaged.
    """
    src = _load_tokenizer(folder / SRC_TOKENIZER)
    tgt = _load_tokenizer(folder / TGT_TOKENIZER)
    return Tokenizers(src, tgt)


def build_network(config: Config, tokenizers: Tokenizers) -> Seq2Seq | Labeller:
    """Make the network that a recipe describes, of random weights."""
    src, tgt = tokenizers.src.vocab_size, tokenizers.tgt.vocab_size
    if not config.model.labels:
        copies = GENERATORS[config.model.generator].copies
        tgt_ids = Copying(tokenizers.src, tokenizers.tgt).tgt_ids if copies else None
        return Seq2Seq(config.model, src, tgt, tgt_ids, tokenizers.src.id_of(SPACE))
    return Labeller(config.model, src, tgt - len(SPECIALS), tokenizers.src.id_of(SPACE))


def load_model(folder: Path, config: Config, tokenizers: Tokenizers) -> Seq2Seq | Labeller:
    """Read a model folder's weights.

    Raises:
        ModelError: The file is missing, truncated, of another version, or does not fit the settings; every
            fault of fit is listed.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise ModelError(
            f"{path} is missing: training has not reached its first validation; go on with --resume."
        )
    try:
        found, values = load_tensors(path)
    except ValueError as error:
        raise ModelError(
            f"{path}: damaged or truncated weights ({error}); copy the folder anew."
        ) from None
    version = values.get("format")
    if version != FORMAT:
        raise ModelError(
            f"{path}: weights of format {version}; this version of dragoman reads format {FORMAT}."
        )
    model = build_network(config, tokenizers)
    wanted = dict(model.named_parameters())
    faults = [f"{name} is missing" for name in wanted.keys() - found.keys()]
    faults += [f"{name} is not of this model" for name in found.keys() - wanted.keys()]
    faults += [
        f"{name} has shape {tuple(found[name].shape)}, expected {tuple(wanted[name].shape)}"
        for name in wanted.keys() & found.keys()
        if found[name].shape != wanted[name].shape
    ]
    if faults:
        raise ModelError(
            f"{path}: the weights do not fit {CONFIG} and the vocabularies: {'; '.join(sorted(faults))}."
        )
    known, now = values.get("vocabularies", {}), _vocabularies(folder)
    others = [name for name in known if known[name] != now.get(name)]
    if others:
        raise ModelError(
            f"{path}: was trained with another vocabulary than {' and '.join(others)}; copy the folder anew."
        )
    with torch.no_grad():
        for name, weight in wanted.items():
            weight.copy_(found[name])
    return model.eval()


def _vocabularies(folder: Path) -> dict[str, str]:
    """Hash the tokenizers: vocabularies of the same size differ in nothing else that could be checked."""
    paths = (folder / SRC_TOKENIZER, folder / TGT_TOKENIZER)
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.exists()
    }


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_json(path.read_text(encoding="utf-8"))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); copy the folder anew.") from None
