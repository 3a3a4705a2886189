"""Several processes that teach one model, on one machine or more, started by torchrun.

Each step, every process takes its share of the rows of the same global batch; the gradients, already divided by the
tokens of the whole batch, are added up, in memory that all see or in one all-reduce over one flat buffer. So all have
the same gradient, clip it alike, and keep the same weights. The first process alone validates, writes and speaks; what
it decides, it tells.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from dragoman.data.batches import Batch
from dragoman.errors import DragomanError
from dragoman.text.vocabulary import PAD
from dragoman.training.exchange import SharedTables, share_tables

# A process that dies closes its connections, which the others notice at once; this is for one that hangs, or for a
# cable that is pulled. It must outlast a validation, for which the others wait.
_TIMEOUT_S = 1800.0
# Between the seeds of two processes (2^32 over the golden ratio): torch's generator looks at the lower 32 bits alone,
# and there the seeds of steps must not meet.
_APART = 0x9E3779B1


class LostError(DragomanError):
    """Another process of the training has died, or cannot be reached."""


@dataclass(frozen=True)
class Team:
    """The processes of a training.

    Attributes:
        rank: Which this is.
        size: How many there are.
        restarted: Whether torchrun has started them again, after one had died.
    """

    rank: int = 0
    size: int = 1
    restarted: bool = False

    @property
    def leads(self) -> bool:
        """Whether this is the one that validates, writes and speaks."""
        return self.rank == 0

    def part_ways(self, seed: int) -> None:
        """From here on in a step, draw other numbers than the first process: each drops out by masks of its own."""
        if self.rank:
            torch.manual_seed((seed + self.rank * _APART) % 2**64)

    def share(self, batches: Sequence[Batch]) -> list[Batch]:
        """Take this process's rows of each batch: every so-manieth by length, so that tokens balance."""
        if self.size == 1:
            return list(batches)
        return [
            _rows(batch, rows)
            for batch in batches
            if len(rows := _by_length(batch)[self.rank :: self.size])
        ]

    def add_up(self, numbers: torch.Tensor) -> None:
        """Add up the numbers of all processes, in place.

        Raises:
            LostError: Another process has died.
        """
        self._wait(dist.all_reduce, numbers)

    def agree(self, value: bool) -> bool:
        """Say whether all processes say yes.

        Raises:
            LostError: Another process has died.
        """
        against = torch.tensor([0.0 if value else 1.0])
        self.add_up(against)
        return float(against) == 0

    @torch.no_grad()
    def tell_weights(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give all processes the first one's weights, be they of another machine's making.

        Raises:
            LostError: Another process has died.
        """
        if self.size == 1:
            return
        flat = torch.cat([weight.reshape(-1) for weight in parameters])
        self._wait(dist.broadcast, flat, 0)
        at = 0
        for weight in parameters:
            weight.copy_(flat[at : at + weight.numel()].view(weight.shape))
            at += weight.numel()

    def tell(self, *values: float | bool) -> tuple[float, ...]:
        """Give the first process's values to all.

        Raises:
            LostError: Another process has died.
        """
        if self.size == 1:
            return tuple(map(float, values))
        told = torch.tensor(values, dtype=torch.float64)
        self._wait(dist.broadcast, told, 0)
        return tuple(told.tolist())

    def tell_bytes(self, content: bytes) -> bytes:
        """Give the first process's bytes to all.

        Raises:
            LostError: Another process has died.
        """
        if self.size == 1:
            return content
        (length,) = self.tell(float(len(content)))
        told = torch.zeros(int(length), dtype=torch.uint8)
        if self.leads:
            told = torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else told
        self._wait(dist.broadcast, told, 0)
        return told.numpy().tobytes()

    def same(self, content: str, what: str) -> None:
        """See that all processes have the same.

        Raises:
            DragomanError: This one does not; `what` names it.
        """
        if self.tell_bytes(content.encode()) != content.encode():
            raise DragomanError(
                f"process {self.rank} has other {what} than the first one; every machine needs the same files."
            )

    def tell_files(self, folder: Path, names: Sequence[str]) -> None:
        """Give files of the first process's folder to all, each into its own."""
        for name in names:
            path = folder / name
            (there,) = self.tell(float(path.is_file()))
            if there:
                content = self.tell_bytes(path.read_bytes() if self.leads else b"")
                if not self.leads:
                    path.write_bytes(content)

    def _wait(self, work: Callable[..., object], *given: object) -> None:
        try:
            work(*given)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0][:200]
            raise LostError(
                f"process {self.rank} of {self.size}: another process of this training has died or cannot be reached "
                f"({reason}). What was learned is saved by the first one; start all again with --resume."
            ) from None


