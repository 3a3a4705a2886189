"""Texts and their labels."""

from dragoman.config import build_config
from dragoman.data.corpus import Pair, ReadOptions, split_by_source
from dragoman.tables import check_config
from dragoman.tasks import TASKS
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions


def test_labels_may_be_several_words(tmp_path):
    path = tmp_path / "news.tsv"
    path.write_text("who won?\tSci / Tech\nit rains\tWorld News\n")
    pairs = TASKS["classify"].read(path, ReadOptions()).pairs
    assert pairs[1] == Pair("it rains", "World News")
    tokenizer = Tokenizer.train([pair.tgt for pair in pairs], TokenizerOptions("whole"))
    assert [len(tokenizer.encode(pair.tgt)) for pair in pairs] == [1, 1]
    assert [tokenizer.decode(tokenizer.encode(pair.tgt)) for pair in pairs] == [
        "Sci / Tech",
        "World News",
    ]


def test_the_suggestion_holds_together():
    pairs = [Pair("a b c", "x"), Pair("d", "x"), Pair("e f", "y")]
    found = TASKS["classify"].suggest(pairs)
    assert any("'x' would be right in 66.7%" in reason for reason in found.reasons)
    for head in ("pool", "last"):
        check_config(build_config({"task": "classify", **found.values}, [f"model.head={head}"]))
    settings = ["text.src_tokenizer=bpe", "model.reader=tokens"]
    check_config(build_config({"task": "classify", **found.values}, settings))


def test_a_held_out_set_shares_labels_but_no_text():
    pairs = [Pair(f"text {n % 50}", "ab"[n % 2]) for n in range(100)]
    train, dev = split_by_source(pairs, 10, 1, by_target=False)
    assert len(dev) == 10
    assert not {pair.src for pair in train} & {pair.src for pair in dev}
    assert {pair.tgt for pair in train} == {pair.tgt for pair in dev} == {"a", "b"}
