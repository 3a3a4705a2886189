import bz2
import csv
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.data.corpus import (
    Corpus,
    Pair,
    Problem,
    ReadOptions,
    group_references,
    match_key,
    match_keys,
    read_corpus,
    split_by_source,
)
from dragoman.errors import DataError, MissingExtraError

# Characters at which str.splitlines() would cut, quotes, commas, decomposed letters.
PAIRS = [
    Pair("Hello, world", "안녕, 세상"),
    Pair('She said "hi"', "그가 '응'이라고 했다"),
    Pair("a\u2028b\x0bc\x85d\x0ce", "cafe\u0301"),
    Pair("last", unicodedata.normalize("NFD", "한글")),
]


def to_tsv(pairs: list[Pair]) -> bytes:
    return "".join(f"{src}\t{tgt}\n" for src, tgt in pairs).encode()


def to_csv(pairs: list[Pair]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("src", "tgt"), *pairs])
    return buffer.getvalue().encode()


def to_jsonl(pairs: list[Pair]) -> bytes:
    rows = (json.dumps(pair._asdict(), ensure_ascii=False) for pair in pairs)
    return "".join(row + "\n" for row in rows).encode()


def to_parquet(pairs: list[Pair]) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(
        pa.table({"src": [p.src for p in pairs], "tgt": [p.tgt for p in pairs]}), sink
    )
    return sink.getvalue()


WRITERS = {
    ".tsv": to_tsv,
    ".txt": to_tsv,
    ".tab": to_tsv,
    ".csv": to_csv,
    ".jsonl": to_jsonl,
    ".ndjson": to_jsonl,
    ".parquet": to_parquet,
}
PACKERS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path | tuple[Path, Path], options: ReadOptions | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_corpus(path, options or ReadOptions())
    return str(caught.value)


def good_lines(count: int) -> list[str]:
    return [f"source {i}\ttarget {i}" for i in range(1, count + 1)]


# ---------------------------------------------------------------- formats


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_and_compression_round_trips(tmp_path: Path, suffix: str, packed: str) -> None:
    path = write(tmp_path, f"train{suffix}{packed}", PACKERS[packed](WRITERS[suffix](PAIRS)))
    first = 2 if suffix == ".csv" else 1
    assert read_corpus(path) == Corpus(PAIRS, list(range(first, first + 4)), str(path), [])


@pytest.mark.parametrize("packed", PACKERS)
def test_parallel_files_round_trip_and_stay_aligned(tmp_path: Path, packed: str) -> None:
    sides = ["".join(text + "\n" for text in side) for side in zip(*PAIRS, strict=True)]
    paths = (
        write(tmp_path, f"train.en{packed}", PACKERS[packed](sides[0].encode())),
        write(tmp_path, "train.ko", sides[1]),
    )
    corpus = read_corpus(paths)
    assert corpus.pairs == PAIRS
    assert corpus.lines == [1, 2, 3, 4]
    assert corpus.path == f"{paths[0]} + {paths[1]}"
    assert corpus.where(2) == f"{corpus.path}:3"


def test_several_packed_frames_are_one_file(tmp_path: Path) -> None:
    for suffix, pack in PACKERS.items():
        frames = b"".join(pack(to_tsv([pair])) for pair in PAIRS)
        assert read_corpus(write(tmp_path, "a.tsv" + suffix, frames)).pairs == PAIRS


