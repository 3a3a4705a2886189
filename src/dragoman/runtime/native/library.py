"""The kernel, compiled once for the machine at hand: where it lies, and how it is called.

A wheel stays pure Python. `dragoman accelerate` compiles `kernel.c` with the machine's own C compiler into the user's
cache; where it has not, or where DRAGOMAN_NATIVE is 0, bundles run on ONNX Runtime.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from ctypes import POINTER, c_float, c_int, c_int8, c_int64
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
_WIDE = 16  # Outputs that stand together in a packed matrix, as in kernel.c.


class MatrixStruct(ctypes.Structure):
    """`matrix` of kernel.c."""

    _fields_ = (
        ("inputs", c_int64),
        ("outputs", c_int64),
        ("packed", POINTER(c_int8)),
        ("scales", POINTER(c_float)),
    )


class DecoderStruct(ctypes.Structure):
    """`decoder` of kernel.c."""

    _fields_ = (
        *((name, c_int64) for name in ("hidden", "layers", "vocabulary", "query", "looks")),
        ("table", POINTER(c_float)),
        ("recurrent", POINTER(MatrixStruct)),
        ("input", POINTER(MatrixStruct)),
        ("bias", POINTER(POINTER(c_float))),
        ("output", MatrixStruct),
        ("map", MatrixStruct),
        ("words", MatrixStruct),
        ("words_bias", POINTER(c_float)),
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
    """

    def __init__(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> None:
        inputs, outputs = values.shape
        padded = np.pad(values, ((0, inputs % 2), (0, -outputs % _WIDE)))
        blocks = padded.reshape(len(padded) // 2, 2, -1, _WIDE)
        self._values = np.ascontiguousarray(blocks.transpose(2, 0, 3, 1))
        # As the graphs do it: the scale of the activations is multiplied in first.
        step = np.float32(1) / np.float32(127)
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
    about = (_source(), " ".join(_FLAGS), platform.machine(), _processor())
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
            source, made = Path(folder) / "kernel.c", Path(folder) / "kernel.so"
            source.write_text(_source(), encoding="utf-8")
            command = [compiler, *_FLAGS, str(source), "-o", str(made), "-lm"]
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
    library.dragoman_read.argtypes = (
        *(matrix, number, pointer, pointer, pointer, number, number, c_int),
        *(pointer, pointer, pointer, number),
    )
    library.dragoman_step.argtypes = (
        POINTER(DecoderStruct),
        number,
        number,
        number,
        *[pointer] * 10,
    )
    library.dragoman_best.argtypes = (
        *(pointer, pointer, number, number, pointer, number, number),
        *(pointer, pointer),
    )
    library.dragoman_best.restype = None
    return library


@cache
def _source() -> str:
    return (files("dragoman.runtime.native") / "kernel.c").read_text(encoding="utf-8")


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "dragoman"


def _processor() -> str:
    """Say what the processor can do: a home may be shared by machines of several kinds."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    told = (line for line in lines if line.startswith(("flags", "Features", "model name")))
    return "\n".join(sorted(set(told))) or platform.processor()
