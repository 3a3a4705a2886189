"""A shortlist on the kernel: what `encoder.onnx` says of it."""

from __future__ import annotations

import numpy as np

from dragoman.runtime.native.library import UNIT, ShortlistStruct, address
from dragoman.runtime.native.parts import Parts

# As STRIDE of offers.c: what the lengths of words' vectors are multiples of.
_STRIDE = 16


class Offers:
    """The words that a source may be answered with, as the kernel takes them; all that it points to is kept here.

    Args:
        parts: The weights, a shortlist among them.
        sizes: Of the source's and the target's vocabulary.

    Raises:
        KeyError: There is no shortlist.
        ValueError: It is of another model.
    """

    def __init__(self, parts: Parts, sizes: tuple[int, int]) -> None:
        sources, words = sizes
        always, table = parts.shortlist(sources, words)
        vectors, scales, bias = parts.scored(words)
        width = vectors.shape[1]
        vectors = np.ascontiguousarray(np.pad(vectors, ((0, 0), (0, -width % _STRIDE))))
        scales = scales * UNIT
        self._kept = vectors, scales, bias, always, table
        self.struct = ShortlistStruct(
            *(vectors.shape[1], address(vectors), address(scales), address(bias)),
            *(words, len(always), table.shape[1], address(always), address(table)),
        )
