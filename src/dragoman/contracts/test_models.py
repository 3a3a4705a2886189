"""The contracts of whole networks, over combinations of all parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from dragoman.config import ModelConfig
from dragoman.contracts.combinations import full_product, name_of, pairwise
from dragoman.contracts.tiny import (
    SOURCES,
    TARGETS,
    VOCAB,
    build,
    check_close,
    check_gradients,
    sources,
    stepper_of,
    targets_in,
    tensor_of,
)
from dragoman.data.batches import pad_sources
from dragoman.nn.model import Seq2Seq
from dragoman.nn.state import State
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.stepper import Hypothesis
from dragoman.text.vocabulary import PAD

PAIRWISE = pytest.mark.parametrize("config", pairwise(), ids=name_of)
LENGTH = 8


def check_steps(model: Seq2Seq) -> None:
    """Hold that the loop of `step` gives what the whole-sequence form gives."""
    src, tgt_in = tensor_of(sources()), targets_in()
    with torch.no_grad():
        whole = model(src, tgt_in)
        wanted = model.log_probs(whole, src)
        state = model.start(src)
        for step, ids in enumerate(tgt_in.unbind(1)):
            stepped = model.step(ids, state)
            state = stepped.state
            check_close(stepped.log_probs, wanted[:, step])
            check_close(stepped.weights, None if whole.weights is None else whole.weights[:, step])


@pytest.mark.parametrize("config", full_product(), ids=name_of)
def test_the_loop_of_step_is_the_whole_sequence(config: ModelConfig) -> None:
    """For every cell x bridge x attention x generator."""
    check_steps(build(config))


@PAIRWISE
class TestNetwork:
    """What holds for a network, whatever it is made of."""

    def test_the_loop_of_step_is_the_whole_sequence(self, config: ModelConfig) -> None:
        """With several layers, a context at every step, a source read backwards."""
        check_steps(build(config))

    def test_padding_changes_nothing(self, config: ModelConfig) -> None:
        """Three more columns of padding are neither read nor looked at."""
        model = build(config)
        with torch.no_grad():
            wanted = model(tensor_of(sources()), targets_in())
            found = model(tensor_of(sources(extra=3)), targets_in())
        check_close(found.outputs, wanted.outputs)
        if wanted.weights is not None and found.weights is not None:
            check_close(found.weights[:, :, :-3], wanted.weights)
            assert (found.weights[:, :, -3:] == 0).all()

    def test_bfloat16_teaches_nearly_the_same(self, config: ModelConfig) -> None:
        """Products in bfloat16 (as in training) leave the outputs about where they were, and gradients finite."""
        model = build(config)
        with torch.no_grad():
            wanted = model(tensor_of(sources()), targets_in()).outputs
        with torch.autocast("cpu", torch.bfloat16):
            found = model(tensor_of(sources()), targets_in()).outputs
        real = targets_in() != PAD
        assert (found.float() - wanted)[real].abs().mean() < 0.05 * wanted[real].abs().mean() + 0.02
        found.float()[real].square().sum().backward()
        grads = [weight.grad for weight in model.parameters() if weight.grad is not None]
        assert grads
        assert all(bool(grad.isfinite().all()) for grad in grads)

    def test_a_batch_is_its_sentences(self, config: ModelConfig) -> None:
        """Under teacher forcing."""
        model = build(config)
        with torch.no_grad():
            src = tensor_of(sources())
            together = model.log_probs(model(src, targets_in()), src)
            for row, source in enumerate(SOURCES):
                steps = len(TARGETS[row]) + 1
                src = tensor_of(pad_sources([source]))
                alone = model.log_probs(model(src, targets_in()[row : row + 1, :steps]), src)
                check_close(together[row, :steps], alone[0])

    def test_targets_of_one_source_are_read_as_if_each_had_its_own(
        self, config: ModelConfig
    ) -> None:
        """The source of several targets is read once."""
        model = build(config)
        src, tgt_in = tensor_of(sources()), targets_in()
        tgt_in = torch.cat([tgt_in, tgt_in.roll(1, 0)])[[0, 4, 1, 5, 2, 6, 3, 7]]
        assert len(SOURCES) == 4
        each = src.repeat_interleave(2, 0)
        with torch.no_grad():
            shared, alone = model(src, tgt_in), model(each, tgt_in)
            check_close(model.log_probs(shared, src), model.log_probs(alone, each))
            check_close(shared.weights, alone.weights)

    def test_greedy_finds_the_same_in_company(self, config: ModelConfig) -> None:
        """Tokens, probabilities and attention of a batch are those of its sentences."""
        stepper = stepper_of(build(config))
        limits = Limits([LENGTH] * len(SOURCES), attention=True)
        together = greedy_search(stepper, sources(), limits)
        for found, source in zip(together, SOURCES, strict=True):
            limits = Limits([LENGTH], attention=True)
            check_hypotheses(found, greedy_search(stepper, pad_sources([source]), limits)[0])

    def test_beam_search_finds_the_same_in_company(self, config: ModelConfig) -> None:
        """All of the n best, in their order."""
        stepper = stepper_of(build(config))
        options = BeamOptions(beam_size=3)
        together = beam_search(
            stepper, sources(), Limits([LENGTH] * len(SOURCES), (), True), options
        )
        for found, source in zip(together, SOURCES, strict=True):
            alone = beam_search(
                stepper, pad_sources([source]), Limits([LENGTH], (), True), options
            )[0]
            assert len(found) == len(alone) == 3
            for one, other in zip(found, alone, strict=True):
                check_hypotheses(one, other)

    def test_select_is_another_batch(self, config: ModelConfig) -> None:
        """Rows reordered, dropped, repeated evenly or not go on as they would have gone on."""
        model = build(config)
        with torch.no_grad():
            first = model.start(tensor_of(sources()))
            state = model.step(torch.tensor([4, 5, 6, 7]), first).state
            last = torch.tensor([8, 9, 10, 11])
            wanted = model.step(last, state)
            for chosen in (
                [3, 1, 0, 2],
                [2, 0],
                [1],
                [0, 0, 1, 1, 2, 2, 3, 3],
                [1, 1, 1, 3],
                [0, 2, 0],
            ):
                rows = torch.tensor(chosen)
                found = model.step(last[rows], state.select(rows))
                check_close(found.log_probs, wanted.log_probs[rows])
                check_close(found.weights, None if wanted.weights is None else wanted.weights[rows])

    def test_select_does_not_copy_the_memory(self, config: ModelConfig) -> None:
        """A sentence's memory is kept once, however many beams look at it, and goes with its last."""
        model = build(config)
        with torch.no_grad():
            state = model.start(tensor_of(sources()))
            beams = state.select(torch.arange(4).repeat_interleave(3))
            moved = beams.select(torch.tensor([2, 0, 0, 4, 4, 4, 6, 8, 7, 11, 10, 9]))
            fewer = moved.select(torch.tensor([3, 4, 5, 9, 11, 10]))
        for one, rows, sentences in ((beams, 12, 4), (moved, 12, 4), (fewer, 6, 2)):
            check_sizes(one, rows, sentences)
        assert moved.encoded.memory.data_ptr() == state.encoded.memory.data_ptr()

    def test_save_and_load(self, config: ModelConfig) -> None:
        """Another network with the same named weights is the same network, to the bit."""
        model = build(config)
        fresh = Seq2Seq(config, VOCAB, VOCAB).eval()
        weights = {name: weight.detach().contiguous() for name, weight in model.named_parameters()}
        found = load(save(weights))
        with torch.no_grad():
            for name, weight in fresh.named_parameters():
                weight.copy_(found.pop(name))
            assert not found
            src, tgt_in = tensor_of(sources()), targets_in()
            assert torch.equal(fresh(src, tgt_in).outputs, model(src, tgt_in).outputs)

    def test_gradients_reach_every_weight(self, config: ModelConfig) -> None:
        """From the log-probabilities of a batch with padding."""
        model = build(config).train()
        src = tensor_of(sources())
        check_gradients(model, model.log_probs(model(src, targets_in()), src))

    def test_the_start_counts(self, config: ModelConfig) -> None:
        """What was read changes what is written."""
        model = build(config)
        with torch.no_grad():
            wanted = model(tensor_of(sources()), targets_in()).outputs
            other = model(tensor_of(np.roll(sources(), 1, axis=0)), targets_in()).outputs
        assert ((wanted - other).abs().amax(dim=(1, 2)) > 1e-3).all()


def check_sizes(state: State, rows: int, sentences: int) -> None:
    """Hold how much a state keeps."""
    assert state.num_rows == rows
    assert state.beams == rows // sentences
    assert len(state.encoded.memory) == len(state.encoded.src_mask) == sentences
    assert state.keys is None or len(state.keys) == sentences
    kept: list[Tensor | None] = [state.context, state.feed, state.coverage]
    assert all(one is None or len(one) == rows for one in kept)


def check_hypotheses(found: Hypothesis, wanted: Hypothesis, within: float = 1e-5) -> None:
    """Hold that two hypotheses are the same, but for rounding and padding."""
    assert found.ids == wanted.ids
    assert found.complete == wanted.complete
    assert found.score == pytest.approx(wanted.score, abs=within)
    assert found.log_probs == pytest.approx(wanted.log_probs, abs=within)
    assert (found.weights is None) == (wanted.weights is None)
    if found.weights is not None and wanted.weights is not None:
        width = wanted.weights.shape[1]
        assert found.weights[:, :width] == pytest.approx(wanted.weights, abs=within)
        assert not found.weights[:, width:].any()