@pytest.mark.parametrize(
    ("name", "content", "columns", "expected"),
    [
        ("third.tsv", "a\tb\tCC-BY\nc\td\n", None, [("a", "b"), ("c", "d")]),
        ("header.tsv", "id\tsource\ttarget\n1\ta\tb\n", None, [("a", "b")]),
        ("numbers.tsv", "1\ta\tb\n2\tc\td\n", (3, 2), [("b", "a"), ("d", "c")]),
        ("digits.tsv", "1\ta\tb\n", ("2", "3"), [("a", "b")]),
        ("quotes.tsv", '"a\t"b" c\n', None, [('"a', '"b" c')]),
        (
            "names.csv",
            "Q,A,label\n12시 땡!,또 가네요.,0\n",
            ("Q", "A"),
            [("12시 땡!", "또 가네요.")],
        ),
        ("bare.csv", "a,b\nc,d\n", None, [("a", "b"), ("c", "d")]),
        ("mixed.csv", "n,Q,A\n1,a,b\n", ("Q", 3), [("a", "b")]),
        ("newline.csv", 'src,tgt\n"a\nb","c ""d"""\n', None, [("a\nb", 'c "d"')]),
        ("spaced.csv", 'src, tgt\n"a, b", "c"\n', None, [("a, b", "c")]),
        ("title.csv", "SRC, Tgt\na,b\n", None, [("a", "b")]),
        ("keys.jsonl", '{"en": "a", "de": "b", "n": 1}\n', ("de", "en"), [("b", "a")]),
        ("other.jsonl", '{"source": "a", "target": "b"}\n', None, [("a", "b")]),
        (
            "hf.jsonl",
            '{"id": 1, "translation": {"en": "a", "de": "b"}}\n',
            ("en", "de"),
            [("a", "b")],
        ),
    ],
)
def test_columns_and_headers(tmp_path: Path, name, content, columns, expected) -> None:
    corpus = read_corpus(write(tmp_path, name, content), ReadOptions(columns=columns))
    assert corpus.pairs == expected
    assert corpus.problems == []


def test_parquet_columns_by_name_number_and_struct(tmp_path: Path) -> None:
    table = pa.table({"id": [1], "translation": [{"en": "a", "de": "b"}]})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    for columns in (("en", "de"), (2, 3)):
        pairs = read_corpus(tmp_path / "x.parquet", ReadOptions(columns=columns)).pairs
        assert sorted(pairs[0]) == ["a", "b"]


def test_csv_lines_are_those_where_a_row_starts(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'src,tgt\n"a\nb",c\nd,\ne,f\n')
    corpus = read_corpus(path)
    assert corpus.lines == [2, 5]
    assert corpus.problems == [Problem(str(path), 4, "the target is empty")]


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("bom.tsv", b"\xef\xbb\xbfa\tb\nc\td\n", "utf-8"),
        ("crlf.tsv", b"a\tb\r\nc\td\r\n", "utf-8"),
        ("no final newline.tsv", b"a\tb\nc\td", "utf-8"),
        ("crlf, none at the end.tsv", b"a\tb\r\nc\td\r", "utf-8"),
        ("blank lines at the end.tsv", b"a\tb\nc\td\n\n \t \n\n", "utf-8"),
        ("spaces.tsv", b" a \tb \nc\t\xc2\xa0d\n", "utf-8"),
        ("utf-16.tsv", "a\tb\nc\td\n".encode("utf-16"), "utf-16"),
        ("utf-16-le.tsv", "\ufeffa\tb\r\nc\td\r\n".encode("utf-16-le"), "utf-16-le"),
        ("excel.csv", b"\xef\xbb\xbfsrc,tgt\r\na,b\r\nc,d\r\n,\r\n", "utf-8"),
    ],
)
def test_marks_and_line_ends_are_dropped(tmp_path: Path, name, content, encoding) -> None:
    corpus = read_corpus(write(tmp_path, name, content), ReadOptions(encoding=encoding))
    assert corpus.pairs == [("a", "b"), ("c", "d")]
    assert corpus.problems == []


def test_another_encoding_is_read_when_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", "안녕\thello\n똠방\tsplash\n".encode("cp949"))
    corpus = read_corpus(path, ReadOptions(encoding="cp949"))
    assert corpus.pairs == [("안녕", "hello"), ("똠방", "splash")]


def test_parallel_files_forgive_blank_lines_at_the_end_only(tmp_path: Path) -> None:
    src = write(tmp_path, "a.en", "a\nb\nc\n\n\n")
    tgt = write(tmp_path, "a.de", "x\n\nz\n")
    corpus = read_corpus((src, tgt))
    assert corpus.pairs == [("a", "x"), ("c", "z")]
    assert corpus.lines == [1, 3]
    assert [str(problem) for problem in corpus.problems] == [f"{tgt}:2: the target is empty"]


