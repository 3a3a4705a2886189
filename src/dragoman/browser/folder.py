"""The folder that runs a bundle in a browser: a page, the model, and onnxruntime-web where it was given.

::

    index.html style.css page.js   the page
    tokens.js search.js model.js   text to ids and back, the searches, the graphs
    model.json                     the tokenizers and the settings, as JavaScript needs them
    encoder.onnx step.onnx weights.bin   the bundle's own
    ort/                           onnxruntime-web, copied from an installed npm package
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from dragoman.disk import write_together
from dragoman.errors import ExportError
from dragoman.runtime.bundle import CONFIG, Bundle, read_bundle
from dragoman.text import tokenizers as kinds
from dragoman.text.tokenizers import Tokenizer

FOLDER, RUNTIME = "web", "ort"
# What of onnxruntime-web a page on the processor needs.
RUNTIME_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
PAGE_FILES = ("index.html", "style.css", "page.js", "model.js", "search.js", "tokens.js")
# How tokens.js names the patterns that cut a text.
_CUTS = {
    kinds.WORDS: "words",
    kinds.CHARACTERS: "characters",
    kinds.SPACED: "spaced",
    kinds.WHOLE: "whole",
    kinds.TAGGED: "tagged",
}
# Decoders whose tokens are not all text.
_STEPS_ALONG = ("monotonic", "transducer")
_MODELS = ("WordLevel", "BPE")


@dataclass(frozen=True)
class WebFolder:
    """What was written.

    Attributes:
        folder: Where it is.
        num_bytes: How large it is.
        has_runtime: Whether onnxruntime-web lies in it.
    """

    folder: Path
    num_bytes: int
    has_runtime: bool


def write_web(bundle: Path, runtime: Path | None = None) -> WebFolder:
    """Write the folder `web` into a bundle.

    Args:
        bundle: The bundle.
        runtime: The npm package onnxruntime-web, or its `dist`, to copy the runtime from.

    Raises:
        BundleError: The bundle is damaged.
        ExportError: The page cannot run such a model, `runtime` is something else, or nothing can be written.
    """
    whole = read_bundle(bundle)
    content = json.dumps(_settings(whole), ensure_ascii=False)
    page = files("dragoman.browser").joinpath("page")
    contents = {
        **{name: page.joinpath(name).read_bytes() for name in PAGE_FILES},
        **whole.contents,
        "model.json": content.encode(),
    }
    if runtime is not None:
        contents |= _read_runtime(runtime)
    out = bundle / FOLDER
    _write(out, contents)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return WebFolder(out, size, all((out / RUNTIME / name).is_file() for name in RUNTIME_FILES))


def copy_bundle(bundle: Path, out: Path) -> None:
    """Copy a bundle that is whole to another folder; to its own is nothing to do.

    Raises:
        BundleError: The bundle is damaged.
        ExportError: `out` holds something else, or cannot be written.
    """
    names = (*read_bundle(bundle).sums, CONFIG)  # The settings last, as export writes them.
    if out.exists() and out.resolve() == bundle.resolve():
        return
    if out.exists() and not out.is_dir():
        raise ExportError(f"{out}: is a file; --to names a folder.")
    if out.is_dir() and any(out.iterdir()) and not (out / CONFIG).is_file():
        raise ExportError(f"{out}: holds something other than a bundle; --to names a new folder.")
    _write(out, {name: (bundle / name).read_bytes() for name in names})


def _write(out: Path, contents: Mapping[str, bytes]) -> None:
    try:
        for name in contents:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"{error.filename or out}: cannot be made ({error.strerror or error})."
        ) from None
    write_together(out, contents, ExportError)


def _read_runtime(folder: Path) -> dict[str, bytes]:
    """Read what is needed of the npm package."""
    dist = folder / "dist" if (folder / "dist").is_dir() else folder
    missing = [name for name in RUNTIME_FILES if not (dist / name).is_file()]
    if missing:
        raise ExportError(
            f"{dist}: has no {', '.join(missing)}; --web-runtime names the npm package onnxruntime-web or its "
            "dist folder (`npm install onnxruntime-web` makes node_modules/onnxruntime-web)."
        )
    return {f"{RUNTIME}/{name}": (dist / name).read_bytes() for name in RUNTIME_FILES}


def _settings(bundle: Bundle) -> dict[str, Any]:
    """Say what the page must know besides the graphs."""
    _check(bundle)
    config = bundle.config
    tgt = bundle.tgt_tokenizer
    return {
        "about": config.description or bundle.folder.resolve().name,
        "task": config.task,
        "search": config.search.model_dump(mode="json"),
        "max_src_length": config.data.max_src_length,
        "src": _tokenizer(bundle.src_tokenizer),
        "tgt": {"tokens": tgt.tokens(range(tgt.vocab_size)), "num_silent": len(tgt.silent)},
    }


def _check(bundle: Bundle) -> None:
    """Refuse what the page's JavaScript does not do."""
    model, pieces = bundle.config.model, _pieces(bundle.src_tokenizer)
    faults: list[str] = []
    if model.labels:
        faults.append("it labels, and the page only writes text")
    elif model.decoder in _STEPS_ALONG:
        faults.append(f"model.decoder is {model.decoder!r}, whose tokens the page cannot read")
    elif model.generator == "pointer":
        faults.append(f"model.generator is {model.generator!r}, and the page copies no words")
    if bundle.shortlist:
        faults.append("it has a shortlist, and the page weighs every word")
    if bundle.config.search.coverage_penalty:
        faults.append("search.coverage_penalty is not 0, and the page's search has none")
    if pieces["model"]["type"] not in _MODELS or _pattern(pieces) not in _CUTS:
        kind = bundle.config.text.src_tokenizer or bundle.config.text.tokenizer
        faults.append(f"its source tokenizer is {kind!r}, which the page cannot read")
    if faults:
        raise ExportError(
            f"{bundle.folder}: cannot run in a browser: {'; '.join(faults)}; leave out --web."
        )


def _tokenizer(tokenizer: Tokenizer) -> dict[str, Any]:
    content = json.loads(tokenizer.to_json())
    pieces = content["pieces"]
    merges = [
        one.split(" ") if isinstance(one, str) else one for one in pieces["model"].get("merges", [])
    ]
    return {
        "normaliser": content["normaliser"],
        "cut": _CUTS[_pattern(pieces)],
        "model": pieces["model"]["type"],
        "tokens": tokenizer.tokens(range(tokenizer.vocab_size)),
        "merges": merges,
    }


def _pieces(tokenizer: Tokenizer) -> dict[str, Any]:
    return json.loads(tokenizer.to_json())["pieces"]


def _pattern(pieces: Mapping[str, Any]) -> str:
    return str((pieces.get("pre_tokenizer") or {}).get("pattern", {}).get("Regex"))
