"""``dragoman translate``."""

from __future__ import annotations

import codecs
import contextlib
import json
import sys
import time
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TextIO

import typer

from dragoman.cli.options import Encoding, Plugins, load_plugins

if TYPE_CHECKING:
    from dragoman.api import Model
    from dragoman.translator import TranslateOptions, Translation

# Lines translated at a time: enough to sort by length, few enough that output comes early.
_CHUNK = 1000


def translate(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    text: Annotated[
        list[str] | None, typer.Argument(help="Sentences; else standard input, a line each.")
    ] = None,
    beam: Annotated[int | None, typer.Option(help="Hypotheses kept; 1 is greedy.")] = None,
    nbest: Annotated[int, typer.Option(help="How many outputs a sentence.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    input_: Annotated[Path | None, typer.Option("--input", help="Read this file.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Write this file.")] = None,
    length_penalty: Annotated[float | None, typer.Option(help="Exponent of the length.")] = None,
    coverage_penalty: Annotated[
        float | None, typer.Option(help="Weight of the coverage penalty.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(help="Most tokens of an output.")] = None,
    no_repeat: Annotated[
        int, typer.Option(help="Never so many tokens in a row twice; 0 allows.")
    ] = 0,
    sample: Annotated[bool, typer.Option("--sample", help="Draw instead of searching.")] = False,
    temperature: Annotated[
        float, typer.Option(help="With --sample: below 1 the likely become likelier.")
    ] = 1.0,
    top_k: Annotated[
        int, typer.Option(help="With --sample: only the k likeliest; 0 leaves all.")
    ] = 0,
    top_p: Annotated[
        float, typer.Option(help="With --sample: only the likeliest that reach this share.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="With --sample: fixes the draws.")] = 1,
    encoding: Encoding = "utf-8",
    plugin: Plugins = None,
) -> None:
    """Translate, a line each; with --nbest: number, score and text between tabs."""
    load_plugins(plugin)
    from dragoman.api import load
    from dragoman.errors import InputError
    from dragoman.search.sampling import SamplingOptions
    from dragoman.translator import TranslateOptions

    if text and input_ is not None:
        raise InputError("sentences and --input are both given; expected one of them.")
    options = TranslateOptions(
        beam_size=beam,
        nbest=nbest,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        max_length=max_length,
        no_repeat=no_repeat,
        sampling=SamplingOptions(temperature, top_k, top_p, seed) if sample else None,
        attention=as_json,
    )
    loaded = load(model)
    if not text and input_ is None and output is None and sys.stdin.isatty():
        _converse(loaded, options, as_json)
        return
    with _writer(output) as out, _reader(input_) as source:
        lines = iter(text) if text else _lines(source, encoding, str(input_ or "standard input"))
        _translate_lines(loaded, lines, options, out, as_json)


def _translate_lines(
    model: Model, lines: Iterator[str], options: TranslateOptions, out: TextIO, as_json: bool
) -> None:
    number, began = 0, time.monotonic()
    while chunk := list(islice(lines, _CHUNK)):
        for found in model.translate(chunk, options):
            number += 1
            out.write(_format(number, found, options.nbest, as_json))
        out.flush()
        if sys.stderr.isatty():
            rate = number / (time.monotonic() - began)
            print(f"\r{number:,} sentences, {rate:,.0f}/s ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty() and number:
        print(file=sys.stderr)


def _format(number: int, found: Translation, nbest: int, as_json: bool) -> str:
    if as_json:
        return json.dumps(found.to_dict(), ensure_ascii=False) + "\n"
    if nbest == 1:
        return f"{found.text}\n"
    return "".join(
        f"{number}\t{one.score:.4f}\t{one.text}\n" for one in (found, *found.alternatives)
    )


def _converse(model: Model, options: TranslateOptions, as_json: bool) -> None:
    """Translate what is typed, until Ctrl-D."""
    print("Type a sentence; Ctrl-D ends.", file=sys.stderr)
    number = 0
    while True:
        print("> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            print(file=sys.stderr)
            return
        number += 1
        typer.echo(
            _format(number, model.translate(line, options), options.nbest, as_json), nl=False
        )


def _lines(source: BinaryIO, encoding: str, name: str) -> Iterator[str]:
    """Read lines, which only a newline ends, so that output stays aligned with input."""
    from dragoman.errors import InputError

    try:
        codecs.lookup(encoding)
    except LookupError:
        raise InputError(
            f"--encoding {encoding}: no such encoding; expected utf-8, cp949, ..."
        ) from None
    for number, line in enumerate(source, start=1):
        try:
            yield line.decode(encoding).removeprefix("\ufeff" if number == 1 else "").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}:{number}: not {encoding} (byte 0x{line[error.start]:02x}); say how it is encoded with "
                "--encoding, such as cp949."
            ) from None


@contextlib.contextmanager
def _reader(path: Path | None) -> Generator[BinaryIO]:
    if path is None:
        yield sys.stdin.buffer
        return
    with path.open("rb") as file:
        yield file


@contextlib.contextmanager
def _writer(path: Path | None) -> Generator[TextIO]:
    """Write to standard output, or to a file that appears only when it is whole."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
