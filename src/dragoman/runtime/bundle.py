"""The folder of a bundle: what stands in it, and the check that it is whole.

::

    config.toml       the recipe, and under [bundle] the format, sizes, and a checksum of every other file
    encoder.onnx      source ids -> the first state, and what every step looks at
    step.onnx         one step of the decoder
    labeller.onnx     instead of both, where the model labels: source ids -> scores of labels
    weights.bin       the weights of the graphs, each once
    tokenizer.json    text to ids and back; tokenizer.src.json and tokenizer.tgt.json where the two sides differ
    card.md           for people
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dragoman.config import Config, build_config
from dragoman.disk import fault_of
from dragoman.errors import BundleError, ConfigError, ModelError
from dragoman.runtime.graphs import why_foreign
from dragoman.text.tokenizers import Tokenizer

FORMAT = 1
CONFIG, CARD = "config.toml", "card.md"
ENCODER, STEP, LABELLER, WEIGHTS = "encoder.onnx", "step.onnx", "labeller.onnx", "weights.bin"
TOKENIZER, SRC_TOKENIZER, TGT_TOKENIZER = (
    "tokenizer.json",
    "tokenizer.src.json",
    "tokenizer.tgt.json",
)
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files are all there and whole.

    Attributes:
        folder: Where it is.
        config: Its recipe.
        src_tokenizer: Text to source ids.
        tgt_tokenizer: Target ids to text.
        int8: Whether its matrices are 8-bit.
        shortlist: Whether it weighs only the words of a shortlist, unless told otherwise.
        num_weights: How many weights it has.
        num_bytes: How large its files are.
        hidden: Which columns of a state are the decoder's top hidden state.
        contents: The graphs and their weights, by the names of their files, as they were when they were checked:
            what happens to the folder afterwards changes nothing.
        sums: The SHA-256 of every file.
    """

    folder: Path
    config: Config
    src_tokenizer: Tokenizer
    tgt_tokenizer: Tokenizer
    int8: bool
    shortlist: bool
    num_weights: int
    num_bytes: int
    hidden: tuple[int, int]
    contents: Mapping[str, bytes] = field(repr=False)
    sums: Mapping[str, str] = field(repr=False)


