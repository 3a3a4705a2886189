"""A corpus in chunks: whatever its lines are, the pairs, lines and problems are those that memory would hold."""

import pytest

from dragoman.data import chunks, files
from dragoman.data.chunks import read_chunks
from dragoman.data.corpus import ReadOptions, read_corpus
from dragoman.errors import DataError

PLAIN = [f"one {n}\teins {n}" for n in range(40)]
ODD = {
    "one column": "no tab",
    "an empty target": "a\t ",
    "blank": "  \t ",
    "nothing": "",
    "a control character": "a\x01\tb",
    "replacement characters": "\ufffd ?\tb",
    "three columns": "a\tb\tc",
    "spaces around": " a\u00a0 \t\u2003b\r",
    "a line separator": "a\u2028b\tc\x85d",
    "tabs of two lines' number": "a\tb\tc\nd",
}


def both(path, columns=None, size=8):
    options = ReadOptions(columns=columns)
    whole = read_corpus(path, options)
    found = list(read_chunks(path, options, size))
    assert [len(one) + len(one.problems) for one in found[:-1]] == [size] * (len(found) - 1)
    assert [pair for one in found for pair in zip(one.src, one.tgt, strict=True)] == whole.pairs
    assert [line for one in found for line in one.lines] == whole.lines
    assert [problem for one in found for problem in one.problems] == whole.problems
    assert {one.path for one in found} == {whole.path}
    return whole


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("place", [0, 7, 8, 12, 39])
def test_one_odd_line_is_found_wherever_it_stands(tmp_path, what, place):
    path = tmp_path / "pairs.tsv"
    path.write_text(
        "\n".join([*PLAIN[:place], ODD[what], *PLAIN[place:]]) + "\n", "utf-8", newline=""
    )
    both(path)


@pytest.mark.parametrize("blank", [1, 4, 10])
def test_blank_lines_count_unless_they_are_the_end(tmp_path, blank):
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join([*PLAIN[:13], *[" "] * blank, *PLAIN[:30], *["\t"] * 2 * blank]))
    whole = both(path, size=4)
    assert len(whole.problems) == blank


def test_header_columns_marks_and_line_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_BLOCK", 50)
    path = tmp_path / "pairs.tsv"
    rows = [f"x\tanswer {n}\ty\task {n}" for n in range(40)]
    path.write_text("\r\n".join(["a\ttgt\tb\tsrc", *rows]), "utf-8-sig", newline="")
    for columns in (None, ("src", "tgt"), ("4", "2")):
        whole = both(path, columns)
        assert whole.pairs[-1] == ("ask 39", "answer 39")


@pytest.mark.parametrize("odd", ["", "a\x02"])
@pytest.mark.parametrize("blank", ["", "\n\n", "\n" * 9])
def test_parallel_files(tmp_path, odd, blank):
    paths = tmp_path / "p.src", tmp_path / "p.tgt"
    lines = [f"line {n}" for n in range(40)]
    paths[0].write_text("\n".join([*lines[:10], odd, *lines]) + blank)
    paths[1].write_text("\n".join([*lines[:20], *lines[9:]]))
    assert len(both(paths).problems) == 1


def test_a_lost_line_of_parallel_files_is_named(tmp_path):
    paths = tmp_path / "p.src", tmp_path / "p.tgt"
    for path, number in zip(paths, (20, 21), strict=True):
        path.write_text("\n".join(f"line {n}" for n in range(number)))
    with pytest.raises(DataError, match="from line 21 on, one file has a line that the other"):
        list(read_chunks(paths, ReadOptions(), 8))


def test_plain_lines_are_never_taken_apart_into_rows(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("a row")

    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(PLAIN))
    paths = tmp_path / "p.src", tmp_path / "p.tgt"
    for one in paths:
        one.write_text("\n".join(PLAIN))
    monkeypatch.setattr(chunks, "keep_usable", refuse)
    assert sum(map(len, read_chunks(path, ReadOptions(), 8))) == 40
    assert sum(map(len, read_chunks(paths, ReadOptions(), 8))) == 40
