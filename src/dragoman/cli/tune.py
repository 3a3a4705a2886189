"""``dragoman tune``: try settings, and keep the best ones as a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.guard import say
from dragoman.cli.options import AsJson, Data, Plugins, load_plugins, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.tuning import Tried


Pairs = Annotated[
    list[str],
    typer.Argument(metavar="PAIRS", help="A recipe (.toml), a file of pairs, or two."),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The study's folder, new or begun.")]
Minutes = Annotated[
    float | None, typer.Option(metavar="N", help="Time for all trials, each an equal share.")
]
Trials = Annotated[
    int, typer.Option(metavar="N", min=1, help="Trials of the study, pruned ones included.")
]
Space = Annotated[
    list[str] | None,
    typer.Option(
        "--space",
        metavar="KEY=LOW:HIGH[:log]",
        help="What to try instead: a range, or KEY=ONE,TWO,THREE; may be repeated.",
    ),
]
Task = Annotated[
    str, typer.Option(metavar="NAME", help="What the pairs are, where no recipe says it.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="What all trials have; may be repeated."),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Fixes what is drawn.")]


def tune(
    pairs: Pairs,
    out: Out,
    minutes: Minutes = None,
    trials: Trials = 20,
    space: Space = None,
    task: Task = "translate",
    data: Data = None,
    settings: Settings = None,
    seed: Seed = 1,
    plugin: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Train many times with other settings, end hopeless trials early, and write the best as best.toml.

    Ctrl-C stops; the same command goes on with the study that --out holds.
    """
    load_plugins(plugin)
    from dragoman.api import Parallel, TrainOptions
    from dragoman.cli.stop import stopping
    from dragoman.tuning import BEST, PLOT, SPACE, TuneOptions, parse_space
    from dragoman.tuning import tune as run

    source = pairs[0] if len(pairs) == 1 else Parallel(pairs[0], pairs[1])
    with stopping([]) as watched:
        how = TrainOptions(data, settings or (), task=task, callbacks=watched)
        options = TuneOptions(
            out, trials, minutes, parse_space(space) if space else SPACE, seed, how, say
        )
        try:
            found = run(source, options)
        except KeyboardInterrupt:
            say(f"stopped; the same command goes on with the study in {out}/.")
            raise typer.Exit(130) from None
    if as_json:
        print_json([vars(one) for one in found])
    else:
        _print(found)
    scored = [(one.number, one.score) for one in found if one.score is not None]
    if scored:
        from dragoman.inspection.plots import plot_trials

        plot_trials(scored, out / PLOT)
        say(f"the best: {out / BEST}, a recipe for `dragoman train`; drawn: {out / PLOT}")


def _print(found: Sequence[Tried]) -> None:
    from rich.console import Console
    from rich.table import Table

    keys = list(dict.fromkeys(key for one in found for key in one.settings))
    table = Table("trial", "dev", "state", *keys, title="Trials, the best first")
    for one in found:
        values = [f"{one.settings.get(key, '')}"[:8] for key in keys]
        score = "" if one.score is None else f"{one.score:.2f}"
        table.add_row(str(one.number), score, one.state, *values)
    Console(width=200, highlight=False).print(table)
