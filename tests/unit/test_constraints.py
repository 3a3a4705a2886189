"""Alphabets, patterns and lexicons: none of them is ever broken."""

from collections.abc import Sequence

import numpy as np
import pytest

from dragoman.config import SearchConfig
from dragoman.constraints import Constrain, Constraints, lexicon_of, read_alphabet
from dragoman.errors import InputError
from dragoman.search.stepper import ArrayDistribution, ArrayStep
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS, INSERT, STEP
from dragoman.translator import TranslateOptions, Translator

pytestmark = pytest.mark.usefixtures("unchecked")

HANGUL = Normaliser(hangul="jamo")


class Dice:
    """A model that says anything, each row of each step something else, but the same each time."""

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size = vocab_size

    def start(self, src: np.ndarray) -> np.ndarray:
        return (src * np.arange(1, src.shape[1] + 1)).sum(axis=1) * 1000

    def step(self, last_ids: np.ndarray, state: np.ndarray) -> ArrayStep[np.ndarray]:
        now = state + 7 * last_ids + 1
        logits = np.stack(
            [np.random.default_rng(int(seed)).normal(size=self.vocab_size) for seed in now]
        )
        log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return ArrayStep(ArrayDistribution(log_probs.astype(np.float32)), None, now)

    def select(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


def translator(kind: str, texts: Sequence[str], normaliser: Normaliser) -> Translator:
    tokenizer = Tokenizer.train(
        texts, TokenizerOptions(kind, vocab_size=200, normaliser=normaliser)
    )
    return Translator(Dice(tokenizer.vocab_size), tokenizer, tokenizer, SearchConfig(beam_size=3))


SOURCES = ["가나다", "라마", "간", "학교에", "나무", "마을", "다리", "교실"]
WORDS = [*SOURCES, "a b tʃ", "c d", "abcabd", "123 45"]


@pytest.mark.parametrize(
    ("kind", "constraints", "normaliser"),
    [
        ("char", Constraints(pattern="[가-힣]{2,3}"), HANGUL),
        ("char", Constraints(pattern="(간|학교)+"), HANGUL),
        ("char", Constraints(alphabet="abc"), Normaliser()),
        ("spaced", Constraints(alphabet=("a", "tʃ", "d"), sep=" "), Normaliser()),
        ("char", Constraints(alphabet="0123456789", pattern="[0-9]{2,4}"), Normaliser()),
        ("bpe", Constraints(pattern="[a-d]+ ?[a-d]*"), Normaliser()),
    ],
)
@pytest.mark.parametrize("beam", [1, 4])
def test_no_output_breaks_them(
    kind: str, constraints: Constraints, normaliser: Normaliser, beam: int
) -> None:
    ready = translator(kind, WORDS, normaliser)
    found = ready.translate(SOURCES, TranslateOptions(beam_size=beam, constraints=constraints))
    said = [one.text for one in found if one.text]
    assert len(said) >= len(SOURCES) // 2, [one.text for one in found]
    assert all(constraints.allows(text) for text in said)
    free = ready.translate(SOURCES, TranslateOptions(beam_size=beam))
    assert not all(constraints.allows(one.text) for one in free)  # or the test shows nothing


def test_nbest_holds_them_too() -> None:
    constraints = Constraints(alphabet="abcd")
    ready = translator("char", WORDS, Normaliser())
    found = ready.translate(["가나"], TranslateOptions(nbest=3, constraints=constraints))[0]
    assert found.alternatives
    assert all(constraints.allows(one.text) for one in found.alternatives)


def test_an_output_cut_off_before_it_matches_is_no_output() -> None:
    constraints = Constraints(pattern="[ab]{50}")
    ready = translator("char", WORDS, Normaliser())
    assert (
        ready.translate(["가"], TranslateOptions(max_length=5, constraints=constraints))[0].text
        == ""
    )


def test_the_lexicon_wins_over_everything() -> None:
    lexicon = lexicon_of([("가나다", "XYZ"), ("가나다", "later")])
    constraints = Constraints(alphabet="abc", lexicon=lexicon)
    ready = translator("char", WORDS, Normaliser())
    first, second = ready.translate(["가나다", "라마"], TranslateOptions(constraints=constraints))
    assert first.text == "XYZ"
    assert set(second.text) <= set("abc")


def test_a_syllable_begun_may_go_on_only_to_what_matches() -> None:
    constraints = Constraints(pattern="간")
    begun, open_syllable = "\u1100", "가"
    assert constraints.may_begin(begun)
    assert constraints.may_begin(open_syllable)
    assert not constraints.may_begin("\u1102")
    assert not constraints.may_begin("강")
    assert not constraints.allows("가")


def test_alphabets_are_read_as_people_write_them(tmp_path) -> None:
    assert read_alphabet("abc") == ("a", "b", "c")
    assert read_alphabet("a̠b") == ("a̠", "b")
    assert read_alphabet("a tʃ ŋ") == ("a", "tʃ", "ŋ")
    file = tmp_path / "phones.txt"
    file.write_text("a\ntʃ ŋ\n", encoding="utf-8")
    assert read_alphabet(str(file)) == ("a", "tʃ", "ŋ")


def test_a_broken_pattern_is_refused() -> None:
    with pytest.raises(InputError, match="is no regular expression"):
        Constraints(pattern="[a")


def test_moving_along_the_source_says_nothing() -> None:
    options = TokenizerOptions("spaced", actions=("<step>", "<insert>"))
    tokenizer = Tokenizer.train(["a b", "b a"], options)
    assert list(tokenizer.silent) == [0, 1, 2, 3, 4, 5]
    constrain = Constrain(Constraints(pattern="a b"), tokenizer.decode, tokenizer.silent)
    a, b = tokenizer.encode("a b")
    level = ArrayDistribution(np.zeros((3, tokenizer.vocab_size), dtype=np.float32))
    prefixes = np.array([[STEP, STEP, STEP], [a, INSERT, STEP], [a, b, STEP]])
    found = constrain(level, prefixes, np.arange(3)).all()
    for row, allowed in enumerate(({a, STEP, INSERT}, {b, STEP, INSERT}, {EOS, STEP, INSERT})):
        finite = set(np.flatnonzero(np.isfinite(found[row])).tolist())
        assert allowed <= finite
        assert not finite & ({a, b, EOS} - allowed)
