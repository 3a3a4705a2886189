"""``dragoman export``: a trained model -> a bundle, and a folder that runs it in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import Data, ModelFolder, Plugins, load_plugins
from dragoman.errors import ExportError


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
            help="Weigh only the words that the training pairs suggest for a source: for large vocabularies.",
        ),
    ] = False,
    data: Data = None,
    web: Annotated[
        bool,
        typer.Option(
            "--web", help="Also DIR/web: a page that runs the bundle in a browser, offline."
        ),
    ] = False,
    web_runtime: Annotated[
        Path | None,
        typer.Option(
            "--web-runtime",
            metavar="DIR",
            help="Copy the page's runtime from here: the npm package onnxruntime-web, or its dist.",
        ),
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Turn a model folder into a bundle: ONNX graphs, tokenizers and settings, which run without torch.

    A shortlist is learned from the training pairs, so these must still be there; name their folder with --data.

    `translate`, `evaluate`, `info` and `bench` take a bundle where they take a model folder. With --web a bundle may
    be given instead of a model folder; it is copied.
    """
    if web_runtime is not None and not web:
        raise ExportError("--web-runtime is for the page; add --web.")
    if web and shortlist:
        raise ExportError("the page weighs every word; leave out --shortlist, or --web.")
    load_plugins(plugin)
    bundle = _bundle(model) if web else None
    if bundle is None:
        _export(model, to, int8=int8, shortlist=shortlist, data=data)
    elif int8 or shortlist:
        option = "--int8" if int8 else "--shortlist"
        raise ExportError(f"{model}: is a bundle already; {option} needs the model folder.")
    else:
        from dragoman.browser import copy_bundle

        copy_bundle(bundle, to)
    if web:
        _write_page(to, web_runtime)


def _export(model: Path, to: Path, *, int8: bool, shortlist: bool, data: Path | None) -> None:
    from dragoman.api import export_bundle

    if shortlist:
        from dragoman.cli.train import check_data
        from dragoman.training.folder import load_config_of

        check_data(load_config_of(model), data or Path(), str(model))
    export_bundle(model, to, int8=int8, shortlist=shortlist, data=data)
    size = sum(path.stat().st_size for path in to.iterdir() if path.is_file())
    kind = "int8" if int8 else "float32"
    typer.echo(f"{to}: {size / 1e6:.1f} MB, {kind}{', with a shortlist' if shortlist else ''}")


def _bundle(model: Path) -> Path | None:
    """Find the bundle that is named, if it is one: a folder, or one that comes with the package."""
    from dragoman.runtime.bundle import is_bundle
    from dragoman.zoo import shipped

    found = model if model.exists() else shipped(str(model))
    return found if found is not None and is_bundle(found) else None


def _write_page(to: Path, runtime: Path | None) -> None:
    from dragoman.browser import write_web

    made = write_web(to, runtime)
    typer.echo(
        f"{made.folder}: {made.num_bytes / 1e6:.1f} MB; python -m http.server --directory {made.folder}"
    )
    if not made.has_runtime:
        typer.echo(
            f"{made.folder}/ort: onnxruntime-web is still missing; export again with --web-runtime "
            "node_modules/onnxruntime-web after `npm install onnxruntime-web`."
        )