def test_the_locale_plays_no_part(tmp_path: Path) -> None:
    write(tmp_path, "a.tsv", to_tsv(PAIRS))
    write(tmp_path, "a.csv.gz", gzip.compress(to_csv(PAIRS)))
    write(tmp_path, "a.jsonl.zst", PACKERS[".zst"](to_jsonl(PAIRS)))
    for side in (0, 1):
        write(tmp_path, f"a.{side}", "".join(pair[side] + "\n" for pair in PAIRS))
    script = (
        "import sys; from pathlib import Path\n"
        "from dragoman.data.corpus import read_corpus\n"
        "assert not sys.flags.utf8_mode\n"
        "root = Path(sys.argv[1])\n"
        "paths = [root / name for name in ('a.tsv', 'a.csv.gz', 'a.jsonl.zst')]\n"
        "paths.append((root / 'a.0', root / 'a.1'))\n"
        "for path in paths: print(ascii(read_corpus(path).pairs))\n"
    )
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PATH": os.defpath}
    flags = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning"]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, *flags, "-c", script, str(tmp_path)],
        env=plain | {"PYTHONPATH": path},
        capture_output=True,
        encoding="ascii",
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [ascii(PAIRS)] * 4


# ---------------------------------------------------------------- refusals


GZIPPED = gzip.compress(to_tsv(PAIRS) * 50)


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("e.tsv", b"", {}, ["{path} is empty", "pairs of source and target"]),
        ("e.tsv", b" \n\n", {}, ["{path} is empty"]),
        ("e.tsv.gz", b"", {}, ["{path} is empty"]),
        ("h.csv", b"src,tgt\n", {}, ["{path} is empty"]),
        ("t.tsv.gz", GZIPPED[:-20], {}, ["{path} is damaged, cut short", "download it again"]),
        ("t.tsv.bz2", bz2.compress(b"a\tb")[:-5], {}, ["{path} is damaged, cut short"]),
        ("t.tsv.xz", lzma.compress(b"a\tb")[:-5], {}, ["{path} is damaged, cut short"]),
        ("t.tsv.zst", PACKERS[".zst"](b"a\tb" * 99)[:-5], {}, ["{path} is damaged, cut short"]),
        ("t.tsv.gz", b"a\tb\n", {}, ["{path} is damaged, cut short or not a .gz file"]),
        ("t.tsv.zst", b"a\tb\n", {}, ["not a .zst file"]),
        ("t.tsv", GZIPPED, {}, ["{path} is a packed file", "rename it to t.tsv.gz"]),
        (
            "a.xlsx",
            b"x",
            {},
            ["unknown suffix '.xlsx'", ".tsv", ".parquet", ".zst", "two parallel"],
        ),
        ("train.en", b"x", {}, ["unknown suffix '.en'"]),
        ("train", b"x", {}, ["unknown suffix ''"]),
        ("mac.tsv", b"a\tb\rc\td\r", {}, ["{path} ends its lines with \\r alone", "convert"]),
        ("a.tsv", b"a\tb\n", {"encoding": "utf8000"}, ["no text encoding 'utf8000'", "cp949"]),
        ("a.tsv", b"a\tb\n", {"encoding": "base64"}, ["no text encoding 'base64'"]),
        ("a.tsv", b"a\tb\n", {"columns": ("x", "y")}, ["{path}:1 has no column 'x'", "a, b"]),
        ("a.tsv", b"a\tb\n", {"columns": (0, 1)}, ["counted from 1; found 0"]),
        ("a.tsv", b"a\tb\n", {"columns": (1,)}, ["expected two columns", "found 1"]),
        ("a.tsv", b"a\tb\n", {"columns": (1, 4)}, ["{path}:1: has 2 columns", "at least 4"]),
        (
            "a.jsonl",
            b'{"en": "a", "de": "b"}\n',
            {},
            ["{path}:1: has no 'src'", "en, de", "--columns"],
        ),
        ("a.jsonl", b'{"src": "a"\n', {}, ["{path}:1: is not JSON"]),
        ("a.jsonl", b'["a", "b"]\n', {}, ["{path}:1: is not a JSON object"]),
        ("a.jsonl", b'{"src": 1, "tgt": "b"}\n', {}, ["{path}:1: 'src' is not text but int"]),
        (
            "a.csv",
            b'a,b\n"c,d\ne,f\n',
            {},
            ["{path}:2: a quotation mark opened here is not closed"],
        ),
        ("a.csv", b'a,b\n"c,d\ne,"f"\ng,h\n', {}, ["{path}:2: a quotation mark", "double it"]),
        ("a.parquet", b"PAR1", {}, ["{path} cannot be read as Parquet"]),
    ],
)
def test_refusals_say_what_where_and_what_to_do(
    tmp_path: Path, name, content, options, said
) -> None:
    path = write(tmp_path, name, content)
    message = refusal(path, ReadOptions(**options))
    for part in said:
        assert part.format(path=path) in message


