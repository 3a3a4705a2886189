"""How each task reads its files."""

from pathlib import Path

import pytest

from dragoman.data.corpus import Pair, ReadOptions
from dragoman.errors import DataError
from dragoman.tasks import TASKS
from dragoman.tasks.inflect import join


def read(task: str, path: Path, text: str, **options: object) -> list[Pair]:
    path.write_text(text, encoding="utf-8")
    return TASKS[task].read(path, ReadOptions(**options)).pairs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.tsv"


def test_g2p_keeps_several_answers_and_tags(path: Path) -> None:
    pairs = read("g2p", path, "read\tɹ iː d\nread\tɹ ɛ d\n<fre>mot\tm o\n")
    assert pairs == [("read", "ɹ iː d"), ("read", "ɹ ɛ d"), ("<fre>mot", "m o")]


@pytest.mark.parametrize(("sep", "phones"), [("", "kat"), (".", "k.a.t"), ("-", "k - a - t")])
def test_g2p_takes_other_spacing(path: Path, sep: str, phones: str) -> None:
    assert read("g2p", path, f"cat\t{phones}\n", tgt_sep=sep) == [("cat", "k a t")]


def test_transliterate_sees_by_itself_whether_characters_are_spaced(path: Path) -> None:
    pairs = read("transliterate", path, "sidwell\t시 드 웰\t1\nkim\t김\nhong kong\t홍콩\n")
    assert pairs == [("sidwell", "시드웰"), ("kim", "김"), ("hong kong", "홍콩")]


def test_inflect_makes_tags_of_features(path: Path) -> None:
    pairs = read("inflect", path, "Haus\tN;ACC(PL)\tHäuser\n")
    assert pairs == [("<N><ACC><PL>Haus", "Häuser")]


def test_inflect_takes_columns_in_another_order(path: Path) -> None:
    pairs = read("inflect", path, "Haus\tHäuser\tN;PL\n", columns=(1, 3, 2))
    assert pairs == [("<N><PL>Haus", "Häuser")]


def test_what_is_predicted_is_read_as_what_was_learned() -> None:
    assert TASKS["inflect"].source("Haus\tN;PL") == join("Haus", "N;PL") == "<N><PL>Haus"
    assert TASKS["inflect"].source("<N>Haus") == "<N>Haus"
    assert TASKS["g2p"].source("a b") == "a b"


def test_normalise_skips_the_lines_between_sentences(path: Path) -> None:
    pairs = read("normalise", path, "do\tdó\naf\taf\n\n\nþar\tÞar\n")
    assert pairs == [("do", "dó"), ("af", "af"), ("þar", "Þar")]


def test_one_column_is_refused(path: Path) -> None:
    for task in ("g2p", "transliterate", "normalise"):
        with pytest.raises(DataError, match="one column"):
            read(task, path, "cat\ndog\n")


def test_every_task_suggests_settings_that_are_settings(path: Path) -> None:
    from dragoman.defaults import suggest_config
    from dragoman.tables import check_config

    pairs = [Pair(f"가{n}", f"a b {n}") for n in range(300)]
    for name in TASKS:
        config, reasons = suggest_config(pairs, (), name)
        check_config(config)
        assert config.task == name
        assert reasons


def test_a_transducer_is_suggested_where_targets_are_sources_with_edits() -> None:
    edited = [Pair(f"hialp{n}", f"hjálp{n}") for n in range(30)]
    spelt = [Pair(f"{n}", "twenty " * (n % 3 + 1)) for n in range(30)]
    tagged = [Pair(f"<V><PST><PTCP><IND>walk{n}", f"walk{n}ed") for n in range(30)]
    for task, pairs, wanted in (
        ("normalise", edited, "transducer"),
        ("normalise", spelt, None),
        ("inflect", tagged, "transducer"),  # tags are not what a form is like
        ("inflect", spelt, None),
        (
            "g2p",
            spelt,
            "transducer",
        ),  # sounds are written from left to right, whatever they look like
    ):
        found = TASKS[task].suggest(pairs)
        assert found.values["model"].get("decoder") == wanted
        assert any("transducer" in reason for reason in found.reasons) == (wanted is not None)
