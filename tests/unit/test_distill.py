"""What a student is given to learn from."""

import json
from pathlib import Path

import pytest

from dragoman.answers import write_pairs
from dragoman.data.corpus import Pair
from dragoman.distill import DistillOptions, distill_pairs
from dragoman.errors import ConfigError
from dragoman.translator import TranslateOptions, Translation


def said(source: str, text: str, score: float = -0.1, *more: Translation, end: str = "<eos>"):
    return Translation(
        source, text, score, score, (), (*text.split(), end), (), alternatives=tuple(more)
    )


class Teacher:
    """Answers from a list, and counts what it is asked."""

    def __init__(self, *answers: Translation) -> None:
        self.answers = {one.source: one for one in answers}
        self.asked: list[str] = []

    def translate(self, sources: list[str], options: TranslateOptions) -> list[Translation]:
        self.asked += sources
        self.options = options
        return [self.answers[source] for source in sources]


PAIRS = [Pair("a", "one two"), Pair("b", "three"), Pair("a", "eins zwei")]
EVERY = DistillOptions(keep=1.0)


def test_every_source_is_answered_once(tmp_path: Path):
    teacher = Teacher(said("a", "one too"), said("b", "tree"))
    found = distill_pairs(teacher, PAIRS, tmp_path / "said.jsonl", EVERY)
    assert found == [Pair("a", "one too"), Pair("b", "tree")]
    assert teacher.asked == ["a", "b"]
    assert teacher.options.beam_size == 5


def test_answers_of_people_come_on_top(tmp_path: Path):
    teacher = Teacher(said("a", "one too"), said("b", "tree"))
    both = DistillOptions(keep=1.0, with_answers=True)
    assert distill_pairs(teacher, PAIRS, tmp_path / "said.jsonl", both)[2:] == PAIRS


@pytest.mark.parametrize(
    "bad",
    [
        said("b", "three", end="three"),
        said("b", ""),
        said("b", "three three three"),
        said("b", "th"),
    ],
    ids=["cut off", "empty", "too long", "too short"],
)
def test_unfit_outputs_are_left_out(bad: Translation, tmp_path: Path):
    teacher = Teacher(said("a", "one too"), bad)
    assert distill_pairs(teacher, PAIRS, tmp_path / "said.jsonl", EVERY) == [Pair("a", "one too")]


def test_the_least_believed_are_left_out(tmp_path: Path):
    pairs = [Pair(name, "word") for name in "abcd"]
    teacher = Teacher(
        said("a", "word", -3.0), said("b", "word", -1.0), said("c", "word", -4.0), said("d", "word")
    )
    half = DistillOptions(keep=0.5)
    found = distill_pairs(teacher, pairs, tmp_path / "said.jsonl", half)
    assert found == [Pair("b", "word"), Pair("d", "word")]


def test_the_nearest_of_the_best_is_taken(tmp_path: Path):
    best = said("b", "trees", -0.1, said("b", "three", -0.5), said("b", "thread", -0.6))
    near = DistillOptions(keep=1.0, interpolate=True, beam_size=3)
    teacher = Teacher(said("a", "one two"), best)
    assert distill_pairs(teacher, PAIRS, tmp_path / "x.jsonl", near)[1] == Pair("b", "three")
    assert (teacher.options.nbest, teacher.options.beam_size) == (3, 3)


def test_several_outputs_are_learned_from_where_they_are_believed(tmp_path: Path):
    others = said("a", "one to", -0.2), said("a", "eins zw", -0.9), said("a", "o", -0.1)
    teacher = Teacher(said("a", "one too", -0.1, *others), said("b", "tree", -0.3))
    several = DistillOptions(keep=1.0, outputs=4)
    # "eins zw" is less likely than the least likely of the best, and "o" too short.
    wanted = [Pair("a", "one too"), Pair("a", "one to"), Pair("b", "tree")]
    notes = tmp_path / "said.jsonl"
    assert distill_pairs(teacher, PAIRS, notes, several) == wanted
    assert teacher.options.nbest == 4
    assert distill_pairs(Teacher(), PAIRS, notes, several) == wanted


def test_a_stopped_run_goes_on_behind_its_last_whole_line(tmp_path: Path):
    notes = tmp_path / "said.jsonl"
    teacher = Teacher(said("a", "one too"), said("b", "tree"))
    whole = distill_pairs(teacher, PAIRS, notes, EVERY)
    lines = notes.read_text(encoding="utf-8").splitlines()
    notes.write_text("\n".join([*lines[:2], lines[2][:9]]), encoding="utf-8")
    again = Teacher(said("b", "tree"))
    assert distill_pairs(again, PAIRS, notes, EVERY) == whole
    assert again.asked == ["b"]
    assert notes.read_text(encoding="utf-8").splitlines() == lines
    with pytest.raises(ConfigError, match=r"was made with .*beam_size"):
        distill_pairs(again, PAIRS, notes, DistillOptions(beam_size=2))


def test_pairs_are_written_whatever_is_in_them(tmp_path: Path):
    write_pairs(tmp_path / "x.jsonl", [Pair('a\t"b"', "é\\")])
    (line,) = (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {"src": 'a\t"b"', "tgt": "é\\"}


@pytest.mark.parametrize(
    "wrong",
    [{"keep": 0.0}, {"keep": 1.5}, {"beam_size": 0}, {"outputs": 0}, {"outputs": 6}],
)
def test_bad_options(wrong: dict):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        DistillOptions(**wrong)
