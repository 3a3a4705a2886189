"""Two models, or what two systems wrote, on one test set: read, translated, compared, shown as tables and a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dragoman.data.corpus import Corpus, ReadOptions, group_references
from dragoman.data.files import decode_lines
from dragoman.errors import DataError, InputError
from dragoman.evaluation.comparison import (
    Change,
    CompareOptions,
    Comparison,
    Material,
    compare_outputs,
)
from dragoman.inspection.report import Line, Study, render_scores
from dragoman.inspection.sheets import Said, Sheet, render_sheets
from dragoman.loading import load
from dragoman.model import Model
from dragoman.tasks import TASKS, Task
from dragoman.translator import TranslateOptions

System = Model | Path  # a model, or the file that holds what one wrote

_FEW = 100  # sentences below which figures come with a warning
_B_LESS_A = "B \N{MINUS SIGN} A"


class Contest:
    """Two systems for the same task.

    Attributes:
        names: As they were given.
        systems: A and B.
        models: Those of them that are models.
        task: What both do; what is no model is taken to translate.
    """

    def __init__(self, first: Path, second: Path) -> None:
        """Open both.

        Args:
            first: A model folder, a bundle, or a shipped name; or a file of outputs.
            second: Another.

        Raises:
            InputError: They were taught different tasks.
            ModelError: One cannot be read.
        """
        self.names = (first, second)
        self.systems: list[System] = [
            path if path.is_file() else load(path) for path in (first, second)
        ]
        self.models = [system for system in self.systems if isinstance(system, Model)]
        tasks = [model.config.task for model in self.models]
        if len(set(tasks)) > 1:
            raise InputError(
                f"{first} is a model for {tasks[0]} and {second} for {tasks[1]}; both must do the same task."
            )
        self.task: Task = self.models[0].task if self.models else TASKS["translate"]

    def read(self, path: Path, reading: ReadOptions) -> Corpus:
        """Read pairs as the first model does, or as translations are read where there is none."""
        read = self.models[0].read if self.models else self.task.read
        return read(path, reading)

    def compare(
        self, corpus: Corpus, options: CompareOptions, beam: int | None = None
    ) -> Comparison:
        """Let both translate a test set, and compare.

        Args:
            corpus: The test set.
            options: How to compare; its training targets are raw text.
            beam: Hypotheses kept; as each model says, unless given.

        Raises:
            DataError: There are no pairs.
            InputError: A file of outputs has not one line a pair.
        """
        material, rows = _material(corpus, self.task, self._write)
        first, second = (
            [self._write(text) for text in _outputs(system, corpus, rows, beam)]
            for system in self.systems
        )
        dropped = [what for model in self.models for what in model.dropped.split(",") if what]
        note = f"texts:{','.join(dict.fromkeys(dropped))}" if dropped else ""
        train = [self._write(text) for text in options.train]
        return compare_outputs(material, first, second, replace(options, train=train, note=note))

    def _write(self, text: str) -> str:
        """Write any text as both systems could: without what either was taught to drop."""
        for model in self.models:
            text = model.as_written(text)
        return text


def _material(
    corpus: Corpus, task: Task, write: Callable[[str], str]
) -> tuple[Material, list[int]]:
    """Gather sources and references; and for each source the place of its first pair."""
    pairs = corpus.pairs
    if not pairs:
        raise DataError(f"{corpus.path}: there are no pairs to compare on; expected at least one.")
    if task.labels or task.each_line:
        grouped = [(pair.src, [pair.tgt]) for pair in pairs]
        rows = list(range(len(pairs)))
    else:
        grouped = group_references(pairs)
        places = {pair.src: row for row, pair in reversed([*enumerate(pairs)])}
        rows = [places[source] for source, _ in grouped]
    references = [[write(reference) for reference in refs] for _, refs in grouped]
    return Material([source for source, _ in grouped], references), rows


def _outputs(system: System, corpus: Corpus, rows: Sequence[int], beam: int | None) -> list[str]:
    """Translate the sources of some pairs, or take the lines that stand at their places."""
    if isinstance(system, Path):
        lines = decode_lines(str(system), system.read_bytes(), "utf-8")
        if len(lines) != len(corpus.pairs):
            raise InputError(
                f"{system}: {len(lines)} lines, but {corpus.path} has {len(corpus.pairs)} pairs that can be used; "
                "expected one output a pair."
            )
        return [lines[row] for row in rows]
    options = TranslateOptions(beam, attention=False)
    sources = dict.fromkeys(corpus.pairs[row].src for row in rows)
    made = system.translator.translate([*sources], options)
    texts = {source: one.text for source, one in zip(sources, made, strict=True)}
    return [texts[corpus.pairs[row].src] for row in rows]


def render_page(found: Comparison, options: CompareOptions, names: tuple[Path, Path]) -> str:
    """Make one page of the tables and a chart a metric."""
    rows = found.by_length
    study = Study(
        data="",
        lengths=tuple(row.words for row in rows),
        counts=tuple(row.num_sentences for row in rows),
        lines=tuple(
            Line(letter, "", name, tuple(getattr(row, side)[name] for row in rows))
            for name in found.scores
            for letter, side in (("A", "first"), ("B", "second"))
        ),
    )
    charts = [render_scores(study, name) for name in found.scores]
    sheets = [sheet.html() for sheet in sheets_of(found, options, names)]
    return render_sheets("Dragoman · compare", f"A: {names[0]} · B: {names[1]}", [*sheets, *charts])


def sheets_of(found: Comparison, options: CompareOptions, names: tuple[Path, Path]) -> list[Sheet]:
    """Lay a comparison out as tables."""
    words = Sheet(
        "by-frequency",
        Said("compare_frequencies_train" if options.train else "compare_frequencies"),
        (Said("compare_count"), Said("compare_number"), "A", "B", _B_LESS_A),
        [
            (row.frequency, f"{row.num_words:,}", *_pair(row.first, row.second))
            for row in found.by_frequency
        ],
    )
    return [
        _scores(found, options, names),
        _lengths(found),
        words,
        _changes("gains", Said("compare_gains"), found.gains),
        _changes("losses", Said("compare_losses"), found.losses),
    ]


def _pair(first: float, second: float) -> tuple[str, str, str]:
    return f"{first:.2f}", f"{second:.2f}", f"{second - first:+.2f}"


def _scores(found: Comparison, options: CompareOptions, names: tuple[Path, Path]) -> Sheet:
    interval = Said("compare_interval")
    rows = [
        (
            name,
            Said("compare_better", {"name": one.better}) if one.better else Said("compare_unclear"),
            f"{one.first.score:.2f}",
            "{:.2f} - {:.2f}".format(*one.first.interval or ()),
            f"{one.second.score:.2f}",
            "{:.2f} - {:.2f}".format(*one.second.interval or ()),
            f"{one.difference:+.2f}",
            "{:+.2f}, {:+.2f}".format(*one.interval),
            f"{one.second_wins:.1%}",
            f"{one.p_value:.3f}",
        )
        for name, one in found.scores.items()
    ]
    size = found.num_sentences
    notes = [Said("compare_alike", {"n": f"{size:,}", "same": f"{found.num_same:,}"})]
    notes += [Said("compare_few", {"n": str(size)})] if size < _FEW else []
    drawn = {"samples": f"{options.num_samples:,}", "seed": str(options.seed)}
    notes.append(Said("compare_bootstrap", drawn))
    return Sheet(
        "scores",
        Said("compare_scores", {"a": str(names[0]), "b": str(names[1])}),
        (
            Said("compare_metric"),
            Said("compare_verdict"),
            *("A", interval, "B", interval),
            *(_B_LESS_A, interval),
            *(Said("compare_wins"), "p"),
        ),
        rows,
        num_texts=2,
        notes=(*notes, *(f"{name}: {one.first.signature}" for name, one in found.scores.items())),
    )


def _lengths(found: Comparison) -> Sheet:
    headings = ("compare_metric", "compare_words", "compare_sentences")
    return Sheet(
        "by-length",
        Said("compare_lengths"),
        (*map(Said, headings), "A", "B", _B_LESS_A),
        [
            (name, row.words, f"{row.num_sentences:,}", *_pair(row.first[name], row.second[name]))
            for name in found.scores
            for row in found.by_length
        ],
    )


def _changes(name: str, title: Said, changes: Sequence[Change]) -> Sheet:
    headings = ("compare_source", "compare_reference")
    return Sheet(
        name,
        title,
        (*map(Said, headings), "A", "B", "chrF"),
        [
            (one.source, " / ".join(one.references), one.first, one.second, f"{one.gain:+.1f}")
            for one in changes
        ],
        num_texts=4,
        notes=() if changes else (Said("compare_none"),),
    )
