"""Minimum-Bayes-risk decoding takes the output that is most like all of them, by hand and by sacreBLEU's scores."""

import math
from dataclasses import replace

import pytest

from dragoman.errors import InputError
from dragoman.evaluation.risk import SENTENCE_SCORES, LeastRisk
from dragoman.translator import Translation


def found(*outputs):
    made = [Translation("s", text, value, value, (), (), ()) for text, value in outputs]
    return Translation("s", *outputs[0], outputs[0][1], (), (), (), alternatives=tuple(made[1:]))


def shared(text, references):
    """Of the words of both, the share that both have (Jaccard), in percent."""
    mine, theirs = set(text.split()), set(references[0].split())
    return 100 * len(mine & theirs) / len(mine | theirs)


# Likeness: (a b, a c) 1/3; (a b, d) 0; (a c, d) 0.
DRAWN = found(("d", -0.1), ("a b", -2.0), ("a c", -2.0), ("a b", -2.0))


def test_draws_by_hand():
    # a b: (2 * 1 + 1/3) / 4 = 7/12; a c: (1 + 2/3) / 4 = 5/12; d: 1/4.
    chosen = LeastRisk(shared, drawn=True, nbest=3)(DRAWN)
    assert [chosen.text, *(one.text for one in chosen.alternatives)] == ["a b", "a c", "d"]
    assert chosen.score == pytest.approx(100 * 7 / 12)
    assert [one.score for one in chosen.alternatives] == pytest.approx([100 * 5 / 12, 25])
    assert chosen.log_prob == -2.0
    assert chosen.source == "s"


def test_the_n_best_by_hand():
    # Weights 0.6, 0.2, 0.2. d: 0.6. a b: 0.2 + 0.2/3, and so a c: the likeliest stands for most.
    best = found(*((text, math.log(p)) for text, p in (("d", 0.6), ("a b", 0.2), ("a c", 0.2))))
    assert LeastRisk(shared, drawn=False)(best).text == "d"
    # Weights 0.4, 0.3, 0.3: d 0.4; a b: 0.3 + 0.1, which is 0.4 as well: the likelier stays. 0.38: no more.
    best = found(*((text, math.log(p)) for text, p in (("d", 0.38), ("a b", 0.31), ("a c", 0.31))))
    chosen = LeastRisk(shared, drawn=False)(best)
    assert chosen.text == "a b"
    assert chosen.score == pytest.approx(100 * (0.31 + 0.31 / 3))
    assert chosen.alternatives == ()


def test_summaries_by_rouge_by_hand():
    # F of the longest common subsequence, words stemmed. 1-2: 2 * 2 / (2 + 3) = 0.8, 1-3: 2 * 1 / (2 + 2) = 0.5,
    # 2-3: 0.8. The second: (0.8 + 1 + 0.8) / 4, the first and the third: (1 + 0.8 + 0.5) / 4.
    texts = ("lunch", "Budget meeting", "budget meetings Friday!", "meeting friday")
    chosen = LeastRisk.by("rouge", drawn=True, nbest=4)(found(*((text, -1.0) for text in texts)))
    assert chosen.text == texts[2]
    assert [chosen.score, *(one.score for one in chosen.alternatives)] == pytest.approx(
        [65, 57.5, 57.5, 25]
    )


def test_rouge_knows_words_of_other_letters():
    # Of three words two are shared, in the same order.
    assert SENTENCE_SCORES["rouge"]()("내일 팀 회의", ["내일 회의 취소"]) == pytest.approx(200 / 3)
    assert SENTENCE_SCORES["rouge"]()("", ["내일"]) == 0


def test_the_n_best_count_by_their_scores_where_that_is_asked():
    # As above, 0.38, 0.31, 0.31, but squared: d 0.1444, a b 0.0961 * (1 + 1/3), which is less. The probabilities, which
    # fall with the length, are not asked.
    first, *others = (
        Translation("s", text, math.log(p), log_prob, (), (), ())
        for text, p, log_prob in (("d", 0.38, -9.0), ("a b", 0.31, -1.0), ("a c", 0.31, -1.0))
    )
    outputs = replace(first, alternatives=tuple(others))
    chosen = LeastRisk(shared, drawn=False, sharpness=2.0)(outputs)
    assert chosen.text == "d"
    assert chosen.score == pytest.approx(100 * 0.1444 / (0.1444 + 2 * 0.0961))
    assert LeastRisk(shared, drawn=False, sharpness=1.0)(outputs).text == "a b"


def test_one_output_is_chosen():
    assert LeastRisk(shared, drawn=True)(found(("a", -1.0))).text == "a"


@pytest.mark.parametrize("name", SENTENCE_SCORES)
def test_a_sentence_is_like_itself(name):
    score = SENTENCE_SCORES[name]()
    assert score("ein Mann läuft", ["ein Mann läuft"]) == pytest.approx(100)
    assert (
        0
        <= score("ganz anders", ["ein Mann läuft"])
        < 30
        < score("ein Mann lief", ["ein Mann läuft"])
    )


def test_an_unknown_score_is_told():
    with pytest.raises(InputError, match="no sentence score 'blue'; there are chrf, bleu, rouge"):
        LeastRisk.by("blue", drawn=True)
