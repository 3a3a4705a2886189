"""Protocol Buffers, as far as an ONNX file needs them: https://protobuf.dev/programming-guides/encoding/."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Take a message apart: fields that are numbers, and fields that are bytes; those of fixed size are passed over.

    Raises:
        IndexError, ValueError: It is no message.
    """
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(message, at)
            yield number, value
        elif wire == 2:
            size, at = varint(message, at)
            if at + size > len(message):
                raise ValueError("a field is longer than the file")
            yield number, message[at : at + size]
            at += size
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError("no Protocol Buffers file")


def varint(message: bytes, at: int) -> tuple[int, int]:
    """Read a number, and say where the next thing begins.

    Raises:
        IndexError: The message ends within it.
    """
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
