"""CoNLL columns to sentences and labels."""

import pytest

from dragoman.config import build_config
from dragoman.data.corpus import Pair, ReadOptions
from dragoman.errors import ConfigError, DataError
from dragoman.tables import check_config
from dragoman.tasks import TASKS
from dragoman.tasks.tag import fault_of, iob2

CONLL = """-DOCSTART- -X- O O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
call NN I-NP O

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER

Paris NNP I-NP I-LOC
London NNP I-NP B-LOC
"""
CONLLU = """# sent_id = 1
# text = Du vin # 1
1-2\tDu\t_\t_
1\tDe\tde\tADP
2\tle\tle\tDET
3\tvin 1\tvin\tNOUN
3.1\tomis\tomis\tVERB
4\t#\t#\tSYM

"""


def read(tmp_path, text, name="a.conll", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return TASKS["tag"].read(path, ReadOptions(**options))


def test_conll_2003_becomes_iob2(tmp_path):
    corpus = read(tmp_path, CONLL)
    assert corpus.pairs == [
        Pair("EU rejects German call", "B-ORG O B-MISC O"),
        Pair("Peter Blackburn", "B-PER I-PER"),
        Pair("Paris London", "B-LOC B-LOC"),
    ]
    assert corpus.lines == [3, 8, 11]
    assert not corpus.problems


def test_columns_are_chosen(tmp_path):
    assert read(tmp_path, CONLL, columns=(1, 2)).pairs[1] == Pair("Peter Blackburn", "NNP NNP")


@pytest.mark.parametrize("name", ["a.conllu", "a.tsv", "a.txt"])
def test_conllu(tmp_path, name):
    (pair,) = read(tmp_path, CONLLU, name, columns=("2", 4)).pairs
    # A space within a word would make it two; comments, contractions and left-out words are no words.
    assert pair == Pair("De le vin_1 #", "ADP DET NOUN SYM")


def test_words_that_show_nothing_stay_words(tmp_path):
    (pair,) = read(tmp_path, "a\tX\n\u200b\tY\nb\tZ\n").pairs
    assert pair == Pair("a _ b", "X Y Z")
    assert fault_of(pair) == ""


def test_a_sentence_a_line(tmp_path):
    text = (
        '{"src": "Anna sees Oslo", "tgt": "I-PER O I-LOC"}\n' * 9 + '{"src": "a b", "tgt": "O"}\n'
    )
    corpus = read(tmp_path, text, "a.jsonl")
    assert corpus.pairs == [Pair("Anna sees Oslo", "B-PER O B-LOC")] * 9
    (problem,) = corpus.problems
    assert problem.line == 10
    assert "2 words and 1 labels" in problem.what
    words, labels = tmp_path / "a.words", tmp_path / "a.labels"
    words.write_text("a b\nc\n")
    labels.write_text("X Y\nZ\n")
    found = TASKS["tag"].read((words, labels), ReadOptions())
    assert found.pairs == [Pair("a b", "X Y"), Pair("c", "Z")]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "word\nword\n\nword\n",
            {},
            r"a.conll: holds no sentences.*a.conll:1: has too few columns",
        ),
        (CONLL, {"columns": ("word", "label")}, "expected the numbers"),
        (CONLL, {"columns": (1, 2, 3)}, "expected the numbers"),
    ],
)
def test_faults(tmp_path, text, options, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text, **options)


def test_a_short_line_costs_its_sentence(tmp_path):
    corpus = read(tmp_path, CONLL + "\nlonely\nword X\n")
    assert len(corpus.pairs) == 3
    assert str(corpus.problems[0]).endswith(
        "a.conll:14: has too few columns; expected a word and its label"
    )


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("I-A I-A O", "B-A I-A O"),
        ("I-A B-A I-B", "B-A B-A B-B"),
        ("B-A I-A I-A O B-B", "B-A I-A I-A O B-B"),
    ],
)
def test_iob2(given, wanted):
    assert iob2(given.split()) == wanted.split()
    assert iob2(wanted.split()) == wanted.split()


def test_labels_of_another_kind_stay(tmp_path):
    assert read(tmp_path, "a I-X\nb NOUN\n").pairs == [Pair("a b", "I-X NOUN")]


@pytest.mark.parametrize(
    ("targets", "metric"), [(["B-A I-A O"], "f1"), (["DET NOUN VERB"], "token_accuracy")]
)
def test_the_labels_choose_the_metric(targets, metric):
    found = TASKS["tag"].suggest([Pair("a b c", one) for one in targets])
    assert found.values["training"]["stop_metric"] == metric
    check_config(build_config({"task": "tag", **found.values}))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("text.src_tokenizer=bpe", "text.src_tokenizer = 'bpe'.*needs 'char'"),
        ("text.tgt_tokenizer=char", "text.tgt_tokenizer = 'char'.*needs 'spaced'"),
        ("text.final_stop=drop", "without its word"),
        ("task=g2p", "task = 'g2p' has none of"),
        ("model.head=crff", "did you mean 'crf'"),
    ],
)
def test_settings_that_do_not_go_together(override, message):
    found = TASKS["tag"].suggest([Pair("a b", "X Y")])
    config = build_config({"task": "tag", **found.values}, [override])
    with pytest.raises(ConfigError, match=message):
        check_config(config)


def test_other_settings_that_do():
    found = TASKS["tag"].suggest([Pair("a b", "X Y")])
    settings = ["text.src_tokenizer=spaced", "model.reader=tokens", "model.head=softmax"]
    check_config(build_config({"task": "tag", **found.values}, settings))