def test_missing_paths_and_folders_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, "train.tsv.gz", b"x")
    assert refusal(tmp_path / "train.tsv") == (
        f"{tmp_path / 'train.tsv'} does not exist; did you mean {tmp_path / 'train.tsv.gz'}?"
    )
    assert "nor does the folder" in refusal(tmp_path / "no" / "train.tsv")
    assert f"{tmp_path} is a folder" in refusal(tmp_path)
    assert "is a folder" in refusal((tmp_path, tmp_path / "train.tsv.gz"))


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("a.tsv", "just words", "expected source<TAB>target; for two parallel files, give both"),
        (
            "a.tsv",
            "one, two",
            "expected source<TAB>target; it looks separated by commas: name it .csv",
        ),
        ("a.tsv", "one ||| two", "it looks separated by ' ||| ': replace it by tabs"),
        ("a.csv", "one\ttwo", "expected source,target; it looks separated by tabs: name it .tsv"),
        ("a.csv", "one;two", "it looks separated by semicolons: replace them by tabs"),
    ],
)
def test_a_file_of_one_column_is_refused_with_a_guess(tmp_path: Path, name, line, said) -> None:
    path = write(tmp_path, name, f"{line}\n" * 40)
    assert refusal(path).startswith(f"{path}:1 has one column, as have 40 of 40 lines; expected")
    assert said in refusal(path)


def test_parallel_files_of_unequal_length_are_refused(tmp_path: Path) -> None:
    src, tgt = write(tmp_path, "a.en", "a\nb\nc\n"), write(tmp_path, "a.de", "a\nb\n")
    message = refusal((src, tgt))
    assert f"{src} has 3 lines and {tgt} has 2" in message
    assert "same order" in message


def test_parquet_without_known_columns_lists_them(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"en": ["a"], "de": ["b"]}), tmp_path / "a.parquet")
    assert "has the columns en, de; pass --columns" in refusal(tmp_path / "a.parquet")
    pyarrow.parquet.write_table(pa.table({"src": [1], "tgt": ["b"]}), tmp_path / "b.parquet")
    assert "b.parquet:1: 'src' is not text but int" in refusal(tmp_path / "b.parquet")


@pytest.mark.parametrize(("module", "name"), [("pyarrow", "a.parquet"), ("zstandard", "a.tsv.zst")])
def test_an_absent_package_is_named(tmp_path: Path, monkeypatch, module: str, name: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"needs {module}.*dragoman\[train\]"):
        read_corpus(write(tmp_path, name, b"x"))


# ---------------------------------------------------------------- wrong encodings


@pytest.mark.parametrize(
    ("encoding", "guess", "text"),
    [
        ("cp949", "cp949", "안녕하세요\thello\n"),
        ("cp949", "cp949", "똠방각하\thello\n"),
        ("latin-1", "cp1252", "déjà vu\talready seen\n"),
        ("cp1252", "cp1252", "œuvre – été\twork\n"),
        ("utf-16", "utf-16", "a\tb\n"),
    ],
)
def test_a_wrong_encoding_is_guessed(tmp_path: Path, encoding, guess, text) -> None:
    path = write(tmp_path, "a.tsv", (text * 40).encode(encoding))
    message = refusal(path)
    assert message.startswith(f"{path}:1 is not UTF-8 (byte 0x")
    assert message.endswith(f"; it decodes as {guess}: pass --encoding {guess}")
    assert read_corpus(path, ReadOptions(encoding=guess)).pairs[39] == tuple(
        text.strip().split("\t")
    )


