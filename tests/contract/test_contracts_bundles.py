"""A bundle says what its torch model says, whatever it is made of."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime.quantization import quantize_dynamic

from dragoman.config import ModelConfig
from dragoman.contracts.combinations import full_product, name_of, pairwise
from dragoman.contracts.test_models import check_hypotheses
from dragoman.contracts.tiny import SOURCES, VOCAB, build, sources, stepper_of
from dragoman.data.batches import pad_sources
from dragoman.errors import ExportError
from dragoman.export.cells import CELLS
from dragoman.export.decoders import DECODERS
from dragoman.export.encoders import ENCODERS
from dragoman.export.graphs import BRIDGES
from dragoman.export.parts import ATTENTIONS, GENERATORS
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.stepper import may_copy
from dragoman.text.vocabulary import SOS
from helpers.bundles import stepper, write_tiny

LIMITS = Limits([8] * len(SOURCES), attention=True)


def is_known(config: ModelConfig) -> bool:
    return (
        {config.cell, config.writes_with} <= set(CELLS)
        and config.bridge in BRIDGES
        and config.attention in (*ATTENTIONS, "none")
        and config.generator in GENERATORS
        and config.encoder in ENCODERS
        and config.decoder in DECODERS
        and not config.coverage
    )


CONFIGS = {name_of(config): config for config in [*full_product(), *pairwise()]}
KNOWN = [name for name, config in CONFIGS.items() if is_known(config)]
UNKNOWN = [config for config in pairwise() if not is_known(config)]


@pytest.mark.parametrize("config", UNKNOWN, ids=name_of)
def test_what_has_no_graph_is_refused(config, tmp_path):
    with pytest.raises(ExportError, match="has no ONNX graph yet"):
        write_tiny(tmp_path, network=build(config))
    assert not list(tmp_path.iterdir())


def rounding(config: ModelConfig) -> float:
    """Layer normalisation divides rounding by a spread; where a step feeds two such cells and itself, it adds up."""
    normed = config.writes_with.startswith("ln")
    loops = config.decoder == "conditional" and config.input_feeding
    return 1e-4 if normed and loops else 1e-5


@pytest.mark.parametrize("name", KNOWN)
def test_the_bundle_finds_the_same_as_torch(name, tmp_path):
    """Greedy and with beams: tokens, probabilities, attention."""
    network, within = build(CONFIGS[name]), rounding(CONFIGS[name])
    engine, torch_stepper = stepper(write_tiny(tmp_path, network=network)), stepper_of(network)
    for found, wanted in zip(
        greedy_search(engine, sources(), LIMITS),
        greedy_search(torch_stepper, sources(), LIMITS),
        strict=True,
    ):
        check_hypotheses(found, wanted, within)
    options = BeamOptions(beam_size=3)
    for found, wanted in zip(
        beam_search(engine, sources(), LIMITS, options),
        beam_search(torch_stepper, sources(), LIMITS, options),
        strict=True,
    ):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            check_hypotheses(one, other, within)


@pytest.mark.parametrize("decoder", list(DECODERS))
def test_words_that_only_the_source_knows_are_copied(decoder, tmp_path):
    """The sides' ids differ, and two words of one sentence are in no vocabulary."""
    config = ModelConfig(
        embedding_size=6, hidden_size=8, dropout=0.0, generator="pointer", decoder=decoder
    )
    # Source tokens 18 and 19 are not in the target's vocabulary; the others stand there in another order.
    tgt_ids = [*range(6), *range(17, 5, -1), VOCAB, VOCAB + 1]
    network = build(config)
    network.tgt_ids.copy_(torch.tensor(tgt_ids))
    network.num_known_ids = VOCAB + 2
    src = pad_sources([[VOCAB, 7, VOCAB + 1, VOCAB], [18, 9]])
    engine, torch_stepper = stepper(write_tiny(tmp_path, network=network)), stepper_of(network)
    assert may_copy(engine)
    states = engine.start(src), torch_stepper.start(src)
    for last in ([SOS, SOS], [VOCAB + 3, 6]):
        found, wanted = (
            one.step(np.array(last), state)
            for one, state in zip((engine, torch_stepper), states, strict=True)
        )
        assert found.distribution.all().shape == (2, VOCAB + 4)
        np.testing.assert_allclose(
            np.exp(found.distribution.all()), np.exp(wanted.distribution.all()), atol=1e-6
        )
        states = found.state, wanted.state


@pytest.mark.parametrize("config", [*filter(is_known, pairwise())], ids=name_of)
def test_int8_is_close_and_does_not_depend_on_company(config, tmp_path):
    """A sentence alone and in a padded batch: the same words, whose probabilities are near torch's."""
    network = build(config)
    engine = stepper(write_tiny(tmp_path, network=network, int8=True))
    together = greedy_search(engine, sources(), LIMITS)
    for found, source in zip(together, SOURCES, strict=True):
        alone = greedy_search(engine, pad_sources([source]), Limits([8], attention=True))[0]
        assert found.ids == alone.ids
        assert found.log_probs == pytest.approx(alone.log_probs, abs=0.05)
    wanted = first_step(stepper_of(network))
    assert np.abs(first_step(engine) - wanted).mean() < 0.1 * wanted.std()


def first_step(engine):
    last = np.full(len(SOURCES), 2)
    return engine.step(last, engine.start(sources())).distribution.all()


LARGER = ModelConfig(embedding_size=32, hidden_size=64, dropout=0.0)


def drift(engine):
    """Most that a row's log-probabilities change by when other rows of other sizes join it."""
    calm = engine.start(sources())
    loud = type(calm)(calm.seen, calm.rows * np.array([1, 8, 8, 8], np.float32)[:, None, None])
    last = np.array([4, 5, 6, 7])
    together = engine.step(last, loud).distribution.all()[0]
    alone = engine.step(last[:1], engine.select(calm, np.array([0]))).distribution.all()[0]
    return np.abs(together - alone).max()


def test_stock_dynamic_quantisation_fails_where_ours_holds(tmp_path):
    """One scale for the whole batch makes a sentence's words depend on its company; one a row does not."""
    config = LARGER.model_copy(update={"generator": "tied"})
    network = build(config)
    ours = stepper(write_tiny(tmp_path / "ours", network=network, int8=True))
    assert drift(ours) < 1e-4
    stock = write_tiny(tmp_path / "stock", network=network)
    bundle_engine = stepper(stock)
    quantize_dynamic(stock / "step.onnx", stock / "dynamic.onnx")
    bundle_engine._step = onnxruntime.InferenceSession(
        stock / "dynamic.onnx", providers=["CPUExecutionProvider"]
    )
    assert drift(bundle_engine) > 1e-2


def test_the_graphs_are_valid_onnx(tmp_path):
    for int8 in (False, True):
        out = write_tiny(tmp_path / str(int8), int8=int8)
        for name in ("encoder.onnx", "step.onnx"):
            onnx.checker.check_model(out / name, full_check=not int8)
