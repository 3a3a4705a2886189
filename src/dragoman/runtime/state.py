"""What a bundle's decoder carries, and how to look at it: the same whatever computes its steps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.errors import BundleError
from dragoman.runtime.bundle import ENCODER, STEP, WEIGHTS, Bundle
from dragoman.runtime.weights import read_weights
from dragoman.search.stepper import Floats, Ids


@dataclass(frozen=True)
class BundleState:
    """What a decoder carries from step to step, as a value.

    Attributes:
        seen: What belongs to a sentence, by the names of the graphs' inputs: [sentences, ...].
        rows: What belongs to a hypothesis: [sentences, beams, width].
        batch: What belongs to the batch, where a shortlist chose its words: their vectors and biases.
        offer: Their ids, [words].
        places: Which row of `seen` belongs to each sentence, where those of sentences that have left are still there.
    """

    seen: dict[str, NDArray[Any]]
    rows: Floats
    batch: dict[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])
    offer: Ids | None = None
    places: Ids | None = None

    def select(self, rows: Ids) -> BundleState:
        """Reorder, repeat or drop hypotheses; sentences without any leave too.

        Where every sentence keeps equally many hypotheses, side by side, what belongs to a sentence stays one
        copy. Otherwise each row gets its own. Where there are `places`, only these are changed.
        """
        sentences, beams, width = self.rows.shape
        moved = self.rows.reshape(-1, width)[rows]
        of = rows // beams
        first = np.flatnonzero(np.diff(of, prepend=-1))
        kept, count = of[first], len(of) // max(len(first), 1)
        if len(of) != count * len(first) or (np.diff(first) != count).any():
            kept, count = of, 1
        carried = moved.reshape(len(kept), count, width)
        if self.places is not None:
            return replace(self, rows=carried, places=self.places[kept])
        seen = self.seen
        if len(kept) != sentences or (kept != np.arange(sentences)).any():
            seen = {name: values[kept] for name, values in seen.items()}
        return replace(self, seen=seen, rows=carried)


class BundleReader:
    """All of a bundle's stepper but the reading and the steps.

    Args:
        bundle: A checked one.

    Attributes:
        hidden: Which columns of a state are the decoder's top hidden state.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.hidden = slice(*bundle.hidden)
        self._folder, self._sum = bundle.folder, bundle.sums[WEIGHTS]

    def select(self, state: BundleState, rows: Ids) -> BundleState:
        """Reorder, repeat or drop rows."""
        return state.select(rows)

    def look(self, state: BundleState) -> tuple[Floats, Floats]:
        """Return the first row's memory, [src_len, memory], and its decoder's top hidden state, [hidden]."""
        first = 0 if state.places is None else int(state.places[0])
        return state.seen["memory"][first], state.rows[0, 0, self.hidden]

    def carried(self, state: BundleState) -> Floats:
        """Return all that the first row carries: h of each layer, an LSTM's c, what else it reads: [width]."""
        return state.rows[0, 0]

    def parameters(self) -> Mapping[str, Floats]:
        """Read the weights, by their names in the graphs.

        Raises:
            BundleError: The folder holds other ones by now.
        """
        path = self._folder / WEIGHTS
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != self._sum:
            raise BundleError(f"{path}: has changed since the model was loaded; load it again.")
        return read_weights(*(self._folder / name for name in (ENCODER, STEP)))

    def hide(self, state: BundleState, positions: Ids) -> BundleState:
        """Keep attention from looking at some source tokens."""
        if "mask" not in state.seen:
            return state
        mask = state.seen["mask"].copy()
        mask[..., positions] = -np.inf
        return replace(state, seen=state.seen | {"mask": mask})

    def blend(self, state: BundleState, other: BundleState, share: float) -> BundleState:
        """Mix another sentence's context vector into this one's; `share` is the other's."""
        mixed = np.float32(1 - share) * state.rows + np.float32(share) * other.rows
        return replace(state, rows=mixed.astype(np.float32))