def is_bundle(folder: Path) -> bool:
    """Say whether a folder looks like a bundle, whole or not."""
    return any((folder / name).is_file() for name in (CONFIG, ENCODER, STEP, LABELLER))


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle, and check every file of it.

    Raises:
        BundleError: Everything that is wrong with it, a sentence each.
    """
    config, about = _read_settings(folder)
    sums: dict[str, str] = about["sha256"]
    contents, faults = _read_files(folder, sums)
    sides = [TOKENIZER] * 2 if TOKENIZER in sums else [SRC_TOKENIZER, TGT_TOKENIZER]
    if not faults:
        faults = [
            f"{folder / CONFIG}: lists no {name}; export the model again."
            for name in sorted({*_graphs_of(config), WEIGHTS, *sides} - sums.keys())
        ]
    if not faults:
        faults = [
            f"{folder / name}: names a file outside of the bundle; it was not opened."
            for name in _graphs_of(config)
            if _leads_out(contents[name])
        ] + [
            f"{folder / name}: {why}; it was not run."
            for name in _graphs_of(config)
            if (why := why_foreign(contents[name]))
        ]
    if faults:
        raise BundleError("\n".join(faults))
    src = _read_tokenizer(folder / sides[0], contents[sides[0]])
    tgt = src if len(set(sides)) == 1 else _read_tokenizer(folder / sides[1], contents[sides[1]])
    sizes = (("src", src, about["src_vocab_size"]), ("tgt", tgt, about["tgt_vocab_size"]))
    faults = [
        f"{folder}: the {side} tokenizer has {one.vocab_size} tokens, the graphs {size}; export the model again."
        for side, one, size in sizes
        if one.vocab_size != size
    ]
    if faults:
        raise BundleError("\n".join(faults))
    num_bytes = sum(map(len, contents.values())) + (folder / CONFIG).stat().st_size
    first, last = about["hidden"]
    return Bundle(
        folder=folder,
        config=config,
        src_tokenizer=src,
        tgt_tokenizer=tgt,
        int8=about["int8"],
        # Bundles of before there were shortlists do not say.
        shortlist=about.get("shortlist") is True,
        num_weights=about["num_weights"],
        num_bytes=num_bytes,
        hidden=(first, last),
        contents={name: contents[name] for name in (*_graphs_of(config), WEIGHTS)},
        sums=sums,
    )


def _graphs_of(config: Config) -> tuple[str, ...]:
    return (LABELLER,) if config.model.labels else (ENCODER, STEP)


def _leads_out(graph: bytes) -> bool:
    """Say whether a graph has weights anywhere but in the file beside it.

    Protocol Buffers keep a string's bytes side by side, so that whatever names a place shows here, also where a parser
    of this version would not look.
    """
    key, value = b"location", WEIGHTS.encode()
    usual = b"\n%c%b\x12%c%b" % (len(key), key, len(value), value)
    return graph.count(key) != graph.count(usual)


# What stands under [bundle], and of which kind it is.
_KEYS: dict[str, type] = {
    "format": int,
    "int8": bool,
    "num_weights": int,
    "src_vocab_size": int,
    "tgt_vocab_size": int,
    "hidden": list,
    "sha256": dict,
}


def _read_settings(folder: Path) -> tuple[Config, dict[str, Any]]:
    path = folder / CONFIG
    try:
        text = path.read_text(encoding="utf-8")
        if fault := fault_of(text):
            raise BundleError(f"{path}: {fault}.")
        raw = tomllib.loads(text)
    except OSError as error:
        raise BundleError(
            f"{path}: cannot be read ({error.strerror}); a bundle is what `dragoman export` makes."
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BundleError(f"{path}: damaged ({error}); copy the bundle anew.") from None
    about = raw.pop("bundle", None)
    if not isinstance(about, dict):
        raise BundleError(
            f"{path}: has no [bundle]; expected what `dragoman export` makes, not a recipe."
        )
    if about.get("format") != FORMAT:
        raise BundleError(
            f"{path}: a bundle of format {about.get('format')!r}; this version of dragoman reads format {FORMAT}."
        )
    faults = [
        f"{path}: bundle.{key} is missing or no {kind.__name__}; copy the bundle anew."
        for key, kind in _KEYS.items()
        if not isinstance(about.get(key), kind)
    ]
    try:
        config = build_config(raw, where=str(path))
    except ConfigError as error:
        faults.append(str(error))
        config = Config()
    if faults:
        raise BundleError("\n".join(faults))
    return config, about


def _read_files(folder: Path, sums: Mapping[str, str]) -> tuple[dict[str, bytes], list[str]]:
    """Read every file once, and say which are not what was exported."""
    contents: dict[str, bytes] = {}
    faults: list[str] = []
    for name, wanted in sorted(sums.items()):
        path = folder / name
        # A name that leads out of the folder is nothing that export wrote.
        if Path(name).name != name:
            faults.append(f"{folder / CONFIG}: {name!r} is no name of a file in a bundle.")
            continue
        try:
            # A named pipe, or a device that a link leads to, would never end.
            content = path.read_bytes() if path.is_file() else None
        except (OSError, MemoryError):
            content = None
        if content is None:
            faults.append(f"{path}: is missing; copy the bundle anew.")
            continue
        contents[name] = content
        if hashlib.sha256(content).hexdigest() == wanted:
            continue
        if content.startswith(_PICKLES):
            faults.append(
                f"{path}: is a pickle or an archive, not what its name says; it was not opened."
            )
        elif "tokenizer" in name and _is_tokenizer(path, content):
            faults.append(f"{path}: is another model's tokenizer; copy the bundle anew.")
        else:
            faults.append(
                f"{path}: is not the file that was exported (its checksum differs); copy the bundle anew."
            )
    return contents, faults


def _is_tokenizer(path: Path, content: bytes) -> bool:
    try:
        _read_tokenizer(path, content)
    except BundleError:
        return False
    return True


def _read_tokenizer(path: Path, content: bytes) -> Tokenizer:
    try:
        return Tokenizer.from_json(content.decode())
    except (ModelError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: {error}") from None
