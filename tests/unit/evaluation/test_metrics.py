import json
import logging
import math
import random
import subprocess
import sys

import numpy as np
import pytest
from sacrebleu import corpus_bleu, corpus_chrf, corpus_ter
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.lib_ter import translation_edit_rate

from dragoman.errors import InputError, MissingExtraError
from dragoman.evaluation.metrics import METRICS, Bleu, Chrf, ExactMatch, Ter
from dragoman.evaluation.ter import count_edits


def _noisy_corpus(num_sentences, seed=0):
    """Make references, and hypotheses with wrong, missing and shifted words."""
    rng = random.Random(seed)
    words = ["the", "a", "cat", "dog", "sat", "ran", "on", "big", "red", "mat", ",", ".", "today"]
    references = [rng.choices(words, k=rng.randint(1, 15)) for _ in range(num_sentences)]
    hypotheses = []
    for reference in references:
        words_kept = [w if rng.random() < 0.8 else rng.choice(words) for w in reference]
        turn = rng.randrange(len(words_kept)) if rng.random() < 0.3 else 0
        hypotheses.append(words_kept[turn:] + words_kept[:turn])
    return [" ".join(h) for h in hypotheses], [" ".join(r) for r in references]


def test_bleu_by_hand():
    # matched / in hypotheses    1-grams  2-grams  3-grams  4-grams
    # the cat sat on the mat       5/6      3/5      2/4      1/3   ("the" counts once, as in the
    # a dog barks                  3/3      2/2      1/1      0/0    reference)
    # both                         8/9      5/7      3/5      1/3   product 120/945 = 8/63
    # 9 tokens for 10, so the brevity penalty is exp(1 - 10/9) = exp(-1/9).
    hypotheses = ["the cat sat on the mat", "a dog barks"]
    references = [["the cat sat on a mat"], ["a dog barks loudly"]]
    measured = Bleu().measure(hypotheses, references)
    assert measured.score().score == pytest.approx(100 * math.exp(-1 / 9) * (8 / 63) ** 0.25)
    assert measured.score().score == pytest.approx(53.42, abs=0.01)
    assert Bleu.length_ratio(measured.statistics) == 9 / 10


def test_equals_sacrebleu_functions():
    hypotheses, references = _noisy_corpus(200)
    parallel = [[reference] for reference in references]
    for metric, function in ((Bleu(), corpus_bleu), (Chrf(), corpus_chrf), (Ter(), corpus_ter)):
        expected = function(hypotheses, [references]).score
        assert metric.corpus(hypotheses, parallel).score == pytest.approx(expected, abs=1e-9)
    expected = corpus_chrf(hypotheses, [references], word_order=2).score
    assert Chrf(word_order=2).corpus(hypotheses, parallel).score == pytest.approx(expected)


