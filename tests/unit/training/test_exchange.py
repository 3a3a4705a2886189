"""Gradients added up in memory that processes share: the sum, whoever is first, and nothing left behind."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from dragoman.training.exchange import share_tables


@dataclass
class Beside:
    """One of several processes, all of them here in one: each does what is asked of it while the one before waits."""

    rank: int
    size: int
    told: list[bytes]
    tables: list = field(default_factory=list)
    answers: int = 0
    numbers: int = 5

    def tell_bytes(self, content):
        if self.rank == 0:
            self.told.append(content)
        return self.told[0]

    def agree(self, value):
        self.answers += 1
        # The last of the questions: by now the first process has told where the memory is.
        if self.answers == 2 and self.rank + 1 < self.size:
            after = Beside(self.rank + 1, self.size, self.told, self.tables)
            self.tables.insert(0, share_tables(after, self.numbers))
        return value


def tables_of(size, monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(size))
    first = Beside(0, size, [])
    return [share_tables(first, first.numbers), *first.tables]


def summed(tables, vectors):
    """Each writes, and lets the next one go on; the last one that has written is the first to read."""
    sums = {}

    def go(rank):
        def sign():
            if rank + 1 < len(tables):
                go(rank + 1)

        parts = [vectors[rank][:2], vectors[rank][2:]]
        sums[rank] = tables[rank].add_up(parts, sign).clone()

    go(0)
    return [sums[rank] for rank in range(len(tables))]


def open_files():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize("size", [2, 3, 4])
def test_all_have_the_same_sum_step_after_step(monkeypatch, size):
    files = open_files()
    tables = tables_of(size, monkeypatch)
    assert len(tables) == size
    # That of each map, which the map itself holds; the first process's own is closed.
    assert len(open_files() - files) == size
    chance = torch.Generator().manual_seed(1)
    for _ in range(5):
        vectors = [torch.randint(-50, 50, (5,), generator=chance).float() for _ in range(size)]
        wanted = torch.stack(vectors).sum(0)
        for found in summed(tables, vectors):
            assert torch.equal(found, wanted)


def test_who_is_ahead_does_not_disturb_who_still_reads(monkeypatch):
    """One has gone on to the next step, and written, before the other has read."""
    first, second = tables_of(2, monkeypatch)
    ones = [torch.ones(5)]

    def ahead():
        second.add_up(ones, lambda: None)
        second.tables[1, 1] = 7.0  # What it would write next.

    assert torch.equal(first.add_up(ones, ahead), torch.full((5,), 2.0))


def test_without_the_memory_or_on_several_machines_there_are_none(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        assert tables_of(2, patch) == [None, None]
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1")
    assert share_tables(Beside(0, 2, []), 5) is None
