"""The translator: raw text in, translations out, whatever company a sentence keeps."""

import json
import math

import numpy as np
import pytest
import torch

from dragoman.config import ModelConfig, SearchConfig
from dragoman.errors import InputError
from dragoman.nn.model import Seq2Seq
from dragoman.nn.stepper import TorchStepper
from dragoman.search.sampling import SamplingOptions
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS
from dragoman.translator import TranslateOptions, Translator
from helpers.tables import TableStepper

TEXTS = ["a b c", "b", "c a a b c a", "", "a a", "   ", "zzz b"]
WORDS = ["a b c d e f a b c", "d e f a"]


def tokenizer():
    return Tokenizer.train(WORDS, TokenizerOptions("word"))


@pytest.fixture(scope="module")
def translator():
    words = tokenizer()
    torch.manual_seed(1)
    config = ModelConfig(embedding_size=8, hidden_size=16, dropout=0.0)
    model = Seq2Seq(config, words.vocab_size, words.vocab_size)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2).add_(0.2 * torch.randn_like(weight))
        model.generator.bias[EOS] += 1.5
    return Translator(TorchStepper(model), words, words, SearchConfig(max_length_extra=4))


def check(found, wanted):
    assert (found.source, found.text, found.tokens) == (wanted.source, wanted.text, wanted.tokens)
    assert found.src_tokens == wanted.src_tokens
    assert found.score == pytest.approx(wanted.score, abs=1e-5)
    assert found.log_prob == pytest.approx(wanted.log_prob, abs=1e-4)
    assert found.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)
    assert (found.attention is None) == (wanted.attention is None)
    if found.attention is not None:
        np.testing.assert_allclose(found.attention, wanted.attention, atol=1e-5)
    for one, other in zip(found.alternatives, wanted.alternatives, strict=True):
        check(one, other)


OPTIONS = {
    "as trained": TranslateOptions(),
    "greedy": TranslateOptions(beam_size=1),
    "n best": TranslateOptions(nbest=3, length_penalty=0.6, coverage_penalty=0.2),
    "no repeat": TranslateOptions(no_repeat=1),
    "short": TranslateOptions(max_length=2),
    "no attention": TranslateOptions(attention=False),
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_batch_is_its_sentences(translator, options):
    together = translator.translate(TEXTS, options)
    assert [one.source for one in together] == TEXTS
    for found, text in zip(together, TEXTS, strict=True):
        check(found, translator.translate([text], options)[0])


def test_small_batches_change_nothing(translator, monkeypatch):
    wanted = translator.translate(TEXTS)
    monkeypatch.setattr(translator, "batch_tokens", 8)
    for found, other in zip(translator.translate(iter(TEXTS)), wanted, strict=True):
        check(found, other)


def test_what_a_translation_says(translator):
    found = translator.translate(["c a a b c a"], TranslateOptions(nbest=3))[0]
    assert found.src_tokens == ("c", "a", "a", "b", "c", "a", "<eos>")
    assert found.tokens[-1] == "<eos>"
    assert found.text == " ".join(found.tokens[:-1])
    assert str(found) == found.text
    assert found.log_prob == pytest.approx(
        sum(math.log(one) for one in found.probabilities), abs=1e-5
    )
    assert found.score == pytest.approx(found.log_prob / len(found.tokens), abs=1e-6)
    assert found.attention.shape == (len(found.tokens), 7)
    np.testing.assert_allclose(found.attention.sum(axis=1), 1, atol=1e-5)
    scores = [found.score, *(one.score for one in found.alternatives)]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert len({found.text, *(one.text for one in found.alternatives)}) == 3


def test_an_empty_text_is_an_empty_translation(translator):
    for one in translator.translate(["", "  "]):
        assert (one.text, one.tokens, one.score, one.alternatives) == ("", (), 0.0, ())
    assert translator.translate([]) == []


def test_special_tokens_are_never_said(translator):
    for found in translator.translate(TEXTS, TranslateOptions(nbest=5)):
        for one in (found, *found.alternatives):
            assert not {"<pad>", "<unk>", "<sos>"} & set(one.tokens)


def test_max_length_cuts(translator):
    for one in translator.translate(TEXTS, TranslateOptions(max_length=1, beam_size=1)):
        assert len(one.tokens) <= 1
    assert translator.max_length(5) == 14


def test_prefixes_go_with_their_sentences(translator):
    prefixes = ["d e", "", "f", "a", "b b", "c", "e f"]
    found = translator.translate(TEXTS, TranslateOptions(prefixes=prefixes))
    for one, prefix in zip(found, prefixes, strict=True):
        assert not one.tokens or one.text.startswith(prefix)
    assert found[0].text.startswith("d e")
    check(found[1], translator.translate([TEXTS[1]])[0])


WAYS = [{"beam_size": 1}, {"beam_size": 3}, {"sampling": SamplingOptions()}]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("prefix", "options", "tokens"),
    [
        ("a a a", {"no_repeat": 1}, ["a", "a", "a"]),
        ("a b a b", {"no_repeat": 2}, ["a", "b", "a", "b"]),
        ("a b c d e f a", {"max_length": 2}, ["a", "b"]),
    ],
)
def test_a_beginning_wins_over_what_is_forbidden(translator, prefix, options, tokens, way):
    """Whoever asks for a beginning gets it, as far as the limit goes."""
    asked = TranslateOptions(prefixes=[prefix, "b"], **options, **way)
    first, second = translator.translate(["a b", "c"], asked)
    assert list(first.tokens[: len(tokens)]) == tokens
    assert second.tokens[0] == "b"
    assert math.isfinite(first.log_prob)
    if options == {"no_repeat": 1}:
        rest = [token for token in first.tokens[3:] if token != "<eos>"]
        assert "a" not in rest
        assert len(set(rest)) == len(rest)


