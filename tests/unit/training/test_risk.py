"""Minimum-risk training follows the expected score of draws; and a training may begin with another model's weights."""

import math

import numpy as np
import pytest
import torch

from dragoman import api
from dragoman.config import ModelConfig, build_config
from dragoman.data.batches import Batch, Example, make_batch, pad
from dragoman.errors import ConfigError
from dragoman.nn.model import Seq2Seq
from dragoman.tables import check_config
from dragoman.text.copying import Copying
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS, SOS
from dragoman.training.checkpoints import load_tensors
from dragoman.training.folder import WEIGHTS, Tokenizers
from dragoman.training.risk import MinimumRisk, reads_copies


def network(vocab=8):
    torch.manual_seed(3)
    sizes = {"embedding_size": 8, "hidden_size": 8, "dropout": 0.0}
    return Seq2Seq(ModelConfig(**sizes), vocab, vocab)


def joined(ids):
    return " ".join(map(str, ids))


def same(text, references):
    """All or nothing."""
    return 100.0 * (text == references[0])


def half(text, references):
    """Half for a first word that is right."""
    return 100.0 if text == references[0] else 50.0 * (text[:1] == references[0][:1])


def test_by_hand():
    # Two draws, the first of them twice, and the right answer: a set of three.
    answers = [[4, 5, EOS], [4, 5, EOS], [6, EOS], [4, EOS]]
    batch = Batch(
        np.array([[4, 5, EOS]] * 4), pad([[SOS, *one[:-1]] for one in answers]), pad(answers)
    )
    model, risk = network(), MinimumRisk(half, joined, 3, sharpness=0.5)
    found = risk(model, batch, 0.0)
    p = [_probability(model, batch.src[0], one) for one in answers]
    shares = [math.sqrt(p[1]), math.sqrt(p[2]), math.sqrt(p[3])]
    expected = (shares[0] * 0.5 + shares[1] * 1.0 + shares[2] * 0.0) / sum(shares)
    # As many tokens as the right answer has: two.
    assert float(found.smoothed.detach()) == pytest.approx(2 * expected, rel=1e-4)
    assert float(found.cross_entropy) == pytest.approx(-math.log(p[3]), rel=1e-4)


def _probability(model, src, answer):
    src, last = torch.from_numpy(src)[None], torch.tensor([SOS])
    state, total = model.start(src), 0.0
    for token in answer:
        stepped = model.step(last, state)
        total += float(stepped.log_probs[0, token].detach())
        last, state = torch.tensor([token]), stepped.state
    return math.exp(total)


BATCH = make_batch([Example([4, 5], [5, 4]), Example([6], [7, 7, 6])])


def test_draws_stand_before_the_right_answer():
    torch.manual_seed(1)
    drawn = MinimumRisk(same, joined, 4).draw(network(), BATCH, 0.0)
    assert drawn.src.shape[0] == drawn.tgt_out.shape[0] == 10
    for row, right in ((4, [5, 4, EOS]), (9, [7, 7, 6, EOS])):
        assert drawn.tgt_out[row][: len(right)].tolist() == right
        assert not drawn.tgt_out[row][len(right) :].any()
    assert (drawn.src[:5] == BATCH.src[0]).all()
    for read, said in zip(drawn.tgt_in, drawn.tgt_out, strict=True):
        length = int((said != 0).sum())
        assert said[length - 1] == EOS
        assert read[0] == SOS
        assert (read[1:length] == said[: length - 1]).all()
    torch.manual_seed(1)
    again = MinimumRisk(same, joined, 4).draw(network(), BATCH, 0.0)
    assert np.array_equal(drawn.tgt_out, again.tgt_out)


def test_draws_follow_the_models_probabilities():
    model = network()
    torch.manual_seed(1)
    many = MinimumRisk(same, joined, 3000).draw(model, make_batch([Example([4], [5])]), 0.0)
    p = _probability(model, np.array([4, EOS]), [5])
    forbidden = sum(_probability(model, np.array([4, EOS]), [one]) for one in (0, 1, 2))
    share = (many.tgt_out[:3000, 0] == 5).mean()
    assert share == pytest.approx(p / (1 - forbidden), abs=0.03)


