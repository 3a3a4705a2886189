"""What a step does when memory runs out, or when its loss is none to follow any more."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from dragoman.data.batches import Batch, Example
from dragoman.errors import DragomanError
from dragoman.text.vocabulary import EOS, PAD

# What allocators say that raise a plain RuntimeError: torch's on a CPU, cuDNN's and cuBLAS's.
_NO_MEMORY = ("can't allocate memory", "ALLOC_FAILED")
MOST_BAD_STEPS = 20
_EXPLODED = 10.0
_KEPT = 0.95


def is_out_of_memory(error: BaseException) -> bool:
    """Tell an allocation that failed from any other fault."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error) for said in _NO_MEMORY)


@dataclass(frozen=True)
class Learned:
    """What became of a step's batches.

    Attributes:
        loss: Cross-entropy, summed; no number where an example is too large.
        too_large: An example that does not fit into memory even alone; the gradients are then of no use.
    """

    loss: float
    too_large: Example | None = None


class Memory:
    """Computes a step's gradients batch by batch; a batch that does not fit into memory is halved.

    A gradient is a sum over sentences, so that of the halves is that of the whole. Only dropout differs, whose masks
    are drawn for each half.

    Args:
        say: Tells a person.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._told = False

    def learn(
        self, group: Sequence[Batch], start: Callable[[], None], add: Callable[[Batch], float]
    ) -> Learned:
        """Sum up the gradients of a step.

        Args:
            group: Batches.
            start: Called before each try: forgets what the last one summed up, and fixes the random numbers.
            add: Adds a batch's gradients to what is there, and returns its loss.
        """
        batches = list(group)
        while True:
            start()
            loss, failed = 0.0, -1
            for at, batch in enumerate(batches):
                found = _try(add, batch)
                if found is None:
                    failed = at
                    break
                loss += found
            if failed < 0:
                return Learned(loss)
            size = len(batches[failed].src)
            if size == 1:
                return Learned(math.nan, _example(batches[failed]))
            batches[failed : failed + 1] = _halves(batches[failed])
            self._tell(size)

    def _tell(self, size: int) -> None:
        if not self._told:
            self.say(
                f"a batch of {size} pairs does not fit into memory: it is learned from in halves, and so are others "
                "from now on. A smaller training.batch_tokens would be quicker."
            )
        self._told = True


def _halves(batch: Batch) -> list[Batch]:
    half = len(batch.src) // 2
    return [
        Batch(batch.src[rows], batch.tgt_in[rows], batch.tgt_out[rows])
        for rows in (slice(half), slice(half, None))
    ]


def _example(batch: Batch) -> Example:
    """Give back what the only row of a batch was made of."""
    src, tgt = (
        [int(number) for number in ids[0] if number not in (PAD, EOS)]
        for ids in (batch.src, batch.tgt_out)
    )
    return Example(src, tgt)


def _try(add: Callable[[Batch], float], batch: Batch) -> float | None:
    """Learn from a batch; None if memory does not suffice."""
    try:
        return add(batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Only here is the error gone, and with it the tensors that its frames held.
    gc.collect(1)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None


def fault_of(norm: float, loss: float, usual: float) -> str:
    """Say why a step should not be made; "" if it should.

    Args:
        norm: Of the gradient.
        loss: Cross-entropy a token, in nats.
        usual: As `follow` gives it.
    """
    if not math.isfinite(norm):
        return "the gradient is not finite"
    if is_exploding(loss, usual):
        return f"the loss is {loss:.1f} a token, and was {usual:.1f} of late"
    return ""


def give_up(step: int) -> DragomanError:
    """Say that a training will not come to anything."""
    return DragomanError(
        f"The loss has not been a finite number, or has exploded, for {MOST_BAD_STEPS} steps (now after step {step}). "
        "The best weights so far are kept; train again with a lower training.learning_rate."
    )


def no_memory(step: int) -> DragomanError:
    """Say that memory ran out where there is no batch to halve: in a validation, or in the optimiser."""
    return DragomanError(
        f"memory ran out after step {step}, outside of learning from a batch. The best weights so far are kept; free "
        "memory and go on with --resume, or train a smaller model."
    )


def is_exploding(loss: float, usual: float) -> bool:
    """Say whether a loss is no number, or far above what it was of late and above anything that guessing costs.

    Args:
        loss: Cross-entropy a token, in nats.
        usual: As `follow` gives it.
    """
    return not math.isfinite(loss) or (usual > 0 and loss > _EXPLODED * max(usual, 1.0))


def follow(usual: float, loss: float) -> float:
    """Move the running mean of the loss over about twenty steps; it is 0 before the first."""
    return _KEPT * usual + (1 - _KEPT) * loss if usual > 0 else loss


def describe(example: Example) -> str:
    """Say how long a pair is."""
    return f"a pair of {len(example.src)} and {len(example.tgt)} tokens"
