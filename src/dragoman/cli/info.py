"""``dragoman info``: what a model folder holds."""

from __future__ import annotations

import typer

from dragoman.cli.options import AnyModel, AsJson, Plugins, open_model, print_json


def info(model: AnyModel, as_json: AsJson = False, plugin: Plugins = None) -> None:
    """Say what a model is, and how it was made."""
    ready = open_model(model, plugin)
    found = ready.info()
    if as_json:
        print_json(found)
        return
    from dragoman.config import dump_config

    typer.echo(f"{found['folder']}: {found['model']}")
    typer.echo(f"{found['num_weights']:,} weights, {found['num_bytes'] / 1e6:.1f} MB in all")
    typer.echo(f"{found['src_vocab_size']:,} source and {found['tgt_vocab_size']:,} target tokens")
    # What a --minutes run read from its clock is for machines.
    training = ready.config.training.model_copy(update={"progress": None})
    shown = ready.config.model_copy(update={"training": training})
    typer.echo(f"\n{dump_config(shown).rstrip()}")
