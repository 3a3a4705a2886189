"""A bundle's weights by name, checked and packed for the kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.config import ModelConfig
from dragoman.runtime.native.library import Packed
from dragoman.runtime.native.words import WordTable
from dragoman.runtime.weights import ALWAYS, TABLE
from dragoman.search.stepper import Floats
from dragoman.text.vocabulary import EOS

_SCALES = ".scales"


@dataclass(frozen=True)
class Cell:
    """A cell that the kernel has.

    Attributes:
        number: As in decoder.c.
        gates: How many times as wide as its state its gates are.
        carried: Likewise what it goes on with.
        recurrent: Whether its gates read the state through a matrix.
    """

    number: int
    gates: int
    carried: int
    recurrent: bool


CELLS = {"lstm": Cell(0, 4, 2, True), "ssru": Cell(1, 2, 1, False)}


class Parts:
    """Gives weights in the forms that the kernel takes; each asks for the shape that the recipe says.

    Args:
        model: The recipe.
        tensors: The weights as they are stored.
        kernel: The kernel.
    """

    def __init__(
        self, model: ModelConfig, tensors: Mapping[str, NDArray[Any]], kernel: ctypes.CDLL
    ) -> None:
        self.model, self._tensors, self._kernel = model, tensors, kernel
        self.tied = model.generator == "tied"

    def has(self, name: str) -> bool:
        """Say whether there is such a weight."""
        return name in self._tensors

    def floats(self, name: str, size: int) -> Floats:
        """Give a vector."""
        return _aligned(_checked(name, self._tensors[name], (size,), np.float32))

    def map(self, name: str, shape: tuple[int, int]) -> Packed:
        """Give a map, [inputs, outputs]."""
        return Packed(*self._int8(name, shape, shape[1]))

    def scored(self, words: int) -> tuple[NDArray[np.int8], Floats, Floats]:
        """Give what words are scored by: their vectors, [words, width], the scales of these, and biases."""
        bias = self.floats("generator.bias", words)
        if self.tied:
            name = "src_embedding.weight" if self.model.tie_embeddings else "tgt_embedding.weight"
            return *self._int8(name, (words, self.model.embedding_size), words), bias
        shape = self.model.hidden_size, words
        values, scales = self._int8("generator.W.weight", shape, words)
        return values.T, scales, bias

    def shortlist(self, sources: int, words: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Give what is offered to any source, and, [sources, each], to each of its tokens."""
        found = [self._tensors[name] for name in (ALWAYS, TABLE)]
        always, table = (_checked("shortlist", one, one.shape, np.int32) for one in found)
        told = always.ndim == 1 and table.ndim == 2 and len(table) == sources and EOS in always
        if not told or not all(0 <= one.min() <= one.max() < words for one in found if one.size):
            raise ValueError("a shortlist of another model")
        return np.ascontiguousarray(always), np.ascontiguousarray(table)

    def words(self, name: str, num_words: int, cell: str, outputs: int) -> WordTable:
        """Give what a first layer makes of words."""
        weights = f"{cell}.weight_ih:0-{self.model.embedding_size}"
        return self.table(name, num_words, weights, self.floats(f"{cell}.bias", outputs))

    def table(self, name: str, num_words: int, weights: str, bias: Floats) -> WordTable:
        """Give what a map makes of words."""
        width, outputs = self.model.embedding_size, len(bias)
        return WordTable(
            self._kernel,
            self._int8(name, (num_words, width), num_words),
            self._int8(weights, (width, outputs), outputs),
            bias,
        )

    def _int8(
        self, name: str, shape: tuple[int, int], outputs: int
    ) -> tuple[NDArray[np.int8], Floats]:
        values = _checked(name, self._tensors[name], shape, np.int8)
        return values, self.floats(name + _SCALES, outputs)


def _checked(
    name: str, values: NDArray[Any], shape: tuple[int, ...], kind: type[np.generic]
) -> NDArray[Any]:
    if values.shape != shape or values.dtype != kind:
        raise ValueError(f"{name} is {values.dtype} {values.shape}, expected {shape}")
    return values


def _aligned(values: Floats) -> Floats:
    return np.ascontiguousarray(values)
