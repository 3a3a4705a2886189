import io
import os
import threading

import pytest

from dragoman.cli.lines import CHUNK_LINES, Unreadable, opened, read_chunks, write_lines
from dragoman.errors import InputError


def read(content: bytes, encoding: str = "utf-8") -> list[str]:
    unreadable = Unreadable("in", encoding)
    lines = [line for chunk in read_chunks(io.BytesIO(content), unreadable) for line in chunk]
    unreadable.check()
    return lines


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\n\nb\n", ["a", "", "b"]),
        (b"\n", [""]),
        (b"a\n\n", ["a", ""]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        ("a\u2028b\u0085c\x0bd\x0ce\n".encode(), ["a\u2028b\u0085c\x0bd\x0ce"]),
        ("\ufeffa\n".encode(), ["a"]),
        ("나는 학생입니다.\n".encode(), ["나는 학생입니다."]),
    ],
)
def test_only_line_feeds_end_lines(content, lines):
    assert read(content) == lines


def test_a_character_may_be_cut_anywhere():
    content = "가나다\n라마바\n".encode() * 3

    class Slow(io.BytesIO):
        def read1(self, size=-1, /):
            return super().read1(1)

    lines = [
        line for chunk in read_chunks(Slow(content), Unreadable("in", "utf-8")) for line in chunk
    ]
    assert lines == ["가나다", "라마바"] * 3


def test_other_encodings():
    assert read("나는\n학생\n".encode("cp949"), "cp949") == ["나는", "학생"]
    assert read("나는\n학생\n".encode("utf-16"), "utf-16") == ["나는", "학생"]


def test_chunks_are_small():
    chunks = list(
        read_chunks(io.BytesIO(b"a\n" * (2 * CHUNK_LINES + 5)), Unreadable("in", "utf-8"))
    )
    assert [len(chunk) for chunk in chunks] == [CHUNK_LINES, CHUNK_LINES, 5]


def test_a_slow_writer_is_answered_at_once():
    receiver, sender = os.pipe()
    with os.fdopen(receiver, "rb") as file, os.fdopen(sender, "wb", buffering=0) as pipe:
        chunks = read_chunks(file, Unreadable("in", "utf-8"))
        pipe.write(b"first\nsec")
        assert next(chunks) == ["first"]
        writer = threading.Timer(0.05, pipe.write, [b"ond\n"])
        writer.start()
        assert next(chunks) == ["second"]
        writer.join()


def test_a_wrong_encoding_names_the_line():
    with pytest.raises(InputError, match=r"in:3 is not UTF-8 \(byte 0xb0\); .*--encoding cp949"):
        read(b"a\nb\n\xb0\xa1\n")
    with pytest.raises(InputError, match=r"in:2 is not UTF-8"):
        read(b"a\n\xed\x95")
    for unknown in ("utf-9", "rot13"):
        with pytest.raises(InputError, match="no text encoding"):
            read(b"a", unknown)


def test_lines_around_one_that_is_no_text_are_read():
    unreadable = Unreadable("in", "utf-8")
    content = b"a\r\n\xff\xfe\r\nb\n\xed\xa0\x80\nc \xc3\xa9\n"
    (lines,) = read_chunks(io.BytesIO(content), unreadable)
    assert lines == ["a", "", "b", "", "c é"]
    with pytest.raises(
        InputError, match=r"in:2 is not UTF-8 \(byte 0xff\), the first of 2 such lines;"
    ):
        unreadable.check()


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")

    def fail():
        with opened(path) as out:
            write_lines(out, ["half"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text(encoding="utf-8") == "old"
    with opened(path) as out:
        write_lines(out, ["new", "é"])
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_bytes() == "new\né\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_and_a_device_stay_what_they_are(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "there.txt")
    with opened(tmp_path / "link") as out:
        write_lines(out, ["a"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there.txt").read_bytes() == b"a\n"
    with opened(tmp_path / "null") as out:
        write_lines(out, ["a"])
    os.mkfifo(tmp_path / "pipe")
    reader = threading.Thread(target=(tmp_path / "pipe").read_bytes)
    reader.start()
    with opened(tmp_path / "pipe") as out:
        write_lines(out, ["a"])
    reader.join()
    assert (tmp_path / "pipe").is_fifo()
