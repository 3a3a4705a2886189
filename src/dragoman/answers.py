"""What a model says to many sources, kept in a file as it says it: a run that was stopped can be gone on with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dragoman.data.corpus import Pair
from dragoman.errors import ConfigError
from dragoman.model import Model
from dragoman.translator import TranslateOptions, Translation

_CHUNK = 1000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Answer:
    """A model's word for a source.

    Attributes:
        text: It.
        score: The normalised log-probability.
        complete: Whether it came to its end.
        others: The next best, where several are asked for.
    """

    text: str
    score: float
    complete: bool
    others: tuple[Answer, ...] = ()

    @classmethod
    def of(cls, found: Translation) -> Answer:
        """Take what is kept of a translation, and of its alternatives."""
        others = tuple(cls.of(one) for one in found.alternatives)
        return cls(found.text, found.score, found.tokens[-1:] == ("<eos>",), others)

    def kept(self) -> list[Any]:
        """Return what is written down, for `Answer.read`."""
        others = [[one.kept() for one in self.others]] if self.others else []
        return [self.text, self.score, self.complete, *others]

    @classmethod
    def read(cls, kept: Sequence[Any]) -> Answer:
        """Take what was written down."""
        text, score, complete, *others = kept
        return cls(text, score, complete, tuple(cls.read(one) for part in others for one in part))


def _as_found(found: Translation) -> Translation:
    return found


@dataclass(frozen=True)
class Question:
    """How a model is asked.

    Attributes:
        settings: All that answers depend on besides the model; an earlier run's must be the same.
        how: How to translate.
        choose: Takes one of the n best; what alternatives it has are kept as well.
    """

    settings: Mapping[str, Any]
    how: TranslateOptions
    choose: Callable[[Translation], Translation] = _as_found


def ask(
    model: Model,
    sources: Sequence[str],
    notes: Path,
    question: Question,
    progress: Progress | None = None,
) -> dict[str, Answer]:
    """Have a model answer every source that it has not answered yet.

    Args:
        model: A model, a bundle or an ensemble.
        sources: Each once.
        notes: A file that keeps what was said already, a JSON object a line.
        question: How.
        progress: Told how many sources are done, of how many.

    Raises:
        ConfigError: `notes` was made otherwise.
    """
    said = _read(notes, question.settings)
    missing = [number for number, src in enumerate(sources) if src not in said]
    for start in range(0, len(missing), _CHUNK):
        chunk = [sources[number] for number in missing[start : start + _CHUNK]]
        # A source that is drawn for has its own stream, by its place among all.
        drawing = question.how.sampling
        drawing = drawing and replace(drawing, first=missing[start])
        lines: list[str] = []
        found = model.translate(chunk, replace(question.how, sampling=drawing))
        for src, one in zip(chunk, found, strict=True):
            said[src] = Answer.of(question.choose(one))
            lines.append(json.dumps([src, *said[src].kept()]))
        with notes.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        if progress is not None:
            progress(len(said), len(sources))
    return said


def _read(notes: Path, settings: Mapping[str, Any]) -> dict[str, Answer]:
    """Read what an earlier run left; its last line may be half written."""
    own = json.dumps(dict(settings))
    if not notes.exists():
        notes.parent.mkdir(parents=True, exist_ok=True)
        notes.write_text(own + "\n", encoding="utf-8")
        return {}
    lines = notes.read_text(encoding="utf-8").split("\n")
    if lines[0] != own:
        raise ConfigError(
            f"{notes}: was made with {lines[0]}, not with {own}; choose another folder or delete it."
        )
    if lines[-1]:
        notes.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    said: dict[str, Answer] = {}
    for line in lines[1:-1]:
        src, *kept = json.loads(line)
        said[src] = Answer.read(kept)
    return said


def near(text: str, other: str, max_ratio: float) -> bool:
    """Whether neither text is so many times longer than the other, in characters."""
    return len(text) <= max_ratio * len(other) and len(other) <= max_ratio * len(text)


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write pairs as JSON lines, whatever is in them."""
    lines = (json.dumps({"src": src, "tgt": tgt}, ensure_ascii=False) for src, tgt in pairs)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
