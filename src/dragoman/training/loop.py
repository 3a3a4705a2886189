"""The training loop: batches -> loss -> gradients -> step; validate, save, and stop when it is time.

Every step's randomness is a function of (seed, step), and every epoch's order one of (seed, epoch). So a
training that is stopped anywhere and resumed from its last checkpoint ends in the same weights, to the bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn

from dragoman.config import TrainingConfig
from dragoman.data.batches import Batch, Example
from dragoman.evaluation.metrics import METRICS
from dragoman.training.callbacks import StepRecord, ValidationRecord
from dragoman.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from dragoman.training.clock import Clock, Reading, WallClock
from dragoman.training.distributed import Adder, LostError
from dragoman.training.job import Job, Outcome, Progress
from dragoman.training.machine import choose_precision, give_memory_back
from dragoman.training.optimisers import OPTIMISERS, AveragedModel, learning_rate
from dragoman.training.rescue import (
    MOST_BAD_STEPS,
    Memory,
    fault_of,
    follow,
    give_up,
    is_out_of_memory,
    no_memory,
)
from dragoman.training.validation import Validation

_VALIDATIONS = 20
_CHECKPOINT_EVERY_S = 120.0
_TRIM_EVERY = 50


def _seed(seed: int, step: int) -> int:
    """Mix a training's seed and a step into the 32 bits that torch's generator heeds on a CPU."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0])


