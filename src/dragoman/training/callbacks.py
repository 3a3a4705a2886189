"""What watches a training: a progress line, a file of metrics, TensorBoard."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from dragoman.disk import write_atomically
from dragoman.errors import CheckpointError
from dragoman.training.validation import Validation


@dataclass(frozen=True)
class StepRecord:
    """One optimiser step.

    Attributes:
        step: Counted from 1.
        done: Share of the training that lies behind.
        loss: Cross-entropy a token of this step's batches, in nats.
        tokens: Target tokens, padding not counted.
        seconds: How long it took.
        learning_rate: What it was made at.
    """

    step: int
    done: float
    loss: float
    tokens: int
    seconds: float
    learning_rate: float


@dataclass(frozen=True)
class ValidationRecord:
    """One validation: of what, after how long, and whether it is the best so far."""

    step: int
    train_loss: float
    elapsed_s: float
    validation: Validation
    best: bool


class Callback:
    """Told of every step, validation and message; does nothing unless it says otherwise."""

    def on_step(self, record: StepRecord) -> None:
        """After a step."""

    def on_validation(self, record: ValidationRecord) -> None:
        """After a validation."""

    def on_message(self, text: str) -> None:
        """Something a person should know."""

    def on_prepare(self, done: float, line: str) -> None:
        """While a large corpus is turned into ids: how much of it is, and a line about it."""

    def close(self) -> None:
        """After the training, however it ended."""


class MetricsFile(Callback):
    """One JSON object a validation, in ``metrics.jsonl``.

    Args:
        path: Appended to; a resumed training's records beyond `step` are made again, so they are dropped.
        step: Where the training stands.
    """

    def __init__(self, path: Path, step: int) -> None:
        lines = path.read_bytes().splitlines() if path.exists() and step else []
        # The last one may have been cut off, with the training or by a full disk; it is of a later step then.
        read = [_record(path, line, last=line is lines[-1]) for line in lines]
        kept = [record for record in read if record and record["step"] <= step]
        write_atomically(path, "".join(f"{json.dumps(one)}\n" for one in kept).encode())
        self.path = path
        self.tokens, self.seconds = 0, 0.0
        self.rate = 0.0

    def on_step(self, record: StepRecord) -> None:
        """Add up the speed."""
        self.tokens += record.tokens
        self.seconds += record.seconds
        self.rate = record.learning_rate

    def on_validation(self, record: ValidationRecord) -> None:
        """Append a line."""
        values = as_metrics(record) | {
            "learning_rate": self.rate,
            "tokens_per_s": round(self.tokens / self.seconds, 1) if self.seconds else 0.0,
            "memory_mib": peak_memory_mib(),
        }
        self.tokens, self.seconds = 0, 0.0
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def _record(path: Path, line: bytes, *, last: bool) -> dict[str, Any]:
    try:
        found: Any = json.loads(line)
        if isinstance(found["step"], int):
            return found
    except (ValueError, TypeError, KeyError):
        pass
    if last:
        return {}
    raise CheckpointError(f"{path}: damaged ({line[:40]!r} is no record); remove it to go on.")


def peak_memory_mib() -> int:
    """Return the most memory that this process has had resident, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux kibibytes.
    return peak >> 20 if sys.platform == "darwin" else peak >> 10


def as_metrics(record: ValidationRecord) -> dict[str, Any]:
    """Return a validation as plain values."""
    found = record.validation
    return {
        "step": record.step,
        "elapsed_s": round(record.elapsed_s, 1),
        "train_loss": record.train_loss,
        "dev_loss": found.loss,
        "dev_accuracy_teacher_forced": found.accuracy_teacher_forced,
        "dev_accuracy_free_running": found.accuracy_free_running,
        **found.scores,
        "best": record.best,
    }


class TensorBoard(Callback):
    """The same figures for TensorBoard, in the folder ``tensorboard``."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        self.writer = SummaryWriter(str(folder))

    def on_validation(self, record: ValidationRecord) -> None:
        """Write the scalars."""
        for name, value in as_metrics(record).items():
            if name not in ("step", "best"):
                self.writer.add_scalar(name, value, record.step)  # pyright: ignore[reportUnknownMemberType]

    def close(self) -> None:
        """Flush."""
        self.writer.close()


class ProgressLine(Callback):
    """A live line on a terminal: loss, tokens/s, ETA; one plain line a validation, everywhere."""

    def __init__(self, title: str) -> None:
        self.console = Console(file=sys.stderr, highlight=False)
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[line]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task: TaskID = self.progress.add_task(title, total=1.0, line="starting")
        self.progress.start()
        self.started: tuple[float, float] | None = None
        self.speed = self.loss = 0.0

    def on_step(self, record: StepRecord) -> None:
        """Move the line."""
        now = time.monotonic()
        self.started = self.started or (now, record.done)
        # A running mean over about twenty steps: fresh, but not restless.
        weight = 0.05 if self.speed else 1.0
        self.speed += weight * (record.tokens / record.seconds - self.speed)
        self.loss += weight * (record.loss - self.loss)
        moved = record.done - self.started[1]
        left = (now - self.started[0]) / moved * (1 - record.done) if moved > 0 else 0.0
        line = f"step {record.step}  loss {self.loss:.2f}  {self.speed:,.0f} tokens/s  {clock_time(left)} left"
        self.progress.update(self.task, completed=record.done, line=line)

    def on_validation(self, record: ValidationRecord) -> None:
        """Print a plain line and a sample."""
        found = record.validation
        taught, alone = 100 * found.accuracy_teacher_forced, 100 * found.accuracy_free_running
        self.console.print(
            f"[bold]step {record.step}[/]  {clock_time(record.elapsed_s)}  "
            f"train loss {record.train_loss:.3f}  dev loss {found.loss:.3f}  "
            f"words right: taught {taught:.1f} %, alone {alone:.1f} %  "
            f"{shown_scores(found.scores)}{'  *' if record.best else ''}",
            soft_wrap=True,
        )
        if found.samples:
            sample = found.samples[record.step % len(found.samples)]
            self.console.print(
                f"  wanted  {sample.reference}", style="dim", markup=False, soft_wrap=True
            )
            self.console.print(
                f"  wrote   {sample.output}", style="dim", markup=False, soft_wrap=True
            )

    def on_prepare(self, done: float, line: str) -> None:
        """Move the line; at the end, print it."""
        self.progress.update(self.task, completed=done % 1.0, line=line)
        if done == 1.0:
            self.on_message(line)

    def on_message(self, text: str) -> None:
        """Print it."""
        self.console.print(text, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Take the line away."""
        self.progress.stop()


def shown_scores(scores: Mapping[str, float]) -> str:
    """Write scores in a line: BLEU 36.1  chrF 60.2."""
    names = {"bleu": "BLEU", "chrf": "chrF", "exact_match": "exact", "accuracy": "accuracy"}
    names |= {"token_accuracy": "accuracy", "macro_f1": "macro F1"}
    return "  ".join(
        f"{names.get(name, name.upper())} {score:.1f}" for name, score in scores.items()
    )


def clock_time(seconds: float) -> str:
    """Write a duration as 1:02:03 or 2:03."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
