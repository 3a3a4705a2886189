"""The kernel, compiled once for the machine at hand: where it lies, and how it is called.

A wheel stays pure Python. `dragoman accelerate` compiles the C files of this folder, as one, with the machine's own C
compiler into the user's cache; where it has not, or where DRAGOMAN_NATIVE is 0, bundles run on ONNX Runtime.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from ctypes import POINTER, c_double, c_float, c_int, c_int8, c_int64, c_uint8, c_void_p
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.errors import ExportError

_FLAGS = (
    "-O3",
    "-march=native",
    "-std=gnu99",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
)
# Activations are rounded to so many parts of the largest.
UNIT = np.float32(1) / np.float32(127)
# One after the other they are one file: each knows what stands in those before it.
_FILES = (
    *("yard.c", "lanes.c", "products.c", "functions.c", "words.c", "encoder.c", "offers.c"),
    *("decoder.c", "scores.c", "search.c"),
)
_WIDE = 16  # Outputs that stand together in a packed matrix, as in products.c.


class MatrixStruct(ctypes.Structure):
    """`matrix` of products.c."""

    _fields_ = (
        ("inputs", c_int64),
        ("outputs", c_int64),
        ("packed", POINTER(c_int8)),
        ("scales", POINTER(c_float)),
    )


class WordsStruct(ctypes.Structure):
    """`word_table` of words.c."""

    _fields_ = (
        ("width", c_int64),
        ("folded", c_int64),
        ("vectors", POINTER(c_int8)),
        ("scales", POINTER(c_float)),
        ("map", POINTER(MatrixStruct)),
        ("bias", POINTER(c_float)),
        ("rows", POINTER(c_float)),
        ("known", POINTER(c_uint8)),
    )


class EncoderStruct(ctypes.Structure):
    """`encoder` of encoder.c."""

    _fields_ = (
        *((name, c_int64) for name in ("hidden", "layers", "directions", "mapped")),
        *((name, c_int64) for name in ("looks", "bridge", "decoder_layers", "carried")),
        ("tables", POINTER(WordsStruct)),
        ("recurrent", POINTER(MatrixStruct)),
        ("input", POINTER(MatrixStruct)),
        ("bias", POINTER(POINTER(c_float))),
        ("start", POINTER(MatrixStruct)),
        ("start_bias", POINTER(c_float)),
        ("keys", POINTER(MatrixStruct)),
        ("values", POINTER(MatrixStruct)),
        ("own", POINTER(WordsStruct) * 2),
    )


class DecoderStruct(ctypes.Structure):
    """`decoder` of decoder.c."""

    _fields_ = (
        *((name, c_int64) for name in ("hidden", "layers", "vocabulary", "looks", "cell")),
        *((name, c_int64) for name in ("query", "found")),
        ("table", POINTER(WordsStruct)),
        ("recurrent", POINTER(MatrixStruct)),
        ("input", POINTER(MatrixStruct)),
        ("bias", POINTER(POINTER(c_float))),
        ("output", MatrixStruct),
        ("map", MatrixStruct),
        ("words", MatrixStruct),
        ("words_bias", POINTER(c_float)),
    )


class ReadStruct(ctypes.Structure):
    """`left` of encoder.c."""

    _fields_ = tuple((name, c_void_p) for name in ("read", "keys", "values", "mask", "state"))


class ShortlistStruct(ctypes.Structure):
    """`shortlist` of offers.c."""

    _fields_ = (
        ("width", c_int64),
        *((name, c_void_p) for name in ("vectors", "scales", "bias")),
        *((name, c_int64) for name in ("words", "num_always", "each")),
        *((name, c_void_p) for name in ("always", "table")),
    )


class StepStruct(ctypes.Structure):
    """`step` of decoder.c."""

    _fields_ = (
        *((name, c_int64) for name in ("sentences", "beams", "length")),
        *((name, c_void_p) for name in ("last", "places", "src", "state")),
        *((name, c_void_p) for name in ("keys", "values", "mask", "new_state", "weights")),
    )


class YardStruct(ctypes.Structure):
    """`yard` of yard.c."""

    _fields_ = (
        ("block", c_void_p),
        *((name, c_int64) for name in ("size", "used", "wanted")),
        ("beside", c_void_p),
        ("failed", c_int64),
    )


class TaskStruct(ctypes.Structure):
    """`task` of search.c."""

    _fields_ = (
        *((name, c_int64) for name in ("sentences", "size", "steps", "num_banned", "least")),
        *((name, c_void_p) for name in ("banned", "longest")),
        ("penalty", c_double),
        ("length", c_int64),
        ("src", c_void_p),
        ("words", POINTER(ShortlistStruct)),
        ("yard", POINTER(YardStruct)),
    )


class EndsStruct(ctypes.Structure):
    """`ends` of search.c."""

    _fields_ = tuple(
        (name, c_void_p)
        for name in ("found", "order", "counts", "scores", "ids", "gained", "weights")
    )


def address(values: NDArray[Any]) -> int:
    """Give where an array lies; whoever hands it to C keeps the array."""
    assert values.flags.c_contiguous
    return values.ctypes.data


class Packed:
    """An int8 matrix as the kernel reads it.

    Args:
        values: [inputs, outputs].
        scales: One an output.
        step: What a whole number of the activations stands for.
    """

    def __init__(
        self,
        values: NDArray[np.int8],
        scales: NDArray[np.float32],
        step: np.float32 = UNIT,
    ) -> None:
        inputs, outputs = values.shape
        padded = np.pad(values, ((0, inputs % 2), (0, -outputs % _WIDE)))
        blocks = padded.reshape(len(padded) // 2, 2, -1, _WIDE)
        self._values = np.ascontiguousarray(blocks.transpose(2, 0, 3, 1))
        # As the graphs do it: the scale of the activations is multiplied in first.
        self._scales = np.pad(scales * step, (0, -outputs % _WIDE)).astype(np.float32)
        self.inputs, self.outputs = inputs, outputs
        self.struct = MatrixStruct(
            len(padded),
            outputs,
            self._values.ctypes.data_as(POINTER(c_int8)),
            self._scales.ctypes.data_as(POINTER(c_float)),
        )


def compiled() -> Path:
    """Say where the kernel of this version lies, or would lie, for this machine."""
    about = (source(), " ".join(_FLAGS), platform.machine(), _processor())
    key = hashlib.sha256("\0".join(about).encode()).hexdigest()[:16]
    return _cache() / f"kernel-{key}.so"


def compile_kernel() -> Path:
    """Compile the kernel for this machine.

    Raises:
        ExportError: There is no C compiler, or it fails.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise ExportError(
            "no C compiler was found (cc, or what CC names); install one, such as gcc. Without it bundles run as "
            "before, on ONNX Runtime."
        )
    out = compiled()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            code, made = Path(folder) / "kernel.c", Path(folder) / "kernel.so"
            code.write_text(source(), encoding="utf-8")
            command = [compiler, *_FLAGS, str(code), "-o", str(made), "-lm"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ExportError(f"{compiler} cannot compile the kernel: {done.stderr[-500:]}")
            made.replace(out)
    except OSError as error:
        raise ExportError(f"{out}: cannot be written ({error.strerror or error}).") from None
    load_kernel.cache_clear()
    return out


@cache
def load_kernel() -> ctypes.CDLL | None:
    """Load the kernel, if it has been compiled for this machine and is wanted."""
    path = compiled()
    if os.environ.get("DRAGOMAN_NATIVE") == "0" or not path.is_file():
        return None
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    matrix, pointer, number = POINTER(MatrixStruct), ctypes.c_void_p, c_int64
    library.dragoman_linear.argtypes = (matrix, pointer, number, number, c_int, pointer, pointer)
    encoder, decoder = POINTER(EncoderStruct), POINTER(DecoderStruct)
    short, step, task = POINTER(ShortlistStruct), POINTER(StepStruct), POINTER(TaskStruct)
    library.dragoman_encode.argtypes = (encoder, pointer, number, number, POINTER(ReadStruct))
    library.dragoman_meet.argtypes = (POINTER(WordsStruct), pointer, number)
    library.dragoman_step.argtypes = (decoder, short, step, pointer, pointer)
    library.dragoman_best.argtypes = (
        *(pointer, pointer, number, number, pointer, number, number),
        *(pointer, pointer),
    )
    library.dragoman_best.restype = None
    library.dragoman_greedy.argtypes = (encoder, decoder, task, *[pointer] * 4)
    library.dragoman_beam.argtypes = (encoder, decoder, task, POINTER(EndsStruct))
    return library


@cache
def source() -> str:
    """Give the kernel's files as one."""
    folder = files("dragoman.runtime.native")
    return "".join((folder / name).read_text(encoding="utf-8") for name in _FILES)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "dragoman"


def _processor() -> str:
    """Say what the processor can do: a home may be shared by machines of several kinds."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    told = (line for line in lines if line.startswith(("flags", "Features", "model name")))
    return "\n".join(sorted(set(told))) or platform.processor()
