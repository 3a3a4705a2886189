"""Sequence-level knowledge distillation: a small student learns from what its teacher says (Kim & Rush 2016).

The teacher translates every training source by beam search; the student is trained on those outputs instead of the
people's, which are more varied than a small model can learn (arXiv:1606.07947, section 3.2, "sequence-level"; with
`interpolate`, of the n best that one which is nearest to the right answer, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dragoman.answers import Answer, Progress, Question, ask, near
from dragoman.data.corpus import Pair
from dragoman.data.files import import_extra
from dragoman.errors import ConfigError
from dragoman.model import Model
from dragoman.translator import TranslateOptions, Translation


@dataclass(frozen=True)
class DistillOptions:
    """How the student's data is made.

    Attributes:
        beam_size: Of the teacher's search.
        interpolate: Take, of the `beam_size` best, the output nearest to the right answer by sentence chrF.
        keep: The share of the outputs to keep, those of the highest normalised log-probability.
        max_ratio: An output is left out that is so many times longer or shorter than the right answer, in characters.
        with_answers: Whether the student sees the people's answers as well.
        outputs: How many of the `beam_size` best the student learns from; those after the first have to be as likely
            as the least likely that `keep` lets in.
    """

    beam_size: int = 5
    interpolate: bool = False
    keep: float = 0.95
    max_ratio: float = 2.0
    with_answers: bool = False
    outputs: int = 1

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ConfigError(f"beam_size is {self.beam_size}; expected at least 1.")
        if not 0 < self.keep <= 1:
            raise ConfigError(f"keep is {self.keep}; expected a share, above 0 and at most 1.")
        if not 1 <= self.outputs <= self.beam_size:
            raise ConfigError(
                f"outputs is {self.outputs}; expected 1 to {self.beam_size}, what the beam holds."
            )
        if self.interpolate and self.outputs > 1:
            raise ConfigError("interpolate takes one output of all, outputs several; set one.")


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
    size = options.beam_size

    def nearest(one: Translation) -> Translation:
        return _nearest(one, answers[one.source]) if options.interpolate else one

    several = {"outputs": options.outputs} if options.outputs > 1 else {}
    question = Question(
        {"beam_size": size, "interpolate": options.interpolate, **several},
        TranslateOptions(
            beam_size=size,
            nbest=size if options.interpolate else options.outputs,
            attention=False,
        ),
        nearest,
    )
    said = ask(teacher, list(answers), notes, question, progress)
    kept = _filter(answers, said, options)
    return [*kept, *(pairs if options.with_answers else ())]


def _nearest(one: Translation, references: Sequence[str]) -> Translation:
    """Return the output of the n best that is most like an answer."""
    chrf: Any = import_extra("sacrebleu", "distillation").CHRF()
    outputs = [one, *one.alternatives]
    best = max(outputs, key=lambda found: chrf.sentence_score(found.text, list(references)).score)
    return replace(best, alternatives=())


def _filter(
    answers: dict[str, list[str]], said: dict[str, Answer], options: DistillOptions
) -> list[Pair]:
    """Leave out what was cut off, what is far from the answer's length, and what the teacher believes least."""

    def fits(src: str, one: Answer) -> bool:
        fitting = any(near(one.text, right, options.max_ratio) for right in answers[src])
        return one.complete and fitting and bool(one.text.strip())

    fitting = [(src, said[src]) for src in answers if fits(src, said[src])]
    scores = sorted((one.score for _, one in fitting), reverse=True)
    if not scores:
        return []
    least = scores[max(0, round(options.keep * len(scores)) - 1)]
    return [
        Pair(src, one.text)
        for src, best in fitting
        for one in (best, *(other for other in best.others if fits(src, other)))
        if one.score >= least
    ]
