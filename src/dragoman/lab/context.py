"""The classical finding in one command: what a fixed context vector loses on long sentences, and attention does not.

Accuracy by source length (Cho et al. 2014, arXiv:1409.1259, figure 4; Bahdanau et al. 2015, arXiv:1409.0473, figure 2),
and the gap between teacher-forced and free-running accuracy, as a page with the numbers behind every plot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dragoman.data.corpus import Pair
from dragoman.errors import DataError, InputError
from dragoman.evaluation.report import EvaluationOptions
from dragoman.inspection.exposure import expose
from dragoman.inspection.report import Line, Study, render_report
from dragoman.model import Model

_NARROW, _WIDE, _WIDEST = 2, 5, 10
_LEAST = 5  # fewer sentences than this say nothing of their length


@dataclass(frozen=True)
class Bucket:
    """Test pairs whose sources have about the same number of words."""

    low: int
    high: int
    pairs: tuple[Pair, ...]

    @property
    def name(self) -> str:
        """Its lengths."""
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"


def study_context(models: Sequence[Model], data: Path, out: Path) -> Study:
    """Measure models on a test set by the length of its sources, and write the report.

    Args:
        models: What to compare, such as one without attention and one with it.
        data: The test set.
        out: The page to write.

    Raises:
        DataError: No length has enough sentences.
        InputError: A model labels instead of writing.
    """
    names = _names(models)
    buckets = buckets_of([pair for pair in models[0].read(data).pairs if pair.src and pair.tgt])
    lines = [
        line
        for model, name in zip(models, names, strict=True)
        for line in _measure(model, name, buckets)
    ]
    study = Study(
        data=data.name,
        lengths=tuple(bucket.name for bucket in buckets),
        counts=tuple(len(bucket.pairs) for bucket in buckets),
        lines=tuple(lines),
    )
    out.write_text(render_report(study), encoding="utf-8")
    return study


def buckets_of(pairs: Sequence[Pair]) -> list[Bucket]:
    """Sort pairs by the words of their source, 2, 5 or 10 lengths together, as the longest has it.

    Raises:
        DataError: No length has enough sentences.
    """
    lengths = [len(pair.src.split()) for pair in pairs]
    longest = max(lengths, default=0)
    width = _NARROW if longest <= 16 else _WIDE if longest <= 60 else _WIDEST
    buckets: list[Bucket] = []
    for low in range(1, longest + 1, width):
        inside = range(low, low + width)
        chosen = tuple(
            pair for pair, length in zip(pairs, lengths, strict=True) if length in inside
        )
        if len(chosen) >= _LEAST:
            buckets.append(Bucket(low, low + width - 1, chosen))
    if not buckets:
        raise DataError(
            f"{len(pairs)} pairs, and no length with {_LEAST} of them; expected a larger test set."
        )
    return buckets


def _names(models: Sequence[Model]) -> list[str]:
    names = [model.folder.resolve().name for model in models]
    return [
        name if names.count(name) == 1 else str(model.folder)
        for name, model in zip(names, models, strict=True)
    ]


def _measure(model: Model, name: str, buckets: Sequence[Bucket]) -> list[Line]:
    if model.task.labels:
        raise InputError(f"{model.folder}: labels what it reads; expected a model that writes.")
    rows: dict[str, list[float]] = {}
    signatures: dict[str, str] = {}
    for bucket in buckets:
        found = model.evaluate(bucket.pairs, evaluation=EvaluationOptions(num_samples=0))
        for metric, score in found.scores.items():
            rows.setdefault(metric, []).append(score.score)
            signatures[metric] = score.signature
        written = [(pair.src, model.as_written(pair.tgt)) for pair in bucket.pairs]
        seen = expose(model.subject.translator, written)
        total = sum(one.total for one in seen)
        rows.setdefault("forced", []).append(100 * sum(one.forced for one in seen) / total)
        rows.setdefault("free", []).append(100 * sum(one.free for one in seen) / total)
    about = model.describe()
    return [
        Line(name, about, kind, tuple(values), signatures.get(kind, ""))
        for kind, values in rows.items()
    ]
