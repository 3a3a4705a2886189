"""Guided attention: the lexicon's guess by hand, its loss, and when it ends."""

import numpy as np
import pytest
import torch

from dragoman.config import ModelConfig, TrainingConfig, build_config
from dragoman.data.batches import Example, ListDeck, make_batch
from dragoman.data.lexicon import Lexicon, learn_lexicon
from dragoman.errors import ConfigError
from dragoman.nn.model import Seq2Seq
from dragoman.tables import check_config
from dragoman.text.vocabulary import EOS
from dragoman.training import guided
from dragoman.training.guided import Guide, guided_loss, learn_from, prior
from dragoman.training.validation import batch_loss

# The house, the book, a book: das Haus, das Buch, ein Buch (Brown et al. 1993's own kind of example).
THE, HOUSE, BOOK, A = 5, 6, 7, 8
DAS, HAUS, BUCH, EIN = 5, 6, 7, 8
PAIRS = [([THE, HOUSE], [DAS, HAUS]), ([THE, BOOK], [DAS, BUCH]), ([A, BOOK], [EIN, BUCH])]
DECK = ListDeck([Example(src, tgt) for src, tgt in PAIRS])


def test_a_lexicon_learns_what_sentences_have_in_common():
    lexicon = learn_lexicon(PAIRS, 9)
    found = lexicon.look_up(np.array([[THE, HOUSE]]), np.array([[DAS, HAUS, EIN]]))[0]
    assert found.shape == (3, 2)
    # One round by hand: all begin alike, so t(das | the) = (1/2 + 1/2) / 2 and t(haus | the) = 1/4.
    assert found[0, 0] > 0.6 > 0.35 > found[1, 0]
    assert found[1, 1] > 0.6
    assert found[2].tolist() == [0, 0]
    for word in (THE, HOUSE, BOOK, A):
        assert lexicon.probabilities[lexicon.links // 9 == word].sum() == pytest.approx(1)


def test_nothing_is_learned_of_nothing():
    found = learn_lexicon([], 9).look_up(np.array([[THE]]), np.array([[DAS, HAUS]]))
    assert found.tolist() == [[[0], [0]]]


def test_places_near_the_diagonal_are_likelier():
    """Of two words and the end: (1 - 0.08) exp(-4 |j - i|) / sum; padding gets nothing, the end 0.08."""
    found = prior(np.array([2, 1]), np.array([4, 1]), (3, 4))
    assert found.shape == (2, 4, 3)
    near, far = np.exp(-4 * abs(0.125 - 0.25)), np.exp(-4 * abs(0.125 - 0.75))
    np.testing.assert_allclose(found[0, 0, :2], 0.92 * np.array([near, far]) / (near + far))
    np.testing.assert_allclose(found[0, :, 2], 0.08)
    np.testing.assert_allclose(found[1, 0], [0.92, 0.08, 0])


def guess():
    """Look from a lexicon that knows that the comes as das, half as often as ein."""
    lexicon = Lexicon(
        9,
        np.array([THE * 9 + DAS, THE * 9 + EIN]),
        np.array([0.25, 0.5]),
        (np.zeros(0), np.zeros(0)),
    )
    return Guide(lambda: lexicon, 2.0)


def test_a_guide_looks_where_the_lexicon_says_and_at_the_end_from_the_end():
    batch = make_batch([Example([HOUSE, THE], [DAS, BUCH]), Example([THE], [DAS])])
    found = guess().look(batch)
    assert found.shape == (2, 3, 3)
    np.testing.assert_allclose(found[0, 0], [0, 1, 0])
    near = prior(np.array([2]), np.array([2]), (3, 3))[0, 1]
    np.testing.assert_allclose(found[0, 1], near, rtol=1e-6)  # A word that has met neither.
    np.testing.assert_allclose(found[0, 2], [0, 0, 1])
    np.testing.assert_allclose(found[1], [[1, 0, 0], [0, 1, 0], [0, 0, 0]])


def test_it_costs_less_and_less_until_half_of_the_training():
    guide, batch = guess(), make_batch([Example([THE], [DAS])])
    for done, weight in ((0.0, 2.0), (0.25, 1.0)):
        told = guide(None, batch, done).guide
        np.testing.assert_allclose(told, weight * guide.look(batch))
    assert guide(None, batch, 0.5).guide is None
    assert guide(None, batch, 1.0).guide is None


def test_a_training_that_is_past_it_learns_no_lexicon():
    def learn():
        raise AssertionError

    batch = make_batch([Example([THE], [DAS])])
    assert Guide(learn, 1.0)(None, batch, 0.7) is batch


def test_the_loss_is_the_cross_entropy_of_the_guess():
    weights = torch.tensor([[[0.5, 0.5], [0.25, 0.75]], [[0.125, 0.875], [0.0, 1.0]]])
    guide = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    # Two passes over one pair: the mean of both.
    wanted = -(np.log(0.5) + np.log(0.125)) / 2 - 2 * np.log(0.75) / 2
    assert float(guided_loss(weights, guide)) == pytest.approx(wanted)


@pytest.mark.parametrize("r_drop", [0.0, 1.0])
def test_a_batch_that_is_guided_costs_so_much_more(r_drop):
    from dragoman.training.validation import Penalties

    torch.manual_seed(1)
    model = Seq2Seq(ModelConfig(embedding_size=4, hidden_size=6, dropout=0.0), 9, 9)
    guide = Guide(lambda: learn_from(DECK, 9, TrainingConfig()), 1.0)
    batch = make_batch(DECK.examples)
    plain = batch_loss(model, batch, 0.1, Penalties(r_drop=r_drop))
    guided = batch_loss(model, guide(None, batch, 0.0), 0.1, Penalties(r_drop=r_drop))
    src, tgt_in = torch.from_numpy(batch.src), torch.from_numpy(batch.tgt_in)
    missed = guided_loss(model(src, tgt_in).weights, torch.from_numpy(guide.look(batch)))
    torch.testing.assert_close(guided.smoothed - plain.smoothed, missed, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(guided.cross_entropy, plain.cross_entropy)


def test_a_corpus_teaches_where_its_words_come_from():
    guide = Guide(lambda: learn_from(DECK, 9, TrainingConfig()), 1.0)
    found = guide.look(make_batch([Example([THE, BOOK], [DAS, BUCH])]))[0]
    assert found.argmax(1).tolist() == [0, 1, 2]
    assert (found.max(1) > 0.8).all()


def test_a_large_corpus_is_not_learned_from_as_a_whole(monkeypatch):
    monkeypatch.setattr(guided, "_MOST_LINKS", 3)
    # A pair a batch, of four links each.
    found = learn_from(DECK, 9, TrainingConfig(batch_tokens=1))
    assert len(found.counts[0]) > 0
    assert found.counts[0][EOS] == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"model": {"attention": "none"}},
        {"model": {"decoder": "monotonic"}},
        {"training": {"risk_samples": 2}},
    ],
)
def test_what_cannot_be_guided_is_said(settings):
    training = settings.get("training", {}) | {"guided_attention": 1.0}
    with pytest.raises(ConfigError, match="guided_attention tells an attention"):
        check_config(build_config(settings | {"training": training}))