def test_the_first_bad_byte_is_placed(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", b"a\tb\nc\td\n" + "나\te\n".encode("cp949") * 20)
    assert refusal(path) == (
        f"{path}:3 is not UTF-8 (byte 0xb3 at line 3, offset 8); "
        "it decodes as cp949: pass --encoding cp949"
    )


def test_a_wrongly_named_encoding_is_corrected(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", "안녕\thello\n" * 20)
    message = refusal(path, ReadOptions(encoding="ascii"))
    assert "is not ASCII" in message
    assert message.endswith("it decodes as utf-8: pass --encoding utf-8")
    assert "name its encoding" in refusal(
        write(tmp_path, "b.tsv", b"\x81\x00\xff\t\x8d\n" * 20), ReadOptions(encoding="ascii")
    )


@pytest.mark.parametrize(
    ("name", "row"),
    [("a.tsv", b"%s\tx\n"), ("a.csv", b"%s,x\n"), ("a.jsonl", b'{"src": "%s", "tgt": "x"}\n')],
)
def test_a_few_undecodable_lines_are_skipped(tmp_path: Path, name: str, row: bytes) -> None:
    path = write(tmp_path, name, row % b"ok" * 30 + row % b"\xb3\xaa" + row % "좋다".encode())
    corpus = read_corpus(path)
    assert len(corpus.pairs) == 31
    assert [str(problem) for problem in corpus.problems] == [
        f"{path}:31: the source holds byte 0xb3, which does not decode"
    ]


def test_undecodable_bytes_in_an_unused_column_do_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", b"a\tb\tfine\nc\td\t\xff\ne\tf\tfine\n")
    assert len(read_corpus(path).pairs) == 3


# ---------------------------------------------------------------- bad lines


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("only one", "has one column; expected source<TAB>target"),
        ("a\t", "the target is empty"),
        (" \tb", "the source is empty"),
        ("", "is blank"),
        ("a\x00b\tc", "the source holds the control character U+0000"),
        ("a\tb\x07", "the target holds the control character U+0007"),
        ("a\t\ufffd \ufffd?", "the target is nothing but replacement characters"),
    ],
)
def test_a_bad_line_is_a_problem_and_is_skipped(tmp_path: Path, bad: str, what: str) -> None:
    lines = good_lines(4)
    path = write(tmp_path, "a.tsv", "\n".join([*lines[:2], bad, *lines[2:]]))
    corpus = read_corpus(path)
    assert corpus.problems == [Problem(str(path), 3, what)]
    assert str(corpus.problems[0]) == f"{path}:3: {what}"
    assert corpus.lines == [1, 2, 4, 5]


def test_csv_and_json_faults_are_problems(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'src,tgt\na,b\nc, d, e\n"f"g,h\ni,j\nk,l\n')
    corpus = read_corpus(path)
    assert corpus.pairs == [("a", "b"), ("i", "j"), ("k", "l")]
    assert [(p.line, p.what.split(":")[0]) for p in corpus.problems] == [
        (3, "has 3 columns where the first line has 2"),
        (4, "is not CSV"),
    ]
    good = '{"src": "a", "tgt": "b"}\n'
    path = write(tmp_path, "a.jsonl", good * 2 + '{"src": "a", "tgt": null}\n{]\n' + good)
    assert [p.line for p in read_corpus(path).problems] == [3, 4]


@pytest.mark.parametrize(
    ("num_good", "num_bad", "refused"),
    [
        (100, 10, False),
        (100, 11, True),
        (1980, 20, False),
        (1979, 21, True),
        (1, 1, False),
        (1, 2, True),
    ],
)
def test_many_bad_lines_are_refused(tmp_path: Path, num_good, num_bad, refused) -> None:
    lines = ["nothing\t"] * num_bad + good_lines(num_good)
    path = write(tmp_path, "a.tsv", "\n".join(lines))
    if not refused:
        assert len(read_corpus(path).problems) == num_bad
        return
    message = refusal(path)
    assert message.startswith(f"{path}: {num_bad} of {len(lines)} lines cannot be used")
    assert "correct or remove them" in message
    assert message.count("the target is empty") == min(5, num_bad)
    assert f"{path}:1: the target is empty" in message


