"""A beam search as a tree: every continuation that was weighed, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dragoman.data.batches import pad_sources
from dragoman.inspection.trace import BeamNode, BeamOutput, BeamTree
from dragoman.inspection.tracer import Subject
from dragoman.search.beam import BeamOptions, BeamStep, beam_search
from dragoman.search.filters import Forbid
from dragoman.search.greedy import Limits
from dragoman.search.stepper import Hypothesis
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK

Prefix = tuple[int, ...]


@dataclass(frozen=True)
class _Weighed:
    """One continuation: where it stood, and what it cost."""

    prefix: Prefix
    rank: int
    gained: float
    total: float


@dataclass
class _Notes:
    """What a search weighed, step by step."""

    steps: list[list[_Weighed]] = field(default_factory=list[list[_Weighed]])

    def __call__(self, step: BeamStep) -> None:
        row = zip(
            step.parents[0].tolist(),
            step.tokens[0].tolist(),
            step.gained[0].tolist(),
            step.sums[0].tolist(),
            strict=True,
        )
        self.steps.append(
            [
                _Weighed((*step.prefixes[parent].tolist(), token), rank, gained, total)
                for rank, (parent, token, gained, total) in enumerate(row)
                if np.isfinite(total)
            ]
        )


def beam_tree(subject: Subject, text: str, beam_size: int | None = None) -> BeamTree:
    """Search, and keep all that was weighed.

    Args:
        subject: The model.
        text: The sentence.
        beam_size: Beginnings kept at every step; the model's own unless given.

    Raises:
        InputError: The sentence is empty.
    """
    translator, search = subject.translator, subject.translator.search
    source = subject.encode(text)
    limits = Limits([translator.max_length(len(source))], [Forbid((PAD, UNK, SOS))])
    options = BeamOptions(
        search.beam_size if beam_size is None else beam_size,
        search.length_penalty,
        search.coverage_penalty,
    )
    notes = _Notes()
    found = beam_search(subject.stepper, pad_sources([source]), limits, options, notes)[0]
    ends = [(*one.ids, EOS) if one.complete else one.ids for one in found]
    nodes, numbers = _nodes(subject, notes.steps, ends, options.beam_size)
    return BeamTree(
        src_text=text,
        beam_size=options.beam_size,
        length_penalty=options.length_penalty,
        nodes=tuple(nodes),
        outputs=tuple(
            _output(subject, one, numbers[end]) for one, end in zip(found, ends, strict=True)
        ),
    )


def _output(subject: Subject, found: Hypothesis, node: int) -> BeamOutput:
    text = subject.translator.tgt_tokenizer.decode(found.ids)
    return BeamOutput(text=text, score=found.score, log_prob=found.log_prob, node=node)


def _nodes(
    subject: Subject, steps: list[list[_Weighed]], ends: list[Prefix], size: int
) -> tuple[list[BeamNode], dict[Prefix, int]]:
    """Make the nodes, and give the number of each beginning's."""
    nodes: list[BeamNode] = []
    numbers: dict[Prefix, int] = {}
    name = subject.translator.tgt_tokenizer.display
    for number, step in enumerate(steps):
        kept = [one for one in step if one.prefix[-1] != EOS][:size]
        for one in step:
            fate = "pruned"
            if one.prefix in ends:
                fate = "ended"
            elif one in kept:
                fate = "kept" if number + 1 < len(steps) else "late"
            elif one.prefix[-1] == EOS and one.rank < size:
                fate = "ended"
            numbers[one.prefix] = len(nodes)
            nodes.append(
                BeamNode(
                    parent=numbers.get(one.prefix[:-1]),
                    step=number,
                    rank=one.rank,
                    token=name([one.prefix[-1]])[0],
                    log_prob=one.gained,
                    total=one.total,
                    fate=fate,
                    best=False,
                )
            )
    at = numbers[ends[0]] if ends else None
    while at is not None:
        nodes[at] = nodes[at].model_copy(update={"best": True})
        at = nodes[at].parent
    return nodes, numbers