def test_scores_intervals_and_signatures_equal_the_sacrebleu_command(tmp_path):
    hypotheses, references = _noisy_corpus(60)
    (tmp_path / "hyp").write_text("\n".join(hypotheses), encoding="utf-8")
    (tmp_path / "ref").write_text("\n".join(references), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", "ref", "-i", "hyp", "-m", "bleu", "chrf", "ter"]
    command += ["-w", "6", "-f", "json", "--confidence", "--confidence-n", "200"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    for name, expected in zip(("bleu", "chrf", "ter"), json.loads(done.stdout), strict=True):
        score = METRICS[name]().measure(hypotheses, [[r] for r in references]).score(200)
        low, high = score.interval
        assert score.score == pytest.approx(expected["score"], abs=1e-6)
        assert (high - low) / 2 == pytest.approx(expected["confidence_var"], abs=1e-4)
        assert score.signature == expected["signature"]


def test_variable_references():
    hypotheses = ["the cat sat on the mat", "a dog barks in the night", "yes it is so"]
    references = [
        ["a cat sat on a mat", "the cat sat on the mat"],
        ["the dog barks in the night"],
        ["yes", "no it is so", "yes it is so today"],
    ]
    streams = [
        ["a cat sat on a mat", "the dog barks in the night", "yes"],
        ["the cat sat on the mat", None, "no it is so"],
        [None, None, "yes it is so today"],
    ]
    sacre = BLEU()
    score = Bleu().corpus(hypotheses, references)
    assert score.score == pytest.approx(sacre.corpus_score(hypotheses, streams).score)
    assert score.signature == sacre.get_signature().format()
    assert score.signature.startswith("nrefs:var|")
    assert ExactMatch().corpus(hypotheses, references).score == pytest.approx(100 / 3)


@pytest.mark.parametrize("name", METRICS)
class TestEveryMetric:
    def test_bootstrap_is_determined_by_its_seed(self, name):
        hypotheses, references = _noisy_corpus(150)
        measured = METRICS[name]().measure(hypotheses, [[r] for r in references])
        score = measured.score(200, seed=1)
        assert score == measured.score(200, seed=1)
        assert score.interval != measured.score(200, seed=2).interval
        assert score.interval[0] < score.score < score.interval[1]
        assert "|bs:200|seed:1|" in score.signature
        assert score.name == name

    def test_without_bootstrap(self, name):
        score = METRICS[name]().corpus(["a b c d"], [["a b c d"]])
        assert score.interval is None
        assert score.score == pytest.approx(0 if METRICS[name].lower_is_better else 100)
        assert score.signature.startswith("nrefs:1|")
        assert "version:" in score.signature

    def test_part_scores_as_if_alone(self, name):
        hypotheses, references = _noisy_corpus(40)
        parallel = [[r] for r in references]
        part = METRICS[name]().measure(hypotheses, parallel).score_of(np.arange(10, 30))
        alone = METRICS[name]().corpus(hypotheses[10:30], parallel[10:30])
        assert part == pytest.approx(alone.score)

    def test_empty_hypotheses(self, name):
        score = METRICS[name]().measure(["", ""], [["a b"], ["c"]]).score(10).score
        assert score == (100 if METRICS[name].lower_is_better else 0)

    @pytest.mark.parametrize(
        ("hypotheses", "references", "message"),
        [
            ([], [], "there is no hypothesis"),
            (["a", "b"], [["a"]], "hypotheses, 2, is not that of reference lists, 1;"),
            (["a", "b"], [["a"], []], "sentence 2 has no reference"),
            (["a"], ["a"], "sentence 1 has a text where a list"),
        ],
    )
    def test_unusable_input(self, name, hypotheses, references, message):
        with pytest.raises(InputError, match=message):
            METRICS[name]().measure(hypotheses, references)


def test_exact_match_normalises_unicode_and_space_but_not_case():
    hypotheses = [" cafe\u0301  noir", "Oui", "non"]
    references = [["café noir"], ["oui"], ["peut-être", "non "]]
    score = ExactMatch().measure(hypotheses, references).score(50)
    assert score.score == pytest.approx(200 / 3)
    assert score.signature == (
        "nrefs:var|bs:50|seed:12345|case:mixed|norm:nfc|space:collapsed|version:1"
    )


@pytest.mark.parametrize("tokenizer", ["13a", "none", "char", "zh", "intl"])
def test_bleu_tokenizers(tokenizer):
    hypotheses, references = ["你好，世界。", "it's 3.5!"], ["你好，地球。", "it's 3,5!"]
    score = Bleu(tokenizer).corpus(hypotheses, [[r] for r in references])
    expected = corpus_bleu(hypotheses, [references], tokenize=tokenizer).score
    assert score.score == pytest.approx(expected)
    assert f"|tok:{tokenizer}|" in score.signature


def test_unknown_bleu_tokenizer():
    with pytest.raises(InputError, match="no BLEU tokenizer 'moses'; there are 13a, none"):
        Bleu("moses")


def test_tokenized_text_raises_no_warning(caplog):
    caplog.set_level(logging.DEBUG)
    Bleu("none").corpus(["a b c ."] * 150, [["a b d ."]] * 150)
    assert not caplog.records


def test_ter_counts_as_sacrebleu_does():
    rng = random.Random(3)
    for _ in range(30):
        words = [str(n) for n in range(rng.choice([2, 10, 100]))]
        reference = rng.choices(words, k=rng.choice([0, 1, 5, 12, 30, 55]))
        turn = rng.randrange(len(reference) + 1)
        kept = [w if rng.random() < 0.7 else rng.choice(words) for w in reference]
        hypothesis = kept[turn:] + kept[: rng.randrange(turn + 1)]
        hypothesis += rng.choices(words, k=rng.choice([0, 0, 3, 30]))
        assert count_edits(hypothesis, reference) == translation_edit_rate(hypothesis, reference)[0]


def test_ter_by_hand():
    # One shift ("today" to the end) and one substitution, over five words.
    score = Ter().corpus(["today we saw the dog"], [["we saw the cat today"]])
    assert score.score == pytest.approx(100 * 2 / 5)


def test_sacrebleu_and_rich_are_imported_only_when_needed():
    code = (
        "import sys, dragoman.evaluation.report; "
        "sys.exit(any(name in sys.modules for name in ('sacrebleu', 'rich', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_sacrebleu(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingExtraError, match=r"scoring needs sacrebleu.*dragoman\[train\]"):
        Bleu().corpus(["a"], [["a"]])