def test_what_is_copied_is_drawn_and_scored():
    torch.manual_seed(3)
    sizes = {"embedding_size": 8, "hidden_size": 8, "dropout": 0.0, "attention": "general"}
    model = Seq2Seq(ModelConfig(generator="pointer", copy_bias=3.0, **sizes), 8, 8)
    # Past the eight tokens: two words that are the source's own. The first is right.
    batch = make_batch([Example([8, 9], [8]), Example([4, 5], [5])])
    risk = MinimumRisk(half, joined, 40)
    drawn = risk.draw(model, batch, 0.0)
    own = set(drawn.tgt_out[:40].flatten().tolist())
    assert {8, 9} <= own
    assert max(drawn.tgt_out[41:].flatten()) < 8
    texts = [joined(token for token in row if token > EOS) for row in drawn.tgt_out.tolist()]
    seen: list[tuple[str, str]] = []
    risk = MinimumRisk(lambda text, refs: seen.append((text, refs[0])) or 0.0, joined, 40)
    risk(model, drawn, 0.0)
    assert seen == [(text, texts[40 if number < 41 else 81]) for number, text in enumerate(texts)]
    assert texts[40] == "8"


def test_own_words_have_names():
    options = TokenizerOptions("word", 20, 1)
    words = Tokenizers(*(Tokenizer.train([text], options) for text in ("a b x", "a b")))
    read = reads_copies(words)
    copying = Copying(words.src, words.tgt)
    (opened,) = copying.open(["x zig a zag zig"])
    (ids,) = copying.encode_targets(["zag x zig b"], [opened])
    assert read(ids) == "own1 x own0 b"


def test_the_likelier_answer_becomes_the_better_one():
    model, risk = network(), MinimumRisk(same, joined, 8, sharpness=1.0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.02)
    before = _probability(model, BATCH.src[0], [5, 4, EOS])
    for step in range(30):
        torch.manual_seed(step)
        optimiser.zero_grad()
        risk(model, risk.draw(model, BATCH, 0.0), 0.0).smoothed.backward()
        optimiser.step()
    assert _probability(model, BATCH.src[0], [5, 4, EOS]) > 100 * before


PAIRS = [("a" * n, "b" * n) for n in range(1, 13)]
SETTINGS = ["training.threads=1", "training.precision=float32"]


def test_a_training_begins_with_a_model_and_follows_the_risk(tmp_path):
    first = ["text.vocab_size=20", "model.hidden_size=8", "training.steps=4", *SETTINGS]
    api.train(PAIRS, tmp_path / "first", api.TrainOptions(settings=first))
    start = load_tensors(tmp_path / "first" / WEIGHTS)[0]

    def begun(name, *settings):
        options = api.TrainOptions(
            settings=[*SETTINGS, *settings], start=tmp_path / "first", data=tmp_path
        )
        model = api.train([*PAIRS, ("cc", "dd")], tmp_path / name, options)
        return load_tensors(model.folder / WEIGHTS)[0]

    # The averages move every four steps.
    same_weights = begun("none", "training.steps=1")
    assert all(torch.equal(start[name], weight) for name, weight in same_weights.items())
    taught = begun("taught", "training.steps=4", "training.risk_samples=3", "model.dropout=0.0")
    assert any(not torch.equal(start[name], weight) for name, weight in taught.items())
    with pytest.raises(ConfigError, match=r"model\.hidden_size is 8 .* leave --set model\.hidden_"):
        begun("other", "model.hidden_size=16")


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({"training": {"risk_samples": 2, "r_drop": 5.0}}, "takes the place"),
        (
            {"training": {"risk_samples": 2}, "model": {"decoder": "monotonic"}},
            "does not step along",
        ),
        ({"training": {"risk_score": "blue"}}, "no such row"),
    ],
)
def test_what_does_not_go_together_is_told(recipe, told):
    with pytest.raises(ConfigError, match=told):
        check_config(build_config(recipe))
