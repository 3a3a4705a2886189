"""``dragoman translate``: lines in, lines out."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.guard import say
from dragoman.cli.lines import Unreadable, opened, read_chunks, write_lines
from dragoman.cli.options import (
    Alphabet,
    AnyModel,
    Beam,
    CoveragePenalty,
    LengthPenalty,
    Lexicon,
    MaxLength,
    Mbr,
    MinLength,
    NoRepeat,
    Pattern,
    Plugins,
    Sharpness,
    With,
    chooser,
    constraints_of,
    open_model,
    widened,
)
from dragoman.errors import InputError
from dragoman.text.neighbours import Around, windows

if TYPE_CHECKING:
    from dragoman.evaluation.risk import LeastRisk
    from dragoman.model import Model
    from dragoman.translator import TranslateOptions, Translation


@dataclass(frozen=True)
class _Layout:
    """How translations are written: as JSON lines, as the n best, or plain; and whether to say how far we are."""

    as_json: bool
    nbest: bool
    watching: bool

    def lines(self, number: int, found: Translation) -> list[str]:
        """Write what was made of the input's line of this number, counted from 1."""
        if self.as_json:
            return [json.dumps({"line": number, **found.to_dict()}, ensure_ascii=False)]
        if not self.nbest:
            return [_one_line(found.text)]
        return [
            f"{number}\t{one.score:.4f}\t{_one_line(one.text)}"
            for one in (found, *found.alternatives)
        ]


