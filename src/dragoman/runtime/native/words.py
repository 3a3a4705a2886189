"""What a first layer makes of each word: computed when the word is first met, and kept."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_float, c_int8, c_uint8

import numpy as np
from numpy.typing import NDArray

from dragoman.runtime.native.library import Packed, WordsStruct, address
from dragoman.runtime.weights import folds
from dragoman.search.stepper import Floats, Ids

# Whole numbers up to here are exact in float32, and with them sums of 8-bit products.
_EXACT = 1 << 24


class WordTable:
    """The product of each word's vector with a map, plus a bias: [tokens, outputs].

    Args:
        kernel: What computes it.
        words: The vectors, 8-bit, and their scales.
        weights: The map, [inputs, outputs], and its scales.
        bias: Added.
    """

    def __init__(
        self,
        kernel: ctypes.CDLL,
        words: tuple[NDArray[np.int8], Floats],
        weights: tuple[NDArray[np.int8], Floats],
        bias: Floats,
    ) -> None:
        vectors, scales = (np.ascontiguousarray(one) for one in words)
        tokens, width = vectors.shape
        # No page of it is taken before something is written there.
        self.rows: Floats = np.empty((tokens, len(bias)), dtype=np.float32)
        self._kernel, self._known = kernel, np.zeros(tokens, dtype=np.uint8)
        packed = Packed(*weights, np.float32(1))
        self._kept = vectors, scales, packed, bias
        floats = POINTER(c_float)
        self.struct = WordsStruct(
            width,
            int(folds(tokens, len(bias), int8=True)),
            vectors.ctypes.data_as(POINTER(c_int8)),
            scales.ctypes.data_as(floats),
            ctypes.pointer(packed.struct),
            bias.ctypes.data_as(floats),
            self.rows.ctypes.data_as(floats),
            self._known.ctypes.data_as(POINTER(c_uint8)),
        )

    @staticmethod
    def takes(inputs: int) -> bool:
        """Say whether vectors of this width are multiplied exactly."""
        return inputs * 127 * 127 < _EXACT

    def meet(self, ids: Ids) -> None:
        """Make the rows of these words.

        Raises:
            IndexError: There is no such word.
        """
        self.check(ids)
        ids = np.ascontiguousarray(ids)
        if not self._kernel.dragoman_meet(self.struct, address(ids), ids.size):
            raise MemoryError

    def check(self, ids: Ids) -> None:
        """See to it that there are such words.

        Raises:
            IndexError: There are not.
        """
        if ids.size and not 0 <= ids.min() <= ids.max() < len(self.rows):
            raise IndexError(f"ids from {ids.min()} to {ids.max()} of {len(self.rows)} words")
