"""``dragoman export``: a trained model -> a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import Data, ModelFolder, Plugins, load_plugins


def export(
    model: ModelFolder,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The bundle to make, or to replace.")
    ],
    int8: Annotated[
        bool, typer.Option("--int8", help="8-bit weights: a quarter of the size, and faster.")
    ] = False,
    shortlist: Annotated[
        bool,
        typer.Option(
            "--shortlist",
            help="Weigh only the words that the training pairs suggest for a source: faster.",
        ),
    ] = False,
    data: Data = None,
    plugin: Plugins = None,
) -> None:
    """Turn a model folder into a bundle: ONNX graphs, tokenizers and settings, which run without torch.

    A shortlist is learned from the training pairs, so these must still be there; name their folder with --data.

    `translate`, `evaluate`, `info` and `bench` take a bundle where they take a model folder.
    """
    load_plugins(plugin)
    from dragoman.api import export_bundle

    if shortlist:
        from dragoman.cli.train import check_data
        from dragoman.training.folder import load_config_of

        check_data(load_config_of(model), data or Path(), str(model))
    export_bundle(model, to, int8=int8, shortlist=shortlist, data=data)
    size = sum(path.stat().st_size for path in to.iterdir() if path.is_file())
    kind = "int8" if int8 else "float32"
    typer.echo(f"{to}: {size / 1e6:.1f} MB, {kind}{', with a shortlist' if shortlist else ''}")
