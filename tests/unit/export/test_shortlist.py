"""A shortlist: what it offers, that nothing else is said, and that everything can be said where it is asked for."""

import numpy as np
import pytest

from dragoman.config import Config, ModelConfig
from dragoman.contracts.test_models import check_hypotheses
from dragoman.contracts.tiny import SOURCES, VOCAB, build, sources, stepper_of
from dragoman.data.batches import pad_sources
from dragoman.errors import ExportError
from dragoman.export import ExportOptions, write_bundle
from dragoman.export.parts import GENERATORS
from dragoman.export.shortlist import Shortlist, ShortlistOptions, learn_shortlist
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.engine import BundleStepper
from dragoman.runtime.offer import OfferDistribution
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.stepper import ArrayDistribution
from dragoman.text.vocabulary import EOS
from helpers.bundles import tokenizer
from helpers.cli import main, train_tiny

LIMITS = Limits([8] * len(SOURCES))
# Source token i may become i, or the token before; 18 and 19 any sentence's.
TABLE = np.stack([np.arange(VOCAB), np.maximum(np.arange(VOCAB) - 1, EOS)], axis=1)
TABLE[:4] = EOS
SHORT = Shortlist(np.array([EOS, 18, 19]), TABLE)
GENERATING = [name for name in GENERATORS if name != "pointer"]


def write(folder, network, shortlist=SHORT, *, int8=False):
    both = tokenizer()
    options = ExportOptions(int8, shortlist)
    write_bundle(network, Config(model=network.config), (both, both), folder, options)
    return BundleStepper(read_bundle(folder))


def network_of(generator):
    return build(
        ModelConfig(embedding_size=6, hidden_size=8, dropout=0.0, generator=generator), seed=3
    )


def test_it_learns_which_words_go_together():
    """Each of 4, 5, 6 always stands with 10, 11, 12 on the other side; 13, in every answer, is offered to all."""
    pairs = [([4, 5], [10, 11, 13]), ([5, 6], [12, 13, 11]), ([4, 6], [12, 10, 13])]
    short = learn_shortlist(pairs, (8, 14), ShortlistOptions(frequent=1, each=1))
    assert short.always.tolist() == [EOS, 13]
    assert short.table.tolist() == [[EOS]] * 4 + [[10], [11], [12], [EOS]]
    assert short.of([4, 6, EOS]).tolist() == [EOS, 10, 12, 13]


def test_nothing_to_learn_from_offers_the_end_alone():
    short = learn_shortlist([], (6, 6), ShortlistOptions(frequent=2, each=2))
    assert short.of([4, 5]).tolist() == [EOS]


@pytest.mark.parametrize("generator", GENERATING)
def test_with_every_word_it_is_the_model(generator, tmp_path):
    """What traces, scores and constraints are made with: the torch model's words and probabilities."""
    network = network_of(generator)
    engine = write(tmp_path, network)
    for found, wanted in zip(
        beam_search(engine, sources(), LIMITS, BeamOptions(3)),
        beam_search(stepper_of(network), sources(), LIMITS, BeamOptions(3)),
        strict=True,
    ):
        for one, other in zip(found, wanted, strict=True):
            check_hypotheses(one, other)


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("generator", GENERATING)
def test_a_sentence_says_what_is_offered_to_it_whatever_its_company(generator, int8, tmp_path):
    """The probabilities are the whole model's, shared out among the words that are offered."""
    engine = write(tmp_path, network_of(generator), int8=int8)
    together = beam_search(engine.short, sources(), LIMITS, BeamOptions(3))
    every = engine.step(np.full(len(SOURCES), 2), engine.start(sources())).distribution.all()
    short = engine.step(np.full(len(SOURCES), 2), engine.short.start(sources())).distribution.all()
    for number, source in enumerate(SOURCES):
        ids = SHORT.of([*source, EOS])
        assert (np.flatnonzero(np.isfinite(short[number])) == ids).all()
        shared = every[number, ids] - np.logaddexp.reduce(every[number, ids])
        np.testing.assert_allclose(short[number, ids], shared, atol=0.05 if int8 else 1e-5)
        alone = beam_search(engine.short, pad_sources([source]), LIMITS, BeamOptions(3))[0]
        assert [one.ids for one in alone] == [one.ids for one in together[number]]
        assert all(set(one.ids) <= set(ids.tolist()) for one in alone)


def test_greedy_search_stays_on_the_list(tmp_path):
    engine = write(tmp_path, network_of("softmax"))
    for source, found in zip(SOURCES, greedy_search(engine.short, sources(), LIMITS), strict=True):
        assert set(found.ids) <= set(SHORT.of([*source, EOS]).tolist())


def test_words_are_found_by_their_ids():
    """Against the same numbers written out over the whole vocabulary."""
    ids = np.array([1, 3, 4, 8])
    offered = np.log(np.array([[0.1, 0.2, 0.3, 0.4], [0.25, 0.4, 0.15, 0.2]], np.float32))
    found = OfferDistribution(ArrayDistribution(offered), ids, 10)
    whole = np.full((2, 10), -np.inf, np.float32)
    whole[:, ids] = offered
    wanted = ArrayDistribution(whole)
    np.testing.assert_array_equal(found.all(), whole)
    for k in (1, 4):
        for one, other in zip(found.top(k), wanted.top(k), strict=True):
            np.testing.assert_array_equal(one, other)
    for asked in ([3, 4], [0, 9], [8, 2]):
        np.testing.assert_array_equal(found.gather(np.array(asked)), wanted.gather(np.array(asked)))
    for banned in ([3, 5], {1: [3, 0]}):
        np.testing.assert_array_equal(found.forbid(banned).all(), wanted.forbid(banned).all())
    np.testing.assert_array_equal(found.only({0: [8, 9]}).all(), wanted.only({0: [8, 9]}).all())


def test_a_model_that_copies_has_none(tmp_path):
    with pytest.raises(ExportError, match="a shortlist is for models that generate every word"):
        write(tmp_path, network_of("pointer"))
    assert not list(tmp_path.iterdir())


def test_the_command_makes_one_and_the_program_uses_it(tmp_path, capsys, monkeypatch):
    """Every word of this toy language is frequent, so the words are the model's own; scores use them all."""
    model = train_tiny(tmp_path)
    bundle = tmp_path / "short"
    assert main(["export", str(model), "--to", str(bundle), "--shortlist"]) == 0
    assert "with a shortlist" in capsys.readouterr().out
    assert main(["translate", str(bundle), "three nine"]) == 0
    short = capsys.readouterr().out
    assert main(["translate", str(model), "three nine"]) == 0
    assert short == capsys.readouterr().out
    assert main(["eject", str(bundle), "--to", str(tmp_path / "my.c")]) == 2
    assert "export the model without --shortlist" in capsys.readouterr().err
    (tmp_path / "pairs.tsv").unlink()
    assert main(["export", str(model), "--to", str(tmp_path / "again"), "--shortlist"]) == 2
    assert "say where its data is with --data DIR" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
