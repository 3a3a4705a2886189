"""The demo: two models learn English -> French on the corpus that ships, and show what they do."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from dragoman.api import TrainOptions, train
from dragoman.config import Config, build_config
from dragoman.data import phrasebook
from dragoman.data.corpus import Pair, group_references
from dragoman.errors import ConfigError
from dragoman.inspection.page import render_html
from dragoman.inspection.plots import plot_attention
from dragoman.model import Model
from dragoman.training.callbacks import ProgressLine, clock_time
from dragoman.translator import TranslateOptions

SENTENCE = "I am a student"
_MARK = ".dragoman-demo"
_SHARED: dict[str, Any] = {
    "data": {"train": "phrasebook-en-fr"},
    "text": {"tokenizer": "word", "lowercase": True, "final_stop": "drop"},
    "training": {"batch_tokens": 200, "learning_rate": 0.005, "ema_decay": 0.998},
}
_SIZES: dict[str, Any] = {"embedding_size": 128, "hidden_size": 256, "dropout": 0.0}


@dataclass(frozen=True)
class Lesson:
    """One of the demo's models: recipes/NAME.toml, with its time cut to fit."""

    name: str
    title: str
    model: dict[str, Any]
    minutes: float

    def config(self) -> Config:
        """Return its recipe."""
        return build_config(_SHARED | {"model": _SIZES | self.model})


LESSONS = (
    Lesson(
        "plain",
        "1. The plain model: the whole sentence must pass through one context vector",
        {"bidirectional": False, "reverse_source": True, "bridge": "copy", "attention": "none"},
        # It learns far more slowly than the other.
        3.0,
    ),
    Lesson(
        "attention",
        "2. The attention model: each step looks back over the source",
        {"bidirectional": True, "bridge": "dense", "attention": "general", "generator": "tied"},
        1.5,
    ),
)


def run_demo(out: Path, *, quick: bool = False) -> None:
    """Train the two models, show held-out sentences, and write traces, curves and an attention picture.

    Args:
        out: A folder for everything; an earlier demo's is replaced.
        quick: Train for seconds only, to see that everything works.

    Raises:
        ConfigError: The folder holds something else.
    """
    began = time.monotonic()
    console = Console(highlight=False)
    _clear(out)
    test = group_references(Pair(*pair) for pair in phrasebook.pairs("en", "fr", "test"))
    for lesson in LESSONS:
        console.rule(lesson.title)
        minutes = 0.1 if quick else lesson.minutes
        options = TrainOptions(minutes=minutes, callbacks=[ProgressLine(lesson.name)])
        model = train(lesson.config(), out / lesson.name, options)
        _show(model, test, console)
        _draw(model, out / lesson.name)
    console.rule(f"Done in {clock_time(time.monotonic() - began)}")
    _say_what_next(out, console)


def _clear(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        raise ConfigError(
            f"{out}: exists and is not an earlier demo's; choose another folder with --out."
        )
    for lesson in LESSONS:
        shutil.rmtree(out / lesson.name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()


def _show(model: Model, test: list[tuple[str, list[str]]], console: Console) -> None:
    """Translate sentences that were held out of training, and score all of them."""
    table = Table("held-out sentence", "the model's French", "right?", box=None, pad_edge=False)
    shown = test[:: max(1, len(test) // 6)][:6]
    plain = TranslateOptions(attention=False)
    outputs = model.translate([source for source, _ in shown], plain)
    for (source, references), found in zip(shown, outputs, strict=True):
        right = found.text in {model.as_written(reference) for reference in references}
        table.add_row(
            source, found.text, "[green]yes[/]" if right else f"[red]no[/]: {references[0]}"
        )
    console.print(table)
    result = model.evaluate(
        ((source, reference) for source, refs in test for reference in refs), plain
    )
    exact, bleu = result.scores["exact_match"], result.scores["bleu"]
    console.print(
        f"[bold]{exact.score:.1f} %[/] of {len(test)} held-out sentences exactly right, BLEU {bleu.score:.1f}  "
        f"[dim]({bleu.signature})[/]"
    )
    for variant in (SENTENCE, f"{SENTENCE}.", SENTENCE.upper()):
        console.print(f"  {variant}  ->  [bold]{model.translate(variant, plain).text}[/]")


def _draw(model: Model, folder: Path) -> None:
    trace = model.trace(SENTENCE)
    (folder / "trace.html").write_text(
        render_html(trace, f"{SENTENCE} · {folder.name}"), encoding="utf-8"
    )
    if trace.has_attention:
        plot_attention(
            model.trace(phrasebook.pairs("en", "fr", "test")[0][0]), folder / "attention.png"
        )


def _say_what_next(out: Path, console: Console) -> None:
    lines = (
        (
            "see every step of",
            f"{out}/plain/trace.html and {out}/attention/trace.html (open in a browser)",
        ),
        (
            "see how they learned",
            f"{out}/attention/curves.png; where it looks: {out}/attention/attention.png",
        ),
        ("translate your own", f"dragoman translate {out}/attention"),
        (
            "train on your own",
            "dragoman train pairs.tsv --out models/my    (lines of source<TAB>target)",
        ),
    )
    for what, how in lines:
        console.print(f"  {what:<22}{how}", soft_wrap=True)
    console.print("  [dim]dragoman is in .venv/bin unless you have activated the environment[/]")
