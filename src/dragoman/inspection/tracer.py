"""Make a `Trace`: translate one sentence greedily, and write down what is seen at each step."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from dragoman.data.batches import pad_sources
from dragoman.errors import InputError
from dragoman.inspection.trace import Candidate, Trace, TraceStep
from dragoman.search.filters import Forbid
from dragoman.search.stepper import Floats, Stepper
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK
from dragoman.translator import Translator

NUM_CANDIDATES = 5


@runtime_checkable
class InspectableStepper(Stepper[Any], Protocol):
    """A `Stepper` that can be looked into."""

    def look(self, state: Any) -> tuple[Floats, Floats]:
        """Return the first row's memory, [src_len, memory], and its decoder's top hidden state, [hidden]."""
        ...


def trace(translator: Translator, stepper: InspectableStepper, text: str, model: str) -> Trace:
    """Translate one sentence greedily and keep what was seen.

    Args:
        translator: For its tokenizers and limits.
        stepper: The model.
        text: The sentence.
        model: The model in a line.

    Raises:
        InputError: The sentence is empty.
    """
    source = translator.src_tokenizer.encode(text)
    if not source:
        raise InputError("there is nothing to trace in an empty sentence; give at least one word.")
    state = stepper.start(pad_sources([source]))
    memory, context = stepper.look(state)
    steps: list[TraceStep] = []
    said: list[int] = []
    log_prob, last = 0.0, SOS
    forbid = Forbid((PAD, UNK, SOS))
    while last != EOS and len(said) < translator.max_length(len(source)):
        step = stepper.step(np.array([last]), state)
        prefix = np.array([said], dtype=np.int64)
        gained, ids = forbid(step.distribution, prefix, np.zeros(1, dtype=np.int64)).top(1)
        chosen = int(ids[0, 0])
        log_prob += float(gained[0, 0])
        state = step.state
        hidden = stepper.look(state)[1]
        steps.append(
            _step(translator, step.distribution.all()[0], step.weights, (last, chosen), hidden)
        )
        said.append(chosen)
        last = chosen
    return Trace(
        model=model,
        src_text=text,
        src_tokens=tuple(translator.src_tokenizer.display([*source, EOS])),
        encoder_states=tuple(map(tuple, memory.tolist())),
        context=tuple(context.tolist()),
        steps=tuple(steps),
        tgt_text=translator.tgt_tokenizer.decode(said),
        log_prob=log_prob,
    )


def _step(
    translator: Translator,
    log_probs: Floats,
    weights: Floats | None,
    tokens: tuple[int, int],
    hidden: Floats,
) -> TraceStep:
    shares = np.exp(log_probs.astype(np.float64))
    shares /= shares.sum()
    best = np.argsort(-shares, kind="stable")[:NUM_CANDIDATES]
    name = translator.tgt_tokenizer.display
    return TraceStep(
        input=name([tokens[0]])[0],
        candidates=tuple(
            Candidate(token=token, probability=float(share))
            for token, share in zip(name(best.tolist()), shares[best], strict=True)
        ),
        rest=max(0.0, float(1 - shares[best].sum())),
        choice=name([tokens[1]])[0],
        attention=None if weights is None else tuple(weights[0].astype(np.float64).tolist()),
        state=tuple(hidden.tolist()),
    )
