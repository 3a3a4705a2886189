import json
import random
import time
from pathlib import Path

import pytest

from dragoman.data.corpus import Corpus, Pair, Problem, read_corpus
from dragoman.data.report import DataReport, Finding, inspect_corpus, measure
from dragoman.errors import DataError

SYLLABLES = ["ka", "lo", "mi", "tse", "ro", "vun", "da", "shi"]


def clean_pairs(count: int, seed: int = 0) -> list[Pair]:
    """Distinct pairs of 3 to 12 words, whose targets are about as long as their sources."""
    rng = random.Random(seed)
    pairs = []
    for i in range(count):
        words = ["".join(rng.choices(SYLLABLES, k=2)) for _ in range(rng.randint(3, 12))]
        pairs.append(Pair(f"{i} {' '.join(words)}", f"{' '.join(words[::-1])} é{i}"))
    return pairs


def corpus_of(pairs: list[Pair], path: str = "train.tsv") -> Corpus:
    return Corpus(pairs, list(range(1, len(pairs) + 1)), path)


def report_with(*extra: Pair) -> DataReport:
    return inspect_corpus(corpus_of([*clean_pairs(100), *extra]))


def test_a_clean_corpus_has_no_warnings() -> None:
    report = inspect_corpus(corpus_of(clean_pairs(2000)), corpus_of(clean_pairs(9, 1), "dev.tsv"))
    assert report.warnings == []
    assert report.num_pairs == 2000
    assert (report.num_duplicates, report.num_repeated_sources, report.num_copies) == (0, 0, 0)
    assert report.leaks == {"dev": Finding(0, [])}


def test_lengths_are_exact() -> None:
    report = inspect_corpus(corpus_of([Pair("a b", "x"), Pair("cc dd ee", "yy"), Pair("f", "zzz")]))
    assert (report.src.words.mean, report.src.words.p50, report.src.words.max) == (2, 2, 3)
    assert (report.tgt.characters.mean, report.tgt.characters.p50) == (2, 2)
    assert report.src.characters.max == 8
    assert report.src.words.p95 == pytest.approx(2.9)


def test_words_are_what_stands_between_white_space() -> None:
    texts = ["", "one", " two  words ", "a\u00a0b\tc", "a b c d", "e ", " f", "\u3000"]
    words, characters = measure(texts)
    assert words.tolist() == [0, 1, 2, 3, 4, 1, 1, 0]
    assert characters.tolist() == [0, 3, 12, 5, 7, 2, 2, 1]


def test_a_dirty_corpus_is_counted_exactly(tmp_path: Path) -> None:
    lines = [f"{src}\t{tgt}" for src, tgt in clean_pairs(100)]
    lines += [
        lines[0],  # 101: a duplicate
        lines[1].split("\t")[0] + "\tka lo mi tse ro vun",  # 102: a second target
        "ka lo mi\tka lo mi",  # 103: a copy
        "no target",  # 104: one column
        "ka lo mi tse ro vun da shi ka lo mi tse ro\tka",  # 105: misaligned
        "dÃ©jÃ vu\tka lo mi",  # 106: UTF-8 read as Latin-1
        "ka lo mi\tka l\ufffd mi",  # 107: a character lost; also a second target for 103
        "ka " * 300 + "\t" + "lo " * 300,  # 108: very long
    ]
    (tmp_path / "train.tsv").write_text("\n".join(lines), encoding="utf-8")
    dev_lines = [lines[4].upper(), "something new\tka lo"]
    (tmp_path / "dev.tsv").write_text("\n".join(dev_lines), encoding="utf-8")
    train, dev = read_corpus(tmp_path / "train.tsv"), read_corpus(tmp_path / "dev.tsv")
    report = inspect_corpus(train, dev)
    assert report.num_pairs == 107
    assert report.num_duplicates == 1
    assert report.num_repeated_sources == 2
    assert report.num_copies == 1
    found = {
        "problems": (report.problems, [f"{train.path}:104: has one column; expected "]),
        "misaligned": (report.misaligned, [f"{train.path}:105"]),
        "mojibake": (report.mojibake, [f"{train.path}:106", f"{train.path}:107"]),
        "length_outliers": (report.length_outliers, [f"{train.path}:108"]),
        "leaks": (report.leaks["dev"], [f"{dev.path}:1 (= {train.path}:5)"]),
    }
    for name, (finding, places) in found.items():
        assert finding.count == len(places), name
        for example, place in zip(finding.examples, places, strict=True):
            assert example.startswith(place), name
    assert len(report.warnings) == 5


