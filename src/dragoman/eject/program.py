"""A bundle as one C file: its settings, its weights, and the parts of C that it needs, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from dragoman.disk import write_together
from dragoman.eject.network import NetworkWriter, check_network
from dragoman.eject.tokens import TokenizerWriter
from dragoman.eject.unicode import composing, lowering
from dragoman.errors import ExportError
from dragoman.runtime.bundle import ENCODER, STEP, Bundle, is_bundle, read_bundle
from dragoman.runtime.weights import read_tensors


@dataclass(frozen=True)
class Program:
    """What was written.

    Attributes:
        source: The C file.
        header: The header beside it.
        num_bytes: How large the C file is.
    """

    source: Path
    header: Path
    num_bytes: int


def write_program(folder: Path, out: Path) -> Program:
    """Write a bundle as C.

    Args:
        folder: The bundle.
        out: The C file; the header stands beside it.

    Raises:
        BundleError: The bundle is damaged.
        ExportError: It has a part that no C is written for, or `out` cannot be written.
    """
    if out.suffix != ".c" or not re.fullmatch(r"[A-Za-z0-9_.+-]+", out.stem):
        raise ExportError(f"{out}: --to names a C file, such as my.c.")
    if folder.is_dir() and not is_bundle(folder):
        raise ExportError(f"{folder}: is no bundle; make one of a model with `dragoman export`.")
    source, header = _program(read_bundle(folder), out.stem)
    beside = out.with_suffix(".h")
    files = {out.name: source.encode("ascii"), beside.name: header.encode("ascii")}
    write_together(out.parent, files, ExportError)
    return Program(out, beside, len(source))


def _program(bundle: Bundle, name: str) -> tuple[str, str]:
    """Write the C file and its header."""
    check_network(bundle.config.model)
    if bundle.shortlist:
        raise ExportError(
            f"{bundle.folder}: has a shortlist, for which no C is written; export the model without --shortlist."
        )
    tensors = read_tensors(*(bundle.folder / graph for graph in (ENCODER, STEP)))
    network = NetworkWriter(bundle.config.model, tensors, int8=bundle.int8)
    tokens = TokenizerWriter(bundle.src_tokenizer, bundle.tgt_tokenizer)
    weights = network.declarations()
    settings = {**network.settings(), **tokens.settings(), **_settings(bundle)}
    lowers = bundle.src_tokenizer.normaliser.lowercase
    filled = {"about": _about(bundle), "name": name}
    parts = [
        _part("head.c", filled),
        "".join(f"#define {key} {value}\n" for key, value in settings.items()),
        *(_part(f"{one}.c") for one in network.types()),
        weights,
        *(_part(f"{one}.c") for one in network.parts()),
        _part("ranges.c"),
        composing(),
        *([lowering()] if lowers else []),
        tokens.declarations(),
        _part("text.c"),
        *([_part("lower.c")] if lowers else []),
        _part("normalise.c"),
        *(_part(f"{one}.c") for one in tokens.parts()),
        _part("search.c"),
        _part("api.c"),
    ]
    return "\n".join(part.strip("\n") + "\n" for part in parts), _part("head.h", filled)


def _part(name: str, filled: dict[str, str] | None = None) -> str:
    text = (files("dragoman.eject") / "c" / name).read_text(encoding="ascii")
    for key, value in (filled or {}).items():
        text = text.replace(f"@{key}@", value)
    return text


def _about(bundle: Bundle) -> str:
    model = bundle.config.model
    title = bundle.config.description or "A model made with Dragoman"
    # What people write about a model ends no comment, and is plain ASCII.
    title = title.encode("ascii", "replace").decode().replace("*/", "* /").replace("??", "? ?")
    return (
        f"{' '.join(title.split())} ({model.cell}, {model.hidden_size} wide, {bundle.num_weights:,} weights, "
        f"{'int8' if bundle.int8 else 'float32'})."
    )


def _settings(bundle: Bundle) -> dict[str, Any]:
    search, normaliser = bundle.config.search, bundle.src_tokenizer.normaliser
    return {
        "LOWERCASE": int(normaliser.lowercase),
        "DROP_FINAL_STOP": int(normaliser.final_stop == "drop"),
        "JAMO": int(normaliser.hangul == "jamo"),
        "BEAM": search.beam_size,
        "LENGTH_PENALTY": repr(float(search.length_penalty)),
        "COVERAGE_PENALTY": _coverage(bundle),
        "MAX_LENGTH_RATIO": repr(float(search.max_length_ratio)),
        "MAX_LENGTH_EXTRA": search.max_length_extra,
        "MIN_LENGTH": search.min_length,
        "NO_REPEAT": search.no_repeat,
        "MAX_SRC_LENGTH": bundle.config.data.max_src_length or 0,
    }


def _coverage(bundle: Bundle) -> str:
    """Give the coverage penalty, which without attention there is none of."""
    search, attends = bundle.config.search, bundle.config.model.attention != "none"
    return repr(float(search.coverage_penalty if attends else 0))
