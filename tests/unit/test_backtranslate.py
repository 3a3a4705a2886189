"""What text of the target language is made into, and that a run which was stopped goes on."""

import json
from dataclasses import replace

import pytest

from dragoman.backtranslate import BacktranslateOptions, backtranslate_pairs
from dragoman.cli.main import main
from dragoman.data.corpus import Pair
from dragoman.errors import ConfigError
from dragoman.translator import Translation

ZOO = "phrasebook-en-fr"


class Reverse:
    """Says each word backwards, and keeps what it was asked."""

    def __init__(self):
        self.asked, self.first = [], []

    def translate(self, sources, options):
        self.asked += sources
        self.first += [options.sampling.first] if options.sampling else []
        return [Translation(one, one[::-1], -1.0, -1.0, (), ("x", "<eos>"), ()) for one in sources]


def test_each_line_once_and_tagged(tmp_path):
    found = backtranslate_pairs(
        Reverse(), ["abc", "", "de", "abc"], tmp_path / "notes", BacktranslateOptions(tag="<BT>")
    )
    assert found == [Pair("<BT> cba", "abc"), Pair("<BT> ed", "de")]


def test_what_cannot_be_right_is_left_out(tmp_path):
    class Long(Reverse):
        def translate(self, sources, options):
            return [
                Translation("long", "x" * 13, -1.0, -1.0, (), ("<eos>",), ()),
                Translation("cut", "x", -1.0, -1.0, (), ("x",), ()),
                Translation("none", " ", -1.0, -1.0, (), ("<eos>",), ()),
                Translation("good", "x" * 12, -1.0, -1.0, (), ("<eos>",), ()),
            ]

    lines = ["long", "cut", "none", "good"]
    found = backtranslate_pairs(Long(), lines, tmp_path / "notes", BacktranslateOptions())
    assert found == [Pair("x" * 12, "good")]


def test_several_sources_of_a_line(tmp_path):
    class Several(Reverse):
        def translate(self, sources, options):
            assert options.nbest == 3
            others = tuple(
                Translation("abc", text, -2.0, -2.0, (), tokens, ())
                for text, tokens in (("second", ("x", "<eos>")), ("cut off", ("x",)))
            )
            found = super().translate(sources, options)
            return [replace(one, alternatives=others) for one in found]

    options, notes = BacktranslateOptions(outputs=3, tag="<BT>"), tmp_path / "notes"
    wanted = [Pair("<BT> cba", "abc"), Pair("<BT> second", "abc")]
    assert backtranslate_pairs(Several(), ["abc"], notes, options) == wanted
    # What was kept says the same.
    assert backtranslate_pairs(Reverse(), ["abc"], notes, options) == wanted
    with pytest.raises(ConfigError, match="was made with"):
        backtranslate_pairs(Reverse(), ["abc"], notes, BacktranslateOptions())


def test_forward_the_lines_are_the_sources(tmp_path):
    notes = tmp_path / "notes"
    options = BacktranslateOptions(forward=True)
    assert backtranslate_pairs(Reverse(), ["abc"], notes, options) == [Pair("abc", "cba")]
    # What the model said is the same either way.
    model = Reverse()
    assert backtranslate_pairs(model, ["abc"], notes, BacktranslateOptions()) == [
        Pair("cba", "abc")
    ]
    assert not model.asked


def test_it_goes_on_and_draws_as_if_it_had_not_been_stopped(tmp_path):
    notes, options = tmp_path / "notes", BacktranslateOptions(seed=3)
    backtranslate_pairs(Reverse(), ["a", "b"], notes, options)
    with notes.open("a", encoding="utf-8") as file:
        file.write('["c", "half a li')
    model = Reverse()
    found = backtranslate_pairs(model, ["a", "b", "c", "d"], notes, options)
    assert found == [Pair(one, one) for one in "abcd"]
    # The streams of draws are those of the lines' places in the whole file.
    assert (model.asked, model.first) == (["c", "d"], [2])
    with pytest.raises(ConfigError, match="was made with"):
        backtranslate_pairs(model, ["a"], notes, BacktranslateOptions(seed=4))


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_ratio": 0.5},
        {"beam_size": 0},
        {"outputs": 6},
        {"outputs": 2, "seed": 1},
        {"forward": True, "tag": "<BT>"},
    ],
)
def test_bad_options(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        BacktranslateOptions(**wrong)


@pytest.fixture
def run(capsys):
    def _run(*words):
        code = main(list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    return _run


def test_the_command(tmp_path, run):
    text, out = tmp_path / "mono.txt", tmp_path / "pairs.jsonl"
    text.write_text("I am a student.\n\nWe are hungry.\n", encoding="utf-8")
    words = ["backtranslate", ZOO, str(text), "--out", str(out), "--tag", "<BT>"]
    assert run(*words, "--json", "--sample")[0] == 0
    pairs = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [one["tgt"] for one in pairs] == ["I am a student.", "We are hungry."]
    assert all(one["src"].startswith("<BT> ") for one in pairs)
    code, _, told = run(*words)
    assert code == 2
    assert "is there already" in told
    out = out.with_name("several.jsonl")
    assert run("backtranslate", ZOO, str(text), "--out", str(out), "--outputs", "3")[0] == 0
    pairs = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len({one["src"] for one in pairs}) == len(pairs) == 6
    out = out.with_name("forward.jsonl")
    assert run("backtranslate", ZOO, str(text), "--out", str(out), "--forward")[0] == 0
    pairs = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [one["src"] for one in pairs] == ["I am a student.", "We are hungry."]
    assert all(one["tgt"] != one["src"] for one in pairs)


def test_minimum_risk_over_draws_and_over_a_beam(run):
    sentence = "I am a student."
    plain = run("translate", ZOO, sentence)[1]
    for extra in (["--samples", "8", "--seed", "2"], ["--beam", "4"]):
        code, said, told = run("translate", ZOO, sentence, "--mbr", "chrf", *extra)
        assert (code, told) == (0, "")
        assert said == plain
    code, said, _ = run("translate", ZOO, sentence, "--mbr", "chrf", "--nbest", "3")
    assert code == 0
    scores = [float(line.split("\t")[1]) for line in said.splitlines()]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert run("translate", ZOO, sentence, "--samples", "4")[0] == 2
    assert run("translate", ZOO, sentence, "--mbr", "ter")[0] == 2
