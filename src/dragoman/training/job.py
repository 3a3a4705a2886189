"""What a training is made of, where it stands, and how it ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from dragoman.config import TrainingConfig
from dragoman.data.batches import Batch, Deck, Example, make_batch
from dragoman.training.callbacks import Callback
from dragoman.training.distributed import ALONE, Team
from dragoman.training.losses import Loss
from dragoman.training.rescue import describe
from dragoman.training.validation import Validation, batch_loss

Mix = Callable[[Any, Batch, float], Batch]


def as_is(model: Any, batch: Batch, done: float) -> Batch:
    """Leave a batch as it is: the `Mix` of a plain training."""
    del model, done
    return batch


@dataclass
class Progress:
    """Where a training stands; all of it goes into the checkpoint.

    Attributes:
        step: Optimiser steps made.
        validate_every: Steps between validations; 0 until a wall clock has had its first reading.
        best: The best validation's score, and its loss, negative, to decide between equal ones.
        bad: Validations since then.
        factor: What plateaus have brought the learning rate down to.
        bad_steps: Steps in a row whose gradient was not finite, or whose loss had exploded.
        usual_loss: A running mean of the loss a token; 0 before the first step.
        elapsed_s: Time used.
        validations: After which steps there was one.
        validated: The last step after which there was a validation; -1 before the first.
        epoch: Passes over the data that are done.
        epoch_step: Steps made when the present one began.
    """

    step: int = 0
    validate_every: int = 0
    best: tuple[float, float] = (-math.inf, -math.inf)
    best_step: int = 0
    bad: int = 0
    factor: float = 1.0
    bad_steps: int = 0
    usual_loss: float = 0.0
    elapsed_s: float = 0.0
    validations: list[int] = field(default_factory=list[int])
    validated: int = -1
    epoch: int = 0
    epoch_step: int = 0


@dataclass(frozen=True)
class Job:
    """What a training is made of.

    Attributes:
        deck: The corpus, as ids, and the order in which it is dealt.
        validate: Scores a model on dev.
        save_best: Called with the averaged model whenever it is the best so far.
        checkpoint: Where to save what a resumed training needs.
        callbacks: Who is told.
        started: When the clock began, of `time.monotonic`.
        collate: Pads examples into a batch.
        loss: Scores a network on a batch, given the label smoothing.
        mix: Changes what the decoder reads, or tells it where to look, given the network and the share of the training
            that lies behind.
        team: The processes that train together.
        where: Says where an example stands in the corpus.
    """

    deck: Deck
    validate: Callable[[Any], Validation]
    save_best: Callable[[nn.Module, int], None]
    checkpoint: Path
    callbacks: Sequence[Callback] = ()
    started: float = field(default_factory=time.monotonic)
    collate: Callable[[Sequence[Example]], Batch] = make_batch
    loss: Callable[[Any, Batch, float], Loss] = batch_loss
    mix: Mix = as_is
    team: Team = ALONE
    where: Callable[[Example], str] = describe


@dataclass(frozen=True)
class Outcome:
    """How a training ended: the settings that make it again without a clock, and where it stood."""

    frozen: TrainingConfig
    progress: Progress
