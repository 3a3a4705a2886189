"""Numbers and bytes as C writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTH = 116
_PLAIN = {code: chr(code) for code in range(32, 127) if chr(code) not in '"\\?'}
_LINE_BYTES = 36


def string(content: bytes) -> str:
    r"""Write bytes as string literals, a line each; `?` is escaped because of trigraphs."""
    lines = [content[at : at + _LINE_BYTES] for at in range(0, len(content), _LINE_BYTES)]
    return "\n".join(f'    "{_escaped(line)}"' for line in lines) or '    ""'


def _escaped(line: bytes) -> str:
    text = "".join(_PLAIN.get(code) or f"\\{code:o}|" for code in line)
    # An escape ends at a digit that is none of its own only where it has all three.
    text = re.sub(r"\\([0-7]{1,2})\|(?=[0-7])", lambda one: f"\\{one[1]:0>3}", text)
    return re.sub(r"(\\[0-7]{1,3})\|", r"\1", text)


def numbers(values: Iterable[Any]) -> str:
    """Write numbers, or other things between commas, in lines."""
    lines, line = list[str](), "   "
    for value in values:
        word = f" {value},"
        if len(line) + len(word) > _WIDTH:
            lines.append(line)
            line = "   "
        line += word
    return "\n".join([*lines, line])


def floats(values: NDArray[np.float32]) -> str:
    """Write float32 numbers by their fewest digits that are exact."""
    return numbers(f"{value!s}f" for value in values.reshape(-1))


def array(kind: str, name: str, content: str, dims: str = "[]") -> str:
    """Declare a constant array."""
    return f"static const {kind} {name}{dims} = {{\n{content}\n}};\n"


def text_array(kind: str, name: str, content: bytes) -> str:
    """Declare a constant array of bytes."""
    return f"static const {kind} {name}[] =\n{string(content)};\n"


def records(kind: str, name: str, rows: Sequence[Sequence[int | str]]) -> str:
    """Declare a constant array of small records."""
    return array(kind, name, numbers("{" + ", ".join(map(str, row)) + "}" for row in rows))


def ranges(codes: Iterable[int]) -> list[tuple[int, int]]:
    """Put numbers that follow each other together: (first, last)."""
    found: list[tuple[int, int]] = []
    for code in sorted(codes):
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found