def test_a_beginning_of_unknown_words_is_refused(translator):
    with pytest.raises(InputError, match="prefix 'a qqq'"):
        translator.translate(["a b", "c"], TranslateOptions(prefixes=["a qqq", "b"]))


def test_sampling(translator):
    options = TranslateOptions(sampling=SamplingOptions(seed=3), nbest=4)
    found = translator.translate(TEXTS, options)
    assert found == translator.translate(TEXTS, options)
    other = TranslateOptions(sampling=SamplingOptions(seed=9), nbest=4)
    assert found != translator.translate(TEXTS, other)
    assert len(found[0].alternatives) == 3
    assert len({found[2].text, *(one.text for one in found[2].alternatives)}) > 1
    # A sentence's place seeds its draws, so what follows it changes nothing.
    assert translator.translate(TEXTS[:3], options) == found[:3]


def test_score_is_forced_decoding(translator):
    """A translation's own log-probability, and the same in company."""
    found = [one for one in translator.translate(TEXTS) if one.tokens and one.tokens[-1] == "<eos>"]
    pairs = [(one.source, one.text) for one in found]
    assert len(pairs) > 2
    scores = translator.score(pairs)
    assert scores == pytest.approx([one.log_prob for one in found], abs=1e-4)
    assert [translator.score([pair])[0] for pair in pairs] == pytest.approx(scores, abs=1e-4)
    assert translator.score([]) == []
    assert translator.score([("a b", "")])[0] < 0


def test_score_by_hand():
    words = tokenizer()
    a, b = words.encode("a")[0], words.encode("b")[0]
    table = {(): {a: 0.5, EOS: 0.5}, (a,): {b: 0.25, EOS: 0.75}}
    # The table's sentence is its source's first token less 4.
    model = TableStepper([table] * 20)
    hand = Translator(model, words, words, SearchConfig())
    scores = hand.score([("a", "a"), ("b", ""), ("c a", "a b")])
    assert scores == pytest.approx([math.log(0.375), math.log(0.5), math.log(0.125)])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"beam_size": 0}, "beam_size is 0"),
        ({"nbest": 0}, "nbest is 0"),
        ({"max_length": 0}, "max_length is 0"),
        ({"no_repeat": -1}, "no_repeat is -1"),
        ({"length_penalty": -0.5}, "length_penalty is -0.5"),
        ({"sampling": SamplingOptions(temperature=0.0)}, "temperature is 0"),
        ({"sampling": SamplingOptions(top_p=1.5)}, "top_p is 1.5"),
        ({"sampling": SamplingOptions(top_k=-1)}, "top_k is -1"),
        ({"sampling": SamplingOptions(seed=-1)}, "seed is -1"),
        ({"coverage_penalty": -1.0}, "coverage_penalty is -1"),
        ({"length_penalty": math.nan}, "length_penalty is nan"),
    ],
    ids=str,
)
def test_options_that_cannot_be(options, says):
    with pytest.raises(InputError, match=says):
        TranslateOptions(**options)


def test_all_faults_are_told_at_once(translator):
    with pytest.raises(InputError, match=r"(?s)beam_size.*nbest"):
        TranslateOptions(beam_size=0, nbest=0)
    with pytest.raises(InputError, match="1 prefixes for 2 sentences"):
        translator.translate(["a", "b"], TranslateOptions(prefixes=["a"]))


def test_as_json_and_html(translator):
    found = translator.translate(["a b <c>"], TranslateOptions(nbest=2))[0]
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["text"] == found.text
    assert len(plain["attention"]) == len(plain["tokens"]) == len(plain["probabilities"])
    assert plain["alternatives"][0]["text"] == found.alternatives[0].text
    drawn = found._repr_html_()
    assert "&lt;c&gt;" in drawn
    assert "<c>" not in drawn
    assert drawn.count("<tr>") == len(found.tokens) + 1
    bare = translator.translate(["a"], TranslateOptions(attention=False))[0]
    assert bare.to_dict()["attention"] is None
    assert "<table>" not in bare._repr_html_()
