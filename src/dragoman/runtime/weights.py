"""The weights of a bundle's graphs, as arrays, for whoever wants to look at them.

ONNX Runtime keeps them to itself, so the graphs' lists of weights are read here: of ONNX's messages this takes the few
fields that it needs (https://onnx.ai/onnx/repo-docs/ExternalData.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dragoman.errors import BundleError
from dragoman.runtime.messages import fields, varint

# Fields of ModelProto, GraphProto, TensorProto and StringStringEntryProto, and data types.
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _NAME, _EXTERNAL = 1, 2, 8, 13
_KEY, _VALUE = 1, 2
_TYPES: dict[int, type[np.generic]] = {1: np.float32, 3: np.int8, 6: np.int32, 10: np.float16}
# What is offered to any source, and to each of its tokens: ids, which are no weights.
ALWAYS, TABLE = "shortlist.always", "shortlist"
_SCALES = ".scales"
_VECTORS = "embedding.weight"
_FOLD_BYTES = 32 << 20

Floats = NDArray[np.float32]


def folds(tokens: int, outputs: int, *, int8: bool) -> bool:
    """Say whether the product of a table of words with a map is made while loading, as it is where that fits.

    Of int8 bundles it is kept in 16 bits (docs/bundle.md).
    """
    return tokens * outputs * (2 if int8 else 4) <= _FOLD_BYTES


def read_weights(*graphs: Path) -> dict[str, Floats]:
    """Read the weights of graphs, 8-bit ones multiplied by their scales.

    Returns:
        By their names: tables of vectors [tokens, size], other maps [inputs, outputs].

    Raises:
        BundleError: A graph is no ONNX file with its weights beside it.
    """
    found = read_tensors(*graphs)
    return {
        name: _restore(name, values, found.get(name + _SCALES))
        for name, values in found.items()
        if not name.endswith(_SCALES) and name not in (ALWAYS, TABLE)
    }


def read_tensors(*graphs: Path) -> dict[str, NDArray[np.generic]]:
    """Read the weights of graphs as they are stored, 8-bit ones beside their `.scales`.

    Raises:
        BundleError: A graph is no ONNX file with its weights beside it.
    """
    found: dict[str, NDArray[np.generic]] = {}
    for path in graphs:
        try:
            found |= dict(_tensors(path.read_bytes(), _Files(path.parent)))
        except (IndexError, ValueError, KeyError, OSError) as error:
            raise BundleError(f"{path}: its weights cannot be read ({error}).") from None
    return found


def tensors_of(graphs: Sequence[bytes], weights: bytes) -> dict[str, NDArray[np.generic]]:
    """Read the weights of graphs that are in memory, as is the one file of all their weights.

    Raises:
        IndexError, KeyError, ValueError: A graph is no ONNX file.
    """
    found: dict[str, NDArray[np.generic]] = {}
    for graph in graphs:
        found |= dict(_tensors(graph, lambda _: weights))
    return found


def _restore(name: str, values: NDArray[np.generic], scales: NDArray[np.generic] | None) -> Floats:
    restored = values.astype(np.float32)
    if scales is None:
        return restored
    return restored * (scales[:, None] if name.endswith(_VECTORS) else scales).astype(np.float32)


class _Files:
    """The files of a folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._contents = folder, dict[str, bytes]()

    def __call__(self, name: str) -> bytes:
        if name not in self._contents:
            self._contents[name] = (self._folder / name).read_bytes()
        return self._contents[name]


def _tensors(
    model: bytes, file_of: Callable[[str], bytes]
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Give a graph's weights that lie in a file beside it."""
    for graph in (value for number, value in fields(model) if number == _GRAPH):
        for tensor in (value for number, value in fields(graph) if number == _INITIALIZER):
            parts = [*fields(tensor)]
            places = dict(_entry(value) for number, value in parts if number == _EXTERNAL)
            kinds = [value for number, value in parts if number == _TYPE]
            if not places or kinds[0] not in _TYPES:
                continue
            dims = [dim for number, value in parts if number == _DIMS for dim in _dims(value)]
            name = next(bytes(value).decode() for number, value in parts if number == _NAME)
            file = Path(places["location"]).name
            yield (
                name,
                np.frombuffer(
                    file_of(file),
                    dtype=_TYPES[kinds[0]],
                    count=int(np.prod(dims)),
                    offset=int(places["offset"]),
                ).reshape(dims),
            )


def _dims(value: int | bytes) -> list[int]:
    """Read a dimension, or several that are packed together."""
    if isinstance(value, int):
        return [value]
    dims, at = list[int](), 0
    while at < len(value):
        dim, at = varint(value, at)
        dims.append(dim)
    return dims


def _entry(message: bytes) -> tuple[str, str]:
    parts = dict(fields(message))
    return bytes(parts[_KEY]).decode(), bytes(parts[_VALUE]).decode()
