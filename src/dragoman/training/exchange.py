"""How processes of one machine add up their gradients: in memory that all of them see.

gloo sends them through sockets, which copies every number four times on the way: 16 ms of each of two cores for 20 MB,
of the 400 ms of a step. Here each process writes into its own row of a shared table, and sums up the rows; what goes
through gloo is one number, which is also the sign that all have written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

# Beyond it each process would read more rows than gloo's ring sends.
_MOST_PROCESSES = 4
# While one table is being read the next step's is written: whoever writes a table anew has since been told, by the sign
# of the step between, that all have read it.
_TABLES = 2


class SharedTables:
    """Memory of this machine that several processes see.

    It has no name in any folder, so that nothing is left of it, however the processes end.

    Args:
        tables: [tables, processes, numbers].
        rank: Whose row this process writes.
    """

    def __init__(self, tables: Tensor, rank: int) -> None:
        self.tables, self.rank = tables, rank
        self._step, self._sum = 0, torch.empty_like(tables[0, 0])

    def add_up(self, parts: Sequence[Tensor], sign: Callable[[], object]) -> Tensor:
        """Add up what all processes have.

        Args:
            parts: What this one has: vectors, whose numbers are as many as a row has.
            sign: Returns when all processes have called it.

        Returns:
            One vector: the sum, to the same bit in all processes; until the next call.
        """
        table = self.tables[self._step % _TABLES]
        self._step += 1
        torch.cat(list(parts), out=table[self.rank])
        sign()
        torch.add(table[0], table[1], out=self._sum)
        for row in table[2:]:
            self._sum += row
        return self._sum


@runtime_checkable
class Told(Protocol):
    """The processes of a training, as far as they are asked here."""

    @property
    def rank(self) -> int:
        """Which this is."""
        ...

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def tell_bytes(self, content: bytes) -> bytes:
        """Give the first process's bytes to all."""
        ...

    def agree(self, value: bool) -> bool:
        """Say whether all processes say yes."""
        ...


def share_tables(team: Told, numbers: int) -> SharedTables | None:
    """Set tables up; None where processes are many, not all on this machine, or the memory is not there.

    Args:
        team: The processes.
        numbers: How many float32 each has.
    """
    here = os.environ.get("LOCAL_WORLD_SIZE") == str(team.size) and hasattr(os, "memfd_create")
    if not team.agree(here and team.size <= _MOST_PROCESSES):
        return None
    shape, file = (_TABLES, team.size, numbers), None
    try:
        if team.rank == 0:
            file = _create(4 * _TABLES * team.size * numbers)
        place = "" if file is None else f"/proc/{os.getpid()}/fd/{file}"
        tables = _map(team.tell_bytes(place.encode()).decode(), shape)
        # Once all have mapped it, it lives on in their maps.
        if not team.agree(tables is not None) or tables is None:
            return None
        return SharedTables(tables, team.rank)
    finally:
        if file is not None:
            os.close(file)


def _create(num_bytes: int) -> int | None:
    """Make a file in memory; None where it does not fit, which else would show only when it is written to."""
    file = os.memfd_create("dragoman-gradients")
    try:
        os.posix_fallocate(file, 0, num_bytes)
    except OSError:
        os.close(file)
        return None
    return file


def _map(place: str, shape: tuple[int, ...]) -> Tensor | None:
    if not place:
        return None
    try:
        return torch.from_numpy(np.memmap(place, np.float32, "r+", shape=shape))
    except (OSError, ValueError):
        return None
