"""Sequence-level knowledge distillation: a small student learns from what its teacher says (Kim & Rush 2016).

The teacher translates every training source by beam search; the student is trained on those outputs instead of the
people's, which are more varied than a small model can learn (arXiv:1606.07947, section 3.2, "sequence-level"; with
`interpolate`, of the n best that one which is nearest to the right answer, section 3.3).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragoman.data.corpus import Pair
from dragoman.data.files import import_extra
from dragoman.errors import ConfigError
from dragoman.model import Model
from dragoman.translator import TranslateOptions, Translation

_CHUNK = 1000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DistillOptions:
    """How the student's data is made.

    Attributes:
        beam_size: Of the teacher's search.
        interpolate: Take, of the `beam_size` best, the output nearest to the right answer by sentence chrF.
        keep: The share of the outputs to keep, those of the highest normalised log-probability.
        max_ratio: An output is left out that is so many times longer or shorter than the right answer, in characters.
        with_answers: Whether the student sees the people's answers as well.
    """

    beam_size: int = 5
    interpolate: bool = False
    keep: float = 0.95
    max_ratio: float = 2.0
    with_answers: bool = False

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ConfigError(f"beam_size is {self.beam_size}; expected at least 1.")
        if not 0 < self.keep <= 1:
            raise ConfigError(f"keep is {self.keep}; expected a share, above 0 and at most 1.")


@dataclass(frozen=True)
class _Said:
    """The teacher's word for a source."""

    text: str
    score: float
    complete: bool


def distill_pairs(
    teacher: Model,
    pairs: Sequence[Pair],
    notes: Path,
    options: DistillOptions,
    progress: Progress | None = None,
) -> list[Pair]:
    """Let the teacher answer every source once, and choose the pairs that the student learns from.

    Args:
        teacher: A model, a bundle or an ensemble.
        pairs: The training pairs; sources that occur several times are translated once.
        notes: A file that keeps what was said already, a JSON object a line, so that a run can be gone on with.
        options: How.
        progress: Told how many sources are done, of how many.

    Raises:
        ConfigError: `notes` was made with other options.
    """
    answers: dict[str, list[str]] = {}
    for pair in pairs:
        answers.setdefault(pair.src, []).append(pair.tgt)
    said = _read(notes, options)
    missing = [src for src in answers if src not in said]
    for chunk, found in _translate(teacher, missing, options):
        lines: list[str] = []
        for src, one in zip(chunk, found, strict=True):
            best = _nearest(one, answers[src]) if options.interpolate else one
            said[src] = _Said(best.text, best.score, best.tokens[-1:] == ("<eos>",))
            lines.append(json.dumps([src, best.text, best.score, said[src].complete]))
        with notes.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        if progress is not None:
            progress(len(said), len(answers))
    kept = _filter(answers, said, options)
    return [*kept, *(pairs if options.with_answers else ())]


def _translate(
    teacher: Model, sources: Sequence[str], options: DistillOptions
) -> Iterator[tuple[Sequence[str], list[Translation]]]:
    size = options.beam_size
    how = TranslateOptions(
        beam_size=size, nbest=size if options.interpolate else 1, attention=False
    )
    for start in range(0, len(sources), _CHUNK):
        chunk = sources[start : start + _CHUNK]
        yield chunk, teacher.translate(chunk, how)


def _nearest(one: Translation, references: Sequence[str]) -> Translation:
    """Return the output of the n best that is most like an answer."""
    chrf: Any = import_extra("sacrebleu", "distillation").CHRF()
    outputs = [one, *one.alternatives]
    return max(outputs, key=lambda found: chrf.sentence_score(found.text, list(references)).score)


def _filter(
    answers: dict[str, list[str]], said: dict[str, _Said], options: DistillOptions
) -> list[Pair]:
    """Leave out what was cut off, what is far from the answer's length, and what the teacher believes least."""

    def fits(src: str, one: _Said) -> bool:
        length = len(one.text)
        near = any(
            length <= options.max_ratio * len(right) and len(right) <= options.max_ratio * length
            for right in answers[src]
        )
        return one.complete and near and bool(one.text.strip())

    fitting = [(src, said[src]) for src in answers if fits(src, said[src])]
    scores = sorted((one.score for _, one in fitting), reverse=True)
    if not scores:
        return []
    least = scores[max(0, round(options.keep * len(scores)) - 1)]
    return [Pair(src, one.text) for src, one in fitting if one.score >= least]


def _read(notes: Path, options: DistillOptions) -> dict[str, _Said]:
    """Read what an earlier run left; its last line may be half written."""
    own = {"beam_size": options.beam_size, "interpolate": options.interpolate}
    if not notes.exists():
        notes.parent.mkdir(parents=True, exist_ok=True)
        notes.write_text(json.dumps(own) + "\n", encoding="utf-8")
        return {}
    lines = notes.read_text(encoding="utf-8").split("\n")
    if lines[0] != json.dumps(own):
        raise ConfigError(
            f"{notes}: was made with {lines[0]}, not with {json.dumps(own)}; choose another folder or delete it."
        )
    whole = "\n".join(lines[:-1]) + "\n"
    if lines[-1]:
        notes.write_text(whole, encoding="utf-8")
    said: dict[str, _Said] = {}
    for line in lines[1:-1]:
        src, text, score, complete = json.loads(line)
        said[src] = _Said(text, score, complete)
    return said


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write pairs as JSON lines, whatever is in them."""
    lines = (json.dumps({"src": src, "tgt": tgt}, ensure_ascii=False) for src, tgt in pairs)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
