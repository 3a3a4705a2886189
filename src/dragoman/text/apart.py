"""Ids made in a process of its own, on a second core, while this one reads on.

A plain child that is spoken to through its pipes: forking is not safe beside the threads of torch and Arrow, and what
`multiprocessing` starts runs the user's program a second time. Frames are a length and so many bytes: first the two
tokenizers, then for each chunk the texts of both sides, for which the rows of both come back.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

import numpy as np

from dragoman.text.bulk import BulkEncoder, Rows
from dragoman.text.tokenizers import Tokenizer

Texts = tuple[Sequence[str], Sequence[str]]
_LENGTH = struct.Struct("<q")


class PairEncoder:
    """Turns chunks of pairs into ids.

    Args:
        tokenizers: The source's and the target's.
        child: Does it, as long as it lives; without one it is done here.
    """

    def __init__(
        self, tokenizers: tuple[Tokenizer, Tokenizer], child: subprocess.Popen[bytes] | None = None
    ) -> None:
        self._child = child
        self._encoders = tuple(BulkEncoder(one, few=0) for one in tokenizers)

    def __call__(self, chunks: Iterable[Texts]) -> Iterator[tuple[Rows, Rows]]:
        """Yield the ids of each chunk, in order; while the child is at one, the next is read."""
        waiting: Texts | None = None
        for chunk in chunks:
            done = None if waiting is None else self._receive(waiting)
            self.send(chunk)
            waiting = chunk
            if done is not None:
                yield done
        if waiting is not None:
            yield self._receive(waiting)

    def send(self, chunk: Texts) -> None:
        """Let the child have two lists of texts."""
        if self._child is None or self._child.stdin is None:
            return
        try:
            for texts in chunk:
                _write(self._child.stdin, "\0".join(texts).encode())
            self._child.stdin.flush()
        except (OSError, ValueError):  # It has died; what it was to do is done here.
            self._child = None

    def _receive(self, chunk: Texts) -> tuple[Rows, Rows]:
        if self._child is not None and self._child.stdout is not None:
            try:
                return _read_rows(self._child.stdout), _read_rows(self._child.stdout)
            except (OSError, EOFError):
                self._child = None
        return self._encoders[0](chunk[0]), self._encoders[1](chunk[1])


@contextmanager
def encoding(tokenizers: tuple[Tokenizer, Tokenizer], *, apart: bool) -> Generator[PairEncoder]:
    """Give what turns pairs into ids: in a process of its own, or here.

    Args:
        tokenizers: The source's and the target's.
        apart: Whether there is a core for it. No text may be empty, or hold a NUL, which parts them on their way.
    """
    if not apart:
        yield PairEncoder(tokenizers)
        return
    # Of its own session, so that Ctrl-C is not its business: it ends when its input does, even if we are killed.
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "dragoman.text.apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        encoder = PairEncoder(tokenizers, child)
        encoder.send(([tokenizers[0].to_json()], [tokenizers[1].to_json()]))
        yield encoder
    finally:
        child.kill()
        with suppress(OSError):  # What it has not read is of no use now.
            child.communicate()


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Do what is asked for, until there is nothing more."""
    try:
        encoders = [BulkEncoder(Tokenizer.from_json(_read(source).decode()), few=0) for _ in "st"]
        while True:
            # Both are read before anything is written, so that nobody waits for somebody who waits.
            sides = [_read(source).decode().split("\0") for _ in encoders]
            for encoder, texts in zip(encoders, sides, strict=True):
                rows = encoder(texts)
                _write(sink, rows.lengths.astype(np.int64).tobytes())
                _write(sink, rows.values.astype(np.int32).tobytes())
            sink.flush()
    except (EOFError, BrokenPipeError):
        return


def _read_rows(source: IO[bytes]) -> Rows:
    lengths = np.frombuffer(_read(source), np.int64)
    return Rows(np.frombuffer(_read(source), np.int32), lengths)


def _write(sink: IO[bytes], content: bytes) -> None:
    sink.write(_LENGTH.pack(len(content)))
    sink.write(content)


def _read(source: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(source, _LENGTH.size))
    return _exactly(source, length)


def _exactly(source: IO[bytes], length: int) -> bytes:
    content = source.read(length)
    if len(content) < length:
        raise EOFError
    return content


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
