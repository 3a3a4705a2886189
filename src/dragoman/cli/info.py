"""``dragoman info``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import AsJson, Plugins, load_plugins


def info(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    as_json: AsJson = False,
    plugin: Plugins = None,
) -> None:
    """Say what a model is and how it was made."""
    load_plugins(plugin)
    from dragoman.api import load
    from dragoman.config import dump_config

    loaded = load(model)
    facts = loaded.info()
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    typer.echo(f"{facts['folder']}: {facts['model']}")
    typer.echo(
        f"{facts['num_weights']:,} weights, {facts['num_bytes'] / 1e6:.1f} MB with its tokenizers"
    )
    typer.echo(
        f"{facts['src_vocab_size']:,} source tokens, {facts['tgt_vocab_size']:,} target tokens\n"
    )
    typer.echo(dump_config(loaded.config).rstrip())