Text = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT", help="Sentences; without any, the lines of stdin."),
]
Source = Annotated[
    Path | None, typer.Option("--input", metavar="FILE", help="Read lines from here.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Write here, whole or not at all."),
]
NBest = Annotated[
    int, typer.Option(metavar="N", help="Outputs a line, each as NUMBER<TAB>SCORE<TAB>TEXT.")
]
JsonLines = Annotated[
    bool, typer.Option("--json", help="One JSON object a line, with tokens and attention.")
]
Prefix = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What every output must begin with.")
]
Sample = Annotated[
    bool, typer.Option("--sample", help="Draw outputs by their probability; no search.")
]
Temperature = Annotated[
    float | None, typer.Option(metavar="X", help="With --sample: below 1, the likely likelier.")
]
TopK = Annotated[
    int | None, typer.Option(metavar="K", help="With --sample: only the K likeliest tokens.")
]
TopP = Annotated[
    float | None,
    typer.Option(metavar="P", help="With --sample: the likeliest that reach P together."),
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="With --sample: fixes the draws.")]
MinConfidence = Annotated[
    float | None,
    typer.Option(
        metavar="P",
        help="Give an empty line where the model is less sure, from 0 to 1; the count is said at the end.",
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(metavar="N", help="With --mbr: among N draws, in place of the beam's outputs."),
]
InputEncoding = Annotated[
    str, typer.Option(metavar="NAME", help="Of the input; the output is UTF-8.")
]


def translate(
    model: AnyModel,
    text: Text = None,
    source: Source = None,
    output: Output = None,
    beam: Beam = None,
    nbest: NBest = 1,
    as_json: JsonLines = False,
    length_penalty: LengthPenalty = None,
    coverage_penalty: CoveragePenalty = None,
    max_length: MaxLength = None,
    min_length: MinLength = None,
    no_repeat: NoRepeat = None,
    prefix: Prefix = None,
    sample: Sample = False,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    seed: Seed = None,
    min_confidence: MinConfidence = None,
    mbr: Mbr = None,
    samples: Samples = None,
    sharpness: Sharpness = None,
    encoding: InputEncoding = "utf-8",
    others: With = None,
    alphabet: Alphabet = None,
    pattern: Pattern = None,
    lexicon: Lexicon = None,
    plugin: Plugins = None,
) -> None:
    """Translate sentences, a file, or what comes through a pipe; on a terminal, ask for lines.

    Each line of the input gives one line of the output, an empty one an empty one; nothing else is written to
    stdout. Only line feeds end lines. A line that is no text gives an empty one, and an error at the end.
    """
    from dragoman.translator import TranslateOptions

    draw = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    options = TranslateOptions(
        beam_size=beam,
        nbest=nbest,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        max_length=max_length,
        min_length=min_length,
        no_repeat=no_repeat,
        sampling=_sampling(sample or samples is not None, draw),
        attention=as_json,
        confidence=as_json,
        min_confidence=min_confidence,
    )
    choose = chooser(mbr, samples, nbest, sharpness)
    with _input(text, source, encoding) as chunks:
        ready = open_model(model, plugin, others)
        options = replace(options, constraints=constraints_of(ready, alphabet, pattern, lexicon))
        options = widened(options, choose, samples or beam or ready.config.search.beam_size)
        asking = not text and source is None and sys.stdin.isatty()
        layout = _Layout(as_json, nbest > 1, _is_watched(asking, output))
        lines = _ask(f"{model}: {ready.describe()}", encoding) if asking else chunks
        _run(ready, lines, (options, prefix and _from_shell(prefix), choose), (layout, output))


def _is_watched(asking: bool, output: Path | None) -> bool:
    """Say whether a line of progress would be seen, and not among translations."""
    seen = output is None and sys.stdout.isatty()
    return sys.stderr.isatty() and not (asking or seen)


def _run(
    model: Model,
    chunks: Iterable[Sequence[str]],
    how: tuple[TranslateOptions, str | None, LeastRisk | None],
    where: tuple[_Layout, Path | None],
) -> None:
    """Translate chunk by chunk, each written before the next is read."""
    (options, prefix, choose), (layout, output) = how, where
    began, number, num_cut, num_empty = time.monotonic(), 0, 0, 0
    with opened(output) as out:
        for chunk, around in _with_around(chunks, model.config.model.context_words):
            prefixes = None if prefix is None else [prefix] * len(chunk)
            drawing = options.sampling and replace(options.sampling, first=number)
            own = replace(options, prefixes=prefixes, sampling=drawing, around=around)
            found = model.translate(chunk, own)
            found = found if choose is None else [choose(one) for one in found]
            for turn, one in enumerate(found, number + 1):
                write_lines(out, layout.lines(turn, one))
            out.flush()
            number += len(chunk)
            num_cut += sum(one.num_cut > 0 for one in found)
            num_empty += sum(one.abstained for one in found)
            if layout.watching:
                speed = number / (time.monotonic() - began)
                sys.stderr.write(f"\r\x1b[K{number:,} lines, {speed:,.0f} a second")
                sys.stderr.flush()
    if layout.watching:
        say()
    if options.min_confidence is not None:
        say(
            f"{num_empty:,} of {number:,} lines left empty: the model's confidence in them is under "
            f"{options.min_confidence:g}."
        )
    if num_cut:
        say(
            f"warning: {num_cut:,} of {number:,} lines are longer than the {model.config.data.max_src_length} tokens "
            "that this model reads; the rest of them was not read."
        )


def _with_around(
    chunks: Iterable[Sequence[str]], most: int
) -> Iterator[tuple[Sequence[str], Sequence[Around] | None]]:
    """Give lines with what stands around them, if the model reads that; what a person is asked for stands alone."""
    if not most:
        return ((chunk, None) for chunk in chunks)
    return iter(windows(chunks, most))


@contextmanager
def _input(
    text: list[str] | None, source: Path | None, encoding: str
) -> Generator[Iterator[list[str]]]:
    """Find where the input comes from; a missing file is told before a model is loaded.

    What could not be read is told at the end: what could be is translated and written by then.
    """
    unreadable = Unreadable("standard input" if source is None else str(source), encoding)
    if text and source:
        raise InputError("TEXT and --input were both given; choose one.")
    if text:
        yield iter([[_from_shell(one).replace("\n", " ") for one in text]])
        return
    if source is None:
        yield read_chunks(sys.stdin.buffer, unreadable)
        unreadable.check()
        return
    try:
        file = source.open("rb")
    except FileNotFoundError:
        raise InputError(
            f"{source}: no such file; --input names one with a sentence a line."
        ) from None
    except IsADirectoryError:
        raise InputError(f"{source}: is a folder; --input names a file.") from None
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror}).") from None
    with file:
        yield read_chunks(file, unreadable)
    unreadable.check()


def _sampling(sample: bool, draw: dict[str, Any]) -> Any:
    """Make options of what was given, which has no meaning without ``--sample``."""
    from dragoman.search.sampling import SamplingOptions

    given = {name: value for name, value in draw.items() if value is not None}
    if given and not sample:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise InputError(f"{names}: without --sample nothing is drawn; add it.")
    return SamplingOptions(**given) if sample else None


def _ask(who: str, encoding: str) -> Iterator[list[str]]:
    """Ask for a line at a time; the prompt goes to stderr."""
    say(f"{who}. A sentence a line; Ctrl-D ends.")
    while True:
        sys.stderr.write("> ")
        sys.stderr.flush()
        line = sys.stdin.buffer.readline()
        if not line:
            say()
            return
        yield [line.decode(encoding, "replace").rstrip("\r\n")]


def _from_shell(text: str) -> str:
    """Read an argument as UTF-8, whatever locale the shell has."""
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        raise InputError(
            "a sentence on the command line is not UTF-8; put it into a file, and use --input."
        ) from None


def _one_line(text: str) -> str:
    return text.replace("\n", " ")