class Trainer:
    """Teaches one model.

    Args:
        model: On its device; trained in place.
        config: How.
        job: On what.
        resume: Whether to go on from `job.checkpoint`.
    """

    def __init__(
        self, model: nn.Module, config: TrainingConfig, job: Job, *, resume: bool = False
    ) -> None:
        self.model, self.config, self.job, self.team = model, config, job, job.team
        self.device = next(model.parameters()).device
        num_weights = sum(weight.numel() for weight in model.parameters())
        self.precision = choose_precision(config, self.device, num_weights)
        self.averaged = AveragedModel(model, config.ema_decay)
        self.parameters = [weight for weight in model.parameters() if weight.requires_grad]
        self.optimiser = OPTIMISERS[config.optimiser](self.parameters, config)
        self.progress = Progress()
        self._loss_sum, self._loss_tokens = 0.0, 0
        self._memory = Memory(self._say)
        readings: list[Reading] = []
        if resume:
            readings = self._restore(load_checkpoint(job.checkpoint))
        self.team.tell_weights(self.parameters)
        self._add_up = Adder(self.team, self.parameters)
        self.clock = self._clock(readings)
        self._saved_at = self._read_at = time.monotonic()

    def run(self) -> Outcome:
        """Train to the end.

        Raises:
            KeyboardInterrupt: Ctrl-C; everything is saved.
            LostError: Another process has died; everything is saved.
            DragomanError: The loss is not a number any more, step after step; or there is too little memory.
        """
        self.model.train()
        groups = self._groups()
        try:
            # A resumed training may owe a validation, so it comes before the next step.
            while True:
                if self._told(self._due()):
                    self._validate()
                if self._told(self._finished()):
                    if self.progress.validated < self.progress.step:
                        self._validate()
                    break
                self._step(next(groups))
                if self.progress.step % _TRIM_EVERY == 0:
                    give_memory_back()
                if time.monotonic() - self._saved_at > _CHECKPOINT_EVERY_S:
                    self._save()
        except (KeyboardInterrupt, LostError):
            # A step may be half done: what is saved is the last whole one.
            if self._whole:
                self._save()
            raise
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise no_memory(self.progress.step) from None
        return Outcome(self._frozen(), self.progress)

    _whole = True

    def _step(self, group: list[list[Example]]) -> None:
        """Make one optimiser step from a group of batches."""
        began, progress = time.monotonic(), self.progress
        seed = _seed(self.config.seed, progress.step)
        torch.manual_seed(seed)
        batches = [self.job.collate(examples) for examples in group]
        tokens = sum(batch.num_tokens for batch in batches)
        self.team.part_ways(seed)
        drawn, done = torch.get_rng_state(), self._told(self.clock.done(progress.step))

        def start() -> None:
            self.optimiser.zero_grad()
            torch.set_rng_state(drawn)

        def add(batch: Batch) -> float:
            # Apart: what autocast casts without gradients it would hand on to the loss, without gradients.
            with self._products():
                mixed = self.job.mix(self.model, batch, done)
            with self._products():
                scored = self.job.loss(self.model, mixed, self.config.label_smoothing)
            (scored.smoothed / tokens).backward()
            return float(scored.cross_entropy)

        learned = self._memory.learn(self.team.share(batches), start, add)
        loss = self._add_up(learned.loss)
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip_norm))
        rate = learning_rate(self.config, done, progress.factor)
        self._whole = False
        if learned.too_large is not None:
            why = f"{self.job.where(learned.too_large)} does not fit into memory, even alone"
            # The other processes learn of it by a loss that is no number.
            self._skip(why, bad=self.team.size > 1)
        elif fault := fault_of(norm, loss / tokens, progress.usual_loss):
            self._skip(fault, bad=True)
        else:
            self._apply(rate)
            progress.usual_loss = follow(progress.usual_loss, loss / tokens)
            self._loss_sum += loss
            self._loss_tokens += tokens
        progress.step += 1
        self.averaged.update(self.model, progress.step)
        self._whole = True
        if progress.bad_steps >= MOST_BAD_STEPS:
            raise give_up(progress.step)
        seconds = time.monotonic() - began
        if isinstance(self.clock, WallClock):
            self._read_clock(self.clock, seconds)
        record = StepRecord(
            progress.step, self.clock.done(progress.step), loss / tokens, tokens, seconds, rate
        )
        for callback in self.job.callbacks:
            callback.on_step(record)

    def _products(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, self.precision == "bfloat16")

    def _apply(self, rate: float) -> None:
        """Move the weights."""
        self.progress.bad_steps = 0
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad()

    def _skip(self, why: str, *, bad: bool = False) -> None:
        """Leave the weights as they are, and say so; `bad` steps in a row are not put up with."""
        self.progress.bad_steps += bad
        self._say(f"step {self.progress.step}: {why}; step skipped.")
        self.optimiser.zero_grad()

    def _say(self, text: str) -> None:
        for callback in self.job.callbacks:
            callback.on_message(text)

    def _groups(self) -> Iterator[list[list[Example]]]:
        """Yield the batches of each step, from where the training stands."""
        progress, config = self.progress, self.config
        # A checkpoint may stand at an epoch's end, or be of a time when it did not say where its epoch began.
        while (made := progress.step - progress.epoch_step) and made >= self._steps(progress.epoch):
            progress.epoch_step += self._steps(progress.epoch)
            progress.epoch += 1
        while True:
            skip = (progress.step - progress.epoch_step) * config.accumulate
            key = (config.seed, progress.epoch)
            batches = self.job.deck.deal(config.batch_tokens, key, skip)
            while group := list(islice(batches, config.accumulate)):
                yield group
            progress.epoch, progress.epoch_step = progress.epoch + 1, progress.step

    def _steps(self, epoch: int) -> int:
        """Say how many steps an epoch has."""
        count = self.job.deck.count(self.config.batch_tokens, (self.config.seed, epoch))
        return math.ceil(count / self.config.accumulate)

    def _clock(self, readings: list[Reading]) -> Clock:
        config, progress = self.config, self.progress
        if config.minutes is not None:
            clock: Clock = WallClock.of_minutes(
                config.minutes, progress.elapsed_s, self.job.started
            )
            clock.readings = readings
        elif config.progress is not None and config.steps is not None:
            clock = Clock([Reading(*reading) for reading in config.progress], config.steps)
        else:
            steps = config.steps
            if steps is None:
                steps = max(1, round((config.epochs or 1) * self._steps(0)))
            clock = Clock.of_steps(steps)
        if not progress.validate_every:
            every = max(1, clock.steps // _VALIDATIONS) if clock.steps else 0
            if config.validations is not None:
                every = 0  # When to validate is written down.
            progress.validate_every = config.validate_every or every
        return clock

    def _read_clock(self, clock: WallClock, seconds: float) -> None:
        clock.trained(seconds)
        left = round((1 - clock.done(self.progress.step)) * _VALIDATIONS)
        if clock.read(self.progress.step, left) and not self.progress.validate_every:
            whole = 1 / clock.readings[-1].rate
            self.progress.validate_every = max(1, int(whole) // _VALIDATIONS)

    def _told(self, value: float | bool) -> float:
        """Give all processes the first one's value, where each reads a clock of its own."""
        return self.team.tell(value)[0] if isinstance(self.clock, WallClock) else float(value)

    def _finished(self) -> bool:
        patience = self.config.patience
        stopped = patience is not None and self.progress.bad >= patience
        return stopped or self.clock.over(self.progress.step)

    def _due(self) -> bool:
        """Whether to validate now; a wall clock must have been read first, and so when it is replayed."""
        progress, clock = self.progress, self.clock
        if progress.step <= max(0, progress.validated) or not clock.readings:
            return False
        if self.config.validations is not None:
            return progress.step in self.config.validations
        every = progress.validate_every
        due = every > 0 and progress.step % every == 0 and progress.step >= clock.readings[0].step
        return due and (not isinstance(clock, WallClock) or clock.affords_a_pause())

    def _validate(self) -> None:
        began, progress, config = time.monotonic(), self.progress, self.config
        found = self.job.validate(self.averaged.model) if self.team.leads else None
        told = (worth(found, config.stop_metric), -found.loss) if found else (0.0, 0.0)
        score, loss = self.team.tell(*told)
        better = (score, loss) > progress.best
        if better:
            if found:
                self.job.save_best(self.averaged.model, progress.step)
            progress.best, progress.best_step, progress.bad = (score, loss), progress.step, 0
        else:
            progress.bad += 1
            progress.factor *= 0.5 if config.schedule == "plateau" else 1.0
        progress.validated = progress.step
        progress.validations.append(progress.step)
        train_loss = self._loss_sum / max(1, self._loss_tokens)
        self._loss_sum, self._loss_tokens = 0.0, 0
        self._read_time()
        if found:
            record = ValidationRecord(progress.step, train_loss, progress.elapsed_s, found, better)
            for callback in self.job.callbacks:
                callback.on_validation(record)
        # Last: what a training that is killed before has told of this validation, it tells again.
        self._save()
        if isinstance(self.clock, WallClock):
            self.clock.pauses_s.append(time.monotonic() - began)

    def _save(self) -> None:
        if not self.team.leads:
            return
        tensors: dict[str, torch.Tensor] = {
            f"model.{name}": weight for name, weight in self.model.named_parameters()
        }
        if self.config.ema_decay:
            averages = self.averaged.model.named_parameters()
            tensors |= {f"averaged.{name}": weight for name, weight in averages}
        for number, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{name}": value for name, value in moments.items()}
        self._read_time()
        self._saved_at = time.monotonic()
        values: dict[str, Any] = {
            "progress": asdict(self.progress),
            "readings": [asdict(reading) for reading in self.clock.readings],
            "loss": [self._loss_sum, self._loss_tokens],
        }
        save_checkpoint(self.job.checkpoint, Checkpoint(tensors, values))

    def _read_time(self) -> None:
        now = time.monotonic()
        if isinstance(self.clock, WallClock):
            self.progress.elapsed_s = self.clock.elapsed_s
        else:
            self.progress.elapsed_s += now - self._read_at
        self._read_at = now

    def _restore(self, checkpoint: Checkpoint) -> list[Reading]:
        self._loss_sum, self._loss_tokens = checkpoint.values["loss"]
        stored: dict[str, Any] = checkpoint.values["progress"]
        stored["best"] = tuple(stored["best"])
        self.progress = Progress(**stored)
        tensors = checkpoint.tensors
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                weight.copy_(tensors[f"model.{name}"])
            if self.config.ema_decay:
                for name, weight in self.averaged.model.named_parameters():
                    weight.copy_(tensors[f"averaged.{name}"])
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            kind, number, *rest = name.split(".")
            if kind == "optimiser":
                state.setdefault(int(number), {})[rest[0]] = value
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})
        return [Reading(**reading) for reading in checkpoint.values["readings"]]

    def _frozen(self) -> TrainingConfig:
        """Return the settings under which the same training runs again without a clock."""
        by_clock = isinstance(self.clock, WallClock) or self.config.progress is not None
        readings = [(one.step, one.done, one.rate) for one in self.clock.readings]
        update: dict[str, Any] = {
            "steps": self.progress.step,
            "validate_every": self.progress.validate_every or None,
            "epochs": None,
            "minutes": None,
            "precision": self.precision,
            "progress": readings if by_clock else None,
            "validations": self.progress.validations if by_clock else None,
        }
        return self.config.model_copy(update=update)


def worth(found: Validation, metric: str) -> float:
    """Say how good a validation was, by a row of METRICS: the more, the better; by "loss", all are alike."""
    if metric == "loss":
        return 0.0
    return -found.scores[metric] if METRICS[metric].lower_is_better else found.scores[metric]
