"""``dragoman bulk``: files of any size, through workers on Ray."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.guard import say
from dragoman.cli.options import (
    AnyModel,
    AsJson,
    Beam,
    CoveragePenalty,
    LengthPenalty,
    MaxLength,
    MinLength,
    NoRepeat,
    Quiet,
    print_json,
)

if TYPE_CHECKING:
    from dragoman.scale.bulk import Order, Standing

_EVERY_S = 10.0


Source = Annotated[
    str,
    typer.Option(
        "--input",
        metavar="FILES",
        help="Parquet, JSONL or text, a path or an address such as s3://bucket/in/*.parquet; in quotes.",
    ),
]
Output = Annotated[
    str, typer.Option("--output", metavar="DIR", help="The folder to write, or to go on with.")
]
Column = Annotated[
    str, typer.Option(metavar="NAME", help="What to translate, in Parquet and JSONL.")
]
Name = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="Of the new column; NAME_score and NAME_error stand beside it."
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", help="parquet, jsonl or text; as the input unless given."
    ),
]
NBest = Annotated[
    int, typer.Option(metavar="N", help="Also a column NAME_nbest with so many outputs.")
]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="How many at once; one a core unless given."),
]
Address = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Of a Ray cluster; without, this machine alone."),
]
ShardRows = Annotated[int, typer.Option(metavar="N", min=1, help="Rows of an output file.")]
Restart = Annotated[
    bool, typer.Option("--restart", help="Throw away what --output holds of an earlier run.")
]


def bulk(
    model: AnyModel,
    source: Source,
    output: Output,
    column: Column = "text",
    name: Name = "translation",
    form: Format = None,
    beam: Beam = None,
    nbest: NBest = 1,
    length_penalty: LengthPenalty = None,
    coverage_penalty: CoveragePenalty = None,
    max_length: MaxLength = None,
    min_length: MinLength = None,
    no_repeat: NoRepeat = None,
    workers: Workers = None,
    address: Address = None,
    shard_rows: ShardRows = 10_000,
    restart: Restart = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Translate files with workers on every core, or on a Ray cluster; go on where an earlier run stopped.

    Outputs keep the order and the columns of the rows, and number them. A row that cannot be translated has an error
    in a column of its own.
    """
    from dragoman.scale.bulk import Order
    from dragoman.translator import TranslateOptions
    from dragoman.zoo import shipped

    options = TranslateOptions(
        beam_size=beam,
        nbest=nbest,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        max_length=max_length,
        min_length=min_length,
        no_repeat=no_repeat,
        attention=False,
    )
    folder = model if model.exists() else shipped(str(model)) or model
    order = Order(
        folder,
        source,
        output,
        column,
        options,
        name=name,
        form=form,
        shard_rows=shard_rows,
        workers=workers,
        address=address,
        restart=restart,
    )
    found = _carry_out(order, quiet=quiet)
    if as_json:
        print_json(asdict(found))


def _carry_out(order: Order, *, quiet: bool) -> Standing:
    """Translate, and say how far it is."""
    from dragoman.loading import load
    from dragoman.scale.bulk import translate_files

    progress = _Progress(sys.stderr.isatty())
    with _interruptible() as look:

        def tell(standing: Standing) -> None:
            look()
            if not quiet:
                progress.tell(standing)

        found = translate_files(order, load, tell)
    if not quiet:
        progress.end(found, order.out)
    return found


@contextmanager
def _interruptible() -> Generator[Callable[[], None]]:
    """Remember Ctrl-C: where it falls into a finalizer of Ray's, Python drops the exception and goes on.

    Yields:
        What raises KeyboardInterrupt if it was pressed.
    """
    pressed = False

    def press(signum: int, frame: object) -> None:
        nonlocal pressed
        del signum, frame
        pressed = True
        raise KeyboardInterrupt

    def look() -> None:
        if pressed:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    # Ctrl-C stays ignored where a script has put the program in the background.
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, press)
    try:
        yield look
    finally:
        signal.signal(signal.SIGINT, before)


class _Progress:
    """A live line on a terminal, and a plain one every ten seconds elsewhere."""

    def __init__(self, live: bool) -> None:
        self.live, self.told_at = live, 0.0

    def tell(self, standing: Standing) -> None:
        """Say how far it is."""
        now = time.monotonic()
        if not self.live and now - self.told_at < _EVERY_S:
            return
        self.told_at = now
        line = f"{standing.rows:,} of {standing.total:,} rows, {standing.shards} of {standing.num_shards} shards"
        if standing.left_s is not None:
            line += f", {standing.rate:,.0f} rows a second, {_time(standing.left_s)} left"
        if self.live:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
        else:
            say(line)

    def end(self, found: Standing, out: str) -> None:
        """Say what came of it."""
        if self.live:
            say()
        skipped = f", {found.skipped:,} of them by an earlier run" if found.skipped else ""
        say(f"{found.rows:,} rows in {found.num_shards} files in {out}{skipped}.")
        if found.errors:
            say(f"warning: {found.errors:,} rows have an error.")


def _time(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
