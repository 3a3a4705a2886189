"""``dragoman calibrate``: how sure a model is of itself, fitted to pairs that it has not learned from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.options import AsJson, Beam, ModelFolder, Plugins, open_model, print_json
from dragoman.errors import InputError

if TYPE_CHECKING:
    from dragoman.config import CalibrationConfig


def calibrate(
    model: ModelFolder,
    dev: Annotated[
        Path,
        typer.Argument(
            metavar="DEV", help="Pairs that the model has not learned from; no test set."
        ),
    ],
    beam: Beam = None,
    as_json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Fit a model's confidence to a dev set, and note it in the model folder, or the bundle.

    What the model writes stays the same. Training does this at its end, on its own dev set.
    """
    from dragoman.evaluation.confidence import fit_calibration
    from dragoman.translator import TranslateOptions

    if not model.exists():
        raise InputError(f"{model}: no such folder; what comes with the package stays as it is.")
    opened = open_model(model, plugin)
    pairs = opened.read(dev).pairs
    options = TranslateOptions(beam, attention=False)
    found = fit_calibration(opened.translator, pairs, opened.task.measure, options)
    _note(model, found)
    if as_json:
        print_json(found.model_dump())
    else:
        weights = ", ".join(f"{one:.3f}" for one in found.weights)
        typer.echo(
            f"temperature {found.temperature:.3f}; an output's confidence foretells its {found.measure} "
            f"(weights {weights}; {found.num_outputs:,} outputs)"
        )


def _note(model: Path, found: CalibrationConfig) -> None:
    """Write a calibration into the settings of a model folder or a bundle, whole or not at all."""
    import tomli_w

    from dragoman.runtime.bundle import CONFIG, is_bundle

    path = model / (CONFIG if is_bundle(model) else "resolved.toml")
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    raw["calibration"] = found.model_dump()
    beside = path.with_suffix(".part")
    try:
        beside.write_text(tomli_w.dumps(raw), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}).") from None