# ---------------------------------------------------------------- splitting and grouping


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello.", "hello"),
        ("Hello  there !", " hello\u00a0there…"),
        ("café", "cafe\u0301"),
        (unicodedata.normalize("NFD", "안녕?"), "안녕"),
        ("STRASSE", "straße"),
    ],
)
def test_copies_of_a_sentence_share_a_key(one: str, other: str) -> None:
    assert match_key(one) == match_key(other)


@given(st.lists(st.text(st.sampled_from(" \t\u00a0\0aAßéE\u0301Σ.!»한"), max_size=9), max_size=5))
@settings(max_examples=200, derandomize=True, database=None, deadline=None)
def test_keys_of_many_are_those_of_each(texts: list[str]) -> None:
    plain = [" ".join(unicodedata.normalize("NFC", text).casefold().split()) for text in texts]
    keys = [text.rstrip(" .!»") or text for text in plain]
    assert match_keys(texts) == [match_key(text) for text in texts] == keys


def test_keys_keep_what_differs() -> None:
    assert match_key("...") == "..."
    assert match_key("a b") != match_key("ab")
    assert match_key("¿qué?") != match_key("que")


texts = st.sampled_from(["a", "A.", "a ", "b", "B!", "é", "e\u0301", "c", "d", "e", "f", "g", "h"])
some_pairs = st.lists(st.builds(Pair, texts, texts), min_size=2, max_size=40)


@settings(deadline=None)
@given(pairs=some_pairs, num_dev=st.integers(1, 10), seed=st.integers(0, 9))
def test_a_split_never_leaks(pairs: list[Pair], num_dev: int, seed: int) -> None:
    try:
        train, dev = split_by_source(pairs, num_dev, seed)
    except DataError:
        return  # all pairs are linked
    assert 0 < len(dev) <= num_dev
    assert sorted(train + dev) == sorted(pairs)
    for side in (0, 1):
        assert not {match_key(p[side]) for p in train} & {match_key(p[side]) for p in dev}
    assert split_by_source(pairs, num_dev, seed) == (train, dev)


def test_a_split_is_exact_ordered_and_follows_its_seed() -> None:
    pairs = [Pair(f"s{i}", f"t{i}") for i in range(200)]
    train, dev = split_by_source(pairs, 50, seed=1)
    assert len(dev) == 50
    assert train == [pair for pair in pairs if pair in train]
    assert dev == [pair for pair in pairs if pair in dev]
    assert split_by_source(pairs, 50, seed=2)[1] != dev
    assert split_by_source(pairs, 0, seed=1) == (pairs, [])


@pytest.mark.parametrize("num_dev", [-1, 3, 4])
def test_a_split_that_cannot_be_is_refused(num_dev: int) -> None:
    with pytest.raises(DataError, match=f"cannot hold out {num_dev} of 3 pairs"):
        split_by_source([Pair(f"s{i}", f"t{i}") for i in range(3)], num_dev, seed=1)
    with pytest.raises(DataError, match="they share their sources and targets"):
        split_by_source([Pair("a", "x"), Pair("b", "x"), Pair("b", "y")], 1, seed=1)


def test_references_are_gathered_in_order() -> None:
    pairs = [Pair("b", "1"), Pair("a", "2"), Pair("b", "3"), Pair("b", "1")]
    assert group_references(pairs) == [("b", ["1", "3"]), ("a", ["2"])]


def test_reading_is_quick(tmp_path: Path) -> None:
    line = "I'm careful not to spend too much.\tJe fais attention à ne pas trop dépenser.\n"
    path = write(tmp_path, "a.tsv", line * 50_000)
    start = time.process_time()
    assert len(read_corpus(path).pairs) == 50_000
    assert time.process_time() - start < 2
