"""What a first layer makes of each word: computed when the word is first met, and kept."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from dragoman.search.stepper import Floats, Ids

# Whole numbers up to here are exact in float32, and with them sums of 8-bit products.
_EXACT = 1 << 24
# Where the graphs' tables fit into so many bytes they are made while loading, and kept in 16 bits (docs/bundle.md).
_FOLD_BYTES = 32 << 20


class WordTable:
    """The product of each word's vector with a map, plus a bias: [tokens, outputs].

    Args:
        words: The vectors, 8-bit, and their scales.
        weights: The map, [inputs, outputs], and its scales.
        bias: Added.
    """

    def __init__(
        self,
        words: tuple[NDArray[np.int8], Floats],
        weights: tuple[NDArray[np.int8], Floats],
        bias: Floats,
    ) -> None:
        self._words, self._scales = words
        self._map, self._map_scales = weights[0].astype(np.float32), weights[1]
        self._bias = bias
        size = (len(self._words), len(bias))
        # No page of it is taken before something is written there.
        self.rows: Floats = np.empty(size, dtype=np.float32)
        self._known = np.zeros(len(self._words), dtype=np.bool_)
        self._folded = 2 * size[0] * size[1] <= _FOLD_BYTES
        self._lock = threading.Lock()

    @staticmethod
    def takes(inputs: int) -> bool:
        """Say whether vectors of this width are multiplied exactly."""
        return inputs * 127 * 127 < _EXACT

    def meet(self, ids: Ids) -> None:
        """Make the rows of these words."""
        if self._known[ids].all():
            return
        wanted = np.zeros_like(self._known)
        wanted[ids] = True
        new = np.flatnonzero(wanted & ~self._known)
        with self._lock:
            sums = self._words[new].astype(np.float32) @ self._map
            made = sums * (self._scales[new, None] * self._map_scales) + self._bias
            self.rows[new] = made.astype(np.float16) if self._folded else made
            # Only now: another thread may be reading.
            self._known[new] = True
