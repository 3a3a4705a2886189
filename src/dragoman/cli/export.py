"""``dragoman export``: a trained model -> a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import ModelFolder, Plugins, load_plugins


def export(
    model: ModelFolder,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The bundle to make, or to replace.")
    ],
    int8: Annotated[
        bool, typer.Option("--int8", help="8-bit weights: a quarter of the size, and faster.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Turn a model folder into a bundle: ONNX graphs, tokenizers and settings, which run without torch.

    `translate`, `evaluate`, `info` and `bench` take a bundle where they take a model folder.
    """
    load_plugins(plugin)
    from dragoman.api import export_bundle

    export_bundle(model, to, int8=int8)
    size = sum(path.stat().st_size for path in to.iterdir() if path.is_file())
    typer.echo(f"{to}: {size / 1e6:.1f} MB, {'int8' if int8 else 'float32'}")