def test_each_finding_is_one_line_with_three_examples_at_most() -> None:
    problems = [Problem("train.tsv", line, "is blank") for line in range(1, 6)]
    train = Corpus(clean_pairs(50), list(range(6, 56)), "train.tsv", problems)
    lines = inspect_corpus(train).lines()
    assert lines[0] == "train.tsv: 50 pairs"
    assert lines[1].startswith("source: words ")
    assert lines[-1] == (
        "warning: 5 lines skipped: train.tsv:1: is blank, train.tsv:2: is blank, "
        "train.tsv:3: is blank, …"
    )
    assert not any("\n" in line for line in lines)


def test_leaks_ignore_case_form_and_final_punctuation() -> None:
    train = corpus_of([Pair("Café noir.", "a"), Pair("thé", "b")])
    dev = corpus_of([Pair("CAFE\u0301 noir", "x"), Pair("lait", "y")], "dev.tsv")
    test = corpus_of([Pair("Thé !", "z")], "test.tsv")
    report = inspect_corpus(train, dev, test)
    assert report.leaks == {
        "dev": Finding(1, ["dev.tsv:1 (= train.tsv:1)"]),
        "test": Finding(1, ["test.tsv:1 (= train.tsv:2)"]),
    }
    assert report.warnings[0] == (
        "1 of the dev set's sources also stand in training, so that its scores flatter: "
        "dev.tsv:1 (= train.tsv:1)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "dÃ©jÃ\u00a0",
        "â€œquoteâ€\u009d",
        "안녕하세요".encode().decode("latin-1"),
        "안녕하세요".encode().decode("cp1252", "ignore"),
        "привет".encode().decode("latin-1"),
        "x’s".encode("cp1252").decode("latin-1"),
        "lost \ufffd",
    ],
)
def test_mojibake_is_found(text: str) -> None:
    assert report_with(Pair(text, "ka lo mi")).mojibake.count == 1


@pytest.mark.parametrize(
    "text",
    [
        "déjà vu",
        "voilà\u00a0»",
        "CAFÉ…",
        "São João",
        "Ânimo",
        "Ñandú",
        "Ðað",
        "aquí…»",
        "안녕…",
        "«Да…»",
    ],
)
def test_honest_text_is_not_mojibake(text: str) -> None:
    assert report_with(Pair(text, text)).mojibake.count == 0


@pytest.mark.parametrize("lost", [0, 2])
def test_parallel_files_that_slipped_are_found(lost: int) -> None:
    pairs = clean_pairs(4000)
    targets = [tgt for _, tgt in pairs]
    del targets[1500 : 1500 + lost]
    slipped = [Pair(src, tgt) for (src, _), tgt in zip(pairs, targets, strict=False)]
    report = inspect_corpus(corpus_of(slipped, "a.en + a.de"))
    if lost:
        assert report.shift == "a.en + a.de:1504, by 2 lines"
        assert any("shifted against each other" in warning for warning in report.warnings)
    else:
        assert report.shift == ""


def test_unknown_rates_are_measured_on_the_dev_set() -> None:
    train = corpus_of(clean_pairs(20))
    dev = corpus_of([Pair("new", "x"), Pair("newer", "y")], "dev.tsv")
    seen: list[list[str]] = []

    def rate(texts: list[str]) -> float:
        seen.append(texts)
        return 0.25

    report = inspect_corpus(train, dev, unknown_rates=(rate, None))
    assert seen == [["new", "newer"]]
    assert (report.src.unknown_rate, report.tgt.unknown_rate) == (0.25, None)
    assert "source: 25.00% unknown tokens" in report.lines()
    assert report.warnings[-1].startswith("25.0% of the source tokens are unknown")
    inspect_corpus(train, unknown_rates=(None, rate))
    assert seen[1] == [tgt for _, tgt in train.pairs]


def test_the_report_is_json_able() -> None:
    train = corpus_of([*clean_pairs(20), Pair("d\ufffd", "x")])
    held = json.loads(json.dumps(inspect_corpus(train, train).to_dict()))
    assert held["num_pairs"] == 21
    assert held["mojibake"] == {"count": 2, "examples": ["train.tsv:21", "train.tsv:21"]}
    assert held["leaks"]["dev"]["count"] == 21
    assert len(held["warnings"]) == 2


@pytest.mark.parametrize("pairs", [[Pair("a", "b")], [Pair("a", "b")] * 2000])
def test_uniform_and_tiny_corpora_are_no_trouble(pairs: list[Pair]) -> None:
    report = inspect_corpus(corpus_of(pairs))
    assert report.misaligned.count == report.length_outliers.count == 0
    assert report.shift == ""


def test_an_empty_corpus_is_refused() -> None:
    with pytest.raises(DataError, match="holds no pairs"):
        inspect_corpus(corpus_of([]))


def test_the_report_is_quick() -> None:
    train = corpus_of(clean_pairs(20_000))
    start = time.process_time()
    inspect_corpus(train, train)
    assert time.process_time() - start < 1.5
