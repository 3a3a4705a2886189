"""Why LSTM and GRU instead of a plain RNN: how much of the loss's gradient reaches the first word, by length.

What a network shall learn from the first word comes to it as a product of as many derivatives as there are words
behind it, which vanishes or explodes (Bengio et al. 1994, doi:10.1109/72.279181; Pascanu et al. 2013,
arXiv:1211.5063); the LSTM's memory is made so that it need not (Hochreiter & Schmidhuber 1997,
doi:10.1162/neco.1997.9.8.1735). Here each cell reads random words and has to say the first one at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from dragoman.errors import InputError
from dragoman.nn.cells import CELLS

_WORDS, _EMBEDDING, _HIDDEN = 16, 32, 64
_BATCH, _RATE = 64, 0.004
_SHORTEST, _LONGEST = 2, 30
_SAMPLES = 256


@dataclass(frozen=True)
class GradientOptions:
    """What to measure.

    Attributes:
        cells: Rows of CELLS.
        lengths: Words of a sequence.
        steps: Of training, on lengths from 2 to 30.
        seed: Of weights and words.
    """

    cells: Sequence[str] = ("rnn", "gru", "lstm")
    lengths: Sequence[int] = (2, 5, 10, 20, 30, 60)
    steps: int = 600
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be measured.

        Raises:
            InputError: An unknown cell, or a number that is too small.
        """
        unknown = [cell for cell in self.cells if cell not in CELLS]
        if unknown or not self.cells:
            raise InputError(
                f"cells: {unknown or 'none'} given; expected some of {', '.join(CELLS)}."
            )
        if not self.lengths or min(self.lengths) < 1 or self.steps < 0:
            raise InputError(
                "lengths and steps: expected lengths of at least 1 and steps of at least 0."
            )


@dataclass(frozen=True)
class CellStudy:
    """What was seen of a cell, a number a length.

    Attributes:
        cell: A row of CELLS.
        before: The gradient that reaches the first word, as a share of that of the last; before training.
        after: The same after training.
        right: How often the first word was recalled then, in percent.
    """

    cell: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    right: tuple[float, ...]


class Recaller(nn.Module):
    """Reads words with one layer of a cell, and says from its last state which was the first."""

    def __init__(self, cell: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(_WORDS, _EMBEDDING)
        self.cell = CELLS[cell](_EMBEDDING, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, _WORDS)

    def forward(self, x: Float[Tensor, "batch steps embedding"]) -> Float[Tensor, "batch words"]:
        """Score the words that the first may have been."""
        zero = x.new_zeros(len(x), _HIDDEN)
        _, (h, _) = self.cell.sequence(x, (zero, zero if self.cell.has_memory else None))
        return self.out(h)


def study_gradient(options: GradientOptions) -> list[CellStudy]:
    """Train a small network a cell, and measure each before and after; the same on any number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_study(cell, options) for cell in options.cells]
    finally:
        torch.set_num_threads(threads)


def _study(cell: str, options: GradientOptions) -> CellStudy:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        network = Recaller(cell)
        before = [first_share(network, length) for length in options.lengths]
        _train(network, options.steps)
        after = [first_share(network, length) for length in options.lengths]
        right = [_recall(network, length) for length in options.lengths]
    return CellStudy(cell, tuple(before), tuple(after), tuple(right))


def first_share(network: Recaller, length: int) -> float:
    """Measure ``|dL / dx_1| / |dL / dx_T|``, means over random sequences of T words."""
    ids = _draw(_SAMPLES, length)
    x = network.embedding(ids).detach().requires_grad_()
    loss = functional.cross_entropy(network(x), ids[:, 0], reduction="sum")
    (gradient,) = torch.autograd.grad(loss, x)
    norms = gradient.norm(dim=2).mean(dim=0)
    return float(norms[0] / norms[-1])


@torch.inference_mode()
def _recall(network: Recaller, length: int) -> float:
    ids = _draw(_SAMPLES, length)
    said = network(network.embedding(ids)).argmax(dim=1)
    return 100 * float((said == ids[:, 0]).float().mean())


def _train(network: Recaller, steps: int) -> None:
    optimiser = torch.optim.Adam(network.parameters(), lr=_RATE)
    for _ in range(steps):
        ids = _draw(_BATCH, int(torch.randint(_SHORTEST, _LONGEST + 1, ())))
        loss = functional.cross_entropy(network(network.embedding(ids)), ids[:, 0])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()


def _draw(batch: int, length: int) -> Int[Tensor, "batch length"]:
    return torch.randint(_WORDS, (batch, length))
