"""``dragoman evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dragoman.cli.options import AsJson, Columns, Encoding, Plugins, load_plugins, split_columns


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    test: Annotated[list[Path], typer.Argument(help="A file of pairs, or two parallel files.")],
    beam: Annotated[int | None, typer.Option(help="Hypotheses kept; 1 is greedy.")] = None,
    bleu_tokenize: Annotated[
        str, typer.Option(help="13a, none (tokenised text), char, zh, intl.")
    ] = "13a",
    bootstrap: Annotated[bool, typer.Option(help="Compute 95 % intervals.")] = True,
    columns: Columns = None,
    encoding: Encoding = "utf-8",
    output: Annotated[
        Path | None, typer.Option(help="Write the translations to this file.")
    ] = None,
    plugin: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Translate a test set and score it; several lines of one source are its references."""
    load_plugins(plugin)
    from dragoman.api import load
    from dragoman.data.corpus import ReadOptions, read_corpus
    from dragoman.errors import InputError
    from dragoman.evaluation.report import EvaluationOptions
    from dragoman.translator import TranslateOptions

    if len(test) > 2:
        raise InputError(f"{len(test)} test files given; expected one, or two parallel ones.")
    known = ("13a", "none", "char", "zh", "intl")
    if bleu_tokenize not in known:
        raise InputError(f"--bleu-tokenize {bleu_tokenize}: expected one of {', '.join(known)}.")
    where = test[0] if len(test) == 1 else (test[0], test[1])
    pairs = read_corpus(where, ReadOptions(encoding, split_columns(columns))).pairs
    how = EvaluationOptions(num_samples=1000 if bootstrap else 0, bleu_tokenizer=bleu_tokenize)
    loaded = load(model)
    outputs, result = loaded.evaluate_with_outputs(
        pairs, TranslateOptions(beam_size=beam, attention=False), how
    )
    if output is not None:
        output.write_text("".join(f"{line}\n" for line in outputs), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(result.to_dict(), ensure_ascii=False))
        return
    from rich.console import Console

    Console(soft_wrap=True).print(result.table())