class Adder:
    """Adds up the gradients of all processes.

    Args:
        team: The processes.
        parameters: Whose gradients.
    """

    def __init__(self, team: Team, parameters: Sequence[nn.Parameter]) -> None:
        self.team, self.parameters = team, parameters
        self._tables: SharedTables | None = None
        if team.size > 1 and all(one.device.type == "cpu" for one in parameters):
            numbers = sum(one.numel() for one in parameters)
            self._tables = share_tables(team, numbers)

    def __call__(self, loss: float) -> float:
        """Add up the gradients, in place, and a loss.

        Raises:
            LostError: Another process has died.
        """
        if self.team.size == 1:
            return loss
        parts = [
            (weight.new_zeros(weight.shape) if weight.grad is None else weight.grad).reshape(-1)
            for weight in self.parameters
        ]
        # With two processes it is the same sum whichever way it goes.
        told = torch.tensor([loss], dtype=torch.float64)
        if self._tables is not None:
            flat = self._tables.add_up(parts, lambda: self.team.add_up(told))
        else:
            flat = torch.cat(parts)
            self.team.add_up(flat)
            self.team.add_up(told)
        at = 0
        for weight in self.parameters:
            weight.grad = flat[at : at + weight.numel()].view(weight.shape)
            at += weight.numel()
        return float(told)


ALONE = Team()


def is_first() -> bool:
    """Whether this process is the first, or the only one."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined() -> Generator[Team]:
    """Join the processes that torchrun has started; without it, be alone.

    Raises:
        LostError: They cannot be reached.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "MASTER_ADDR" not in os.environ:
        yield ALONE
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=timedelta(seconds=_TIMEOUT_S)
        )
    except (RuntimeError, ValueError) as error:
        raise LostError(f"the other processes cannot be reached ({error}).") from None
    team = Team(
        dist.get_rank(),
        dist.get_world_size(),
        os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0",
    )
    if not team.leads:
        # Ctrl-C reaches all; the first one saves and leaves, and the others follow.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield team
    finally:
        # After a fault the others may be gone, and a goodbye would wait for them.
        if sys.exc_info()[0] is None:
            with suppress(RuntimeError):
                dist.destroy_process_group()


@contextmanager
def own_folder(team: Team, out: Path) -> Generator[Path]:
    """Give the first process its folder, and each other one a folder that nobody sees."""
    if team.leads:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="dragoman-train-") as folder:
        yield Path(folder)


def _by_length(batch: Batch) -> np.ndarray:
    """Number the rows, longest first."""
    return np.argsort(-((batch.tgt_out != PAD).sum(1) + (batch.src != PAD).sum(1)), kind="stable")


def _rows(batch: Batch, rows: np.ndarray) -> Batch:
    """Take rows out of a batch, without the padding that only the others needed."""

    def part(ids: np.ndarray) -> np.ndarray:
        chosen = ids[rows]
        return chosen[:, : int((chosen != PAD).any(0).nonzero()[0].max(initial=0)) + 1]

    return Batch(part(batch.src), part(batch.tgt_in), part(batch.tgt_out))
