"""The contracts of each part alone: CELLS, ENCODERS, BRIDGES, ATTENTIONS, WEIGHINGS, GENERATORS."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dragoman.config import ModelConfig
from dragoman.contracts.rows import rows
from dragoman.contracts.tiny import (
    VOCAB,
    check_close,
    check_gradients,
    check_states,
    mask_of,
    plant,
    stir,
)
from dragoman.nn.attention import ATTENTIONS, Attention, AttentionSizes
from dragoman.nn.bridges import BRIDGES, Bridge
from dragoman.nn.cell import Cell
from dragoman.nn.cells import CELLS
from dragoman.nn.encoders import ENCODERS, Encoder
from dragoman.nn.generators import GENERATORS, Generator, Looked
from dragoman.nn.state import Encoded, RecurrentState
from dragoman.nn.weighing import WEIGHINGS

LENGTHS = [5, 1, 3, 7]
WIDTH = 7


def config_of(**choices: Any) -> ModelConfig:
    """Make a tiny configuration."""
    sizes = {"embedding_size": 6, "hidden_size": 8, "attention_heads": 2, "dropout": 0.0}
    return ModelConfig.model_validate({**sizes, **choices})


def make_cell(name: str) -> Cell:
    """Make a cell with lively weights."""
    plant(3)
    cell = CELLS[name](6, 8)
    stir(cell)
    return cell


def first_state(cell: Cell, batch: int) -> tuple[Tensor, Tensor | None]:
    """Make a state other than zero."""
    return torch.randn(batch, 8), torch.randn(batch, 8) if cell.has_memory else None


@pytest.mark.parametrize("name", rows("CELLS"))
class TestCell:
    """A cell is one step, and the same thing fused over a whole sequence."""

    def test_sequence_is_the_loop_of_step(self, name: str) -> None:
        """The fused form computes what the equations say."""
        cell = make_cell(name)
        x = torch.randn(4, WIDTH, 6)
        state = first_state(cell, 4)
        outputs, last = cell.sequence(x, state)
        for step in range(WIDTH):
            output, state = cell.step(x[:, step], state)
            check_close(outputs[:, step], output)
        check_close(last[0], state[0])
        check_close(last[1], state[1])

    def test_final_state_is_the_one_after_the_last_token(self, name: str) -> None:
        """Padding, whatever stands on it, changes neither outputs nor final state."""
        cell = make_cell(name)
        x = torch.randn(4, WIDTH, 6)
        h, c = first_state(cell, 4)
        outputs, last = cell.sequence(x, (h, c), mask_of(LENGTHS, WIDTH))
        for row, length in enumerate(LENGTHS):
            alone = (h[row : row + 1], None if c is None else c[row : row + 1])
            wanted, state = cell.sequence(x[row : row + 1, :length], alone)
            check_close(outputs[row, :length], wanted[0])
            check_close(last[0][row], state[0][0])
            if c is not None:
                assert last[1] is not None
                assert state[1] is not None
                check_close(last[1][row], state[1][0])

    @pytest.mark.parametrize("padded", [False, True])
    def test_gradients_reach_every_weight(self, name: str, padded: bool) -> None:
        """Through a whole sequence, with padding and without."""
        cell = make_cell(name)
        mask = mask_of(LENGTHS, WIDTH)
        x = torch.randn(4, WIDTH, 6)
        outputs, (h, c) = cell.sequence(x, first_state(cell, 4), mask if padded else None)
        parts = [outputs[mask], h, *([] if c is None else [c])]
        check_gradients(cell, torch.cat(parts))

    def test_padding_gets_no_gradient(self, name: str) -> None:
        """What stands on padding cannot be learned from."""
        cell = make_cell(name)
        mask = mask_of(LENGTHS, WIDTH)
        x = torch.randn(4, WIDTH, 6, requires_grad=True)
        outputs, (h, _) = cell.sequence(x, first_state(cell, 4), mask)
        (outputs[mask].sum() + h.sum()).backward()  # pyright: ignore[reportUnknownMemberType]
        assert x.grad is not None
        assert torch.isfinite(x.grad).all()
        assert (x.grad[~mask] == 0).all()
        assert (x.grad[mask].abs().sum(dim=1) > 0).all()

    def test_weights_can_be_saved(self, name: str) -> None:
        """Another cell with the same weights is the same cell."""
        check_weights_make_the_part(make_cell(name), CELLS[name](6, 8), torch.randn(2, 5, 6))


def check_weights_make_the_part(cell: Cell, fresh: Cell, x: Tensor) -> None:
    """Hold that a cell's parameters and buffers are all there is to it."""
    state = first_state(cell, 2)
    fresh.load_state_dict(cell.state_dict())
    assert torch.equal(fresh.sequence(x, state)[0], cell.sequence(x, state)[0])


def make_encoder(name: str, **choices: Any) -> Encoder:
    """Make an encoder with lively weights."""
    plant(3)
    encoder = ENCODERS[name](config_of(encoder=name, **choices))
    stir(encoder)
    return encoder


ENCODER_CHOICES: list[dict[str, Any]] = [
    {"cell": cell, "bidirectional": both, "encoder_layers": layers, "reverse_source": reverse}
    for cell in CELLS
    for both in (True, False)
    for layers, reverse in ((1, False), (2, True))
]


@pytest.mark.parametrize("choices", ENCODER_CHOICES, ids=str)
@pytest.mark.parametrize("name", rows("ENCODERS"))
class TestEncoder:
    """An encoder reads each sentence as if it were alone."""

    def test_a_batch_is_its_sentences(self, name: str, choices: dict[str, Any]) -> None:
        """Memory and final state of a row do not depend on padding or on the other rows."""
        encoder = make_encoder(name, **choices)
        x, mask = torch.randn(4, WIDTH + 2, 6), mask_of(LENGTHS, WIDTH + 2)
        encoded = encoder(x, mask)
        assert encoded.memory.shape == (4, WIDTH + 2, encoder.memory_size)
        assert torch.equal(encoded.src_mask, mask)
        for row, length in enumerate(LENGTHS):
            alone = encoder(x[row : row + 1, :length], mask[row : row + 1, :length])
            check_close(encoded.memory[row, :length], alone.memory[0])
            check_states(encoded.final.select(torch.tensor([row])), alone.final)

    def test_padding_is_not_read(self, name: str, choices: dict[str, Any]) -> None:
        """Other vectors on padding give the same result, to the bit."""
        encoder = make_encoder(name, **choices)
        x, mask = torch.randn(4, WIDTH, 6), mask_of(LENGTHS, WIDTH)
        other = torch.where(mask[:, :, None], x, 100 * torch.randn(4, WIDTH, 6))
        found, wanted = encoder(other, mask), encoder(x, mask)
        assert torch.equal(found.memory[mask], wanted.memory[mask])
        assert torch.equal(found.final.h, wanted.final.h)
        assert found.final.c is None or torch.equal(found.final.c, wanted.final.c)

    def test_gradients_reach_every_weight(self, name: str, choices: dict[str, Any]) -> None:
        """From the memory alone."""
        encoder = make_encoder(name, **choices)
        mask = mask_of(LENGTHS, WIDTH)
        check_gradients(encoder, encoder(torch.randn(4, WIDTH, 6), mask).memory[mask])


def make_encoded(cell: str, layers: int = 2) -> Encoded:
    """Make what an encoder might have made."""
    plant(4)
    c = torch.randn(layers, 4, 8) if CELLS[cell].has_memory else None
    final = RecurrentState(torch.randn(layers, 4, 8), c)
    return Encoded(torch.randn(4, WIDTH, 8), mask_of(LENGTHS, WIDTH), final)


def make_bridge(name: str, cell: str, layers: int) -> Bridge:
    """Make a bridge with lively weights."""
    plant(3)
    bridge = BRIDGES[name](
        config_of(bridge=name, cell=cell, encoder_layers=2, decoder_layers=layers)
    )
    stir(bridge)
    return bridge


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", rows("BRIDGES"))
class TestBridge:
    """A bridge gives every decoder a state of the right shape, from each sentence alone."""

    def test_the_state_fits_the_decoder(self, name: str, cell: str, layers: int) -> None:
        """As many layers as the decoder has, and a cell state where its cell has one."""
        first = make_bridge(name, cell, layers)(make_encoded(cell))
        assert first.h.shape == (layers, 4, 8)
        assert (first.c is not None) == CELLS[cell].has_memory
        assert first.c is None or first.c.shape == (layers, 4, 8)

    def test_a_batch_is_its_sentences(self, name: str, cell: str, layers: int) -> None:
        """A row's state does not depend on padding or on the other rows."""
        bridge, encoded = make_bridge(name, cell, layers), make_encoded(cell)
        first = bridge(encoded)
        for row, length in enumerate(LENGTHS):
            chosen = torch.tensor([row])
            one = encoded.select(chosen)
            one = Encoded(one.memory[:, :length], one.src_mask[:, :length], one.final)
            check_states(first.select(chosen), bridge(one))

    def test_gradients_reach_every_weight(self, name: str, cell: str, layers: int) -> None:
        """And the encoder, which learns through the bridge."""
        bridge = make_bridge(name, cell, layers)
        encoded = make_encoded(cell)
        encoded.memory.requires_grad_()
        encoded.final.h.requires_grad_()
        first = bridge(encoded)
        check_gradients(bridge, first.h if first.c is None else torch.cat([first.h, first.c]))
        reached = [one.grad for one in (encoded.memory, encoded.final.h) if one.grad is not None]
        assert any(grad.abs().max() > 0 for grad in reached)


def make_attention(name: str, query: int = 8, memory: int = 8) -> Attention:
    """Make an attention with lively weights."""
    plant(3)
    attention = ATTENTIONS[name](AttentionSizes(query, memory, 8, 2))
    stir(attention)
    return attention


@pytest.mark.parametrize(("query_size", "memory_size"), [(8, 8), (8, 6)])
@pytest.mark.parametrize("name", rows("ATTENTIONS"))
class TestAttention:
    """An attention gives each query its own average over the sentence's tokens."""

    def test_weights_are_a_distribution_over_tokens(
        self, name: str, query_size: int, memory_size: int
    ) -> None:
        """They are positive, sum to 1, and are 0 on padding."""
        attention = make_attention(name, query_size, memory_size)
        memory, mask = torch.randn(4, WIDTH, memory_size), mask_of(LENGTHS, WIDTH)
        found = attention(torch.randn(4, 3, query_size), memory, attention.project(memory), mask)
        assert found.context.shape == (4, 3, memory_size)
        assert found.weights.shape == (4, 3, WIDTH)
        check_close(found.weights.sum(dim=2), torch.ones(4, 3))
        assert (found.weights >= 0).all()
        assert (found.weights.transpose(1, 2)[~mask] == 0).all()

    def test_a_batch_is_its_sentences(self, name: str, query_size: int, memory_size: int) -> None:
        """Neither padding nor the other rows nor the other queries matter."""
        attention = make_attention(name, query_size, memory_size)
        query, memory = torch.randn(4, 3, query_size), torch.randn(4, WIDTH, memory_size)
        found = attention(query, memory, attention.project(memory), mask_of(LENGTHS, WIDTH))
        for row, length in enumerate(LENGTHS):
            for step in range(3):
                own = memory[row : row + 1, :length]
                asked = query[row : row + 1, step : step + 1]
                mask = torch.ones(1, length, dtype=torch.bool)
                alone = attention(asked, own, attention.project(own), mask)
                check_close(found.context[row, step], alone.context[0, 0])
                check_close(found.weights[row, step, :length], alone.weights[0, 0])

    def test_the_query_decides(self, name: str, query_size: int, memory_size: int) -> None:
        """Two queries look at different places."""
        attention = make_attention(name, query_size, memory_size)
        memory = torch.randn(1, WIDTH, memory_size)
        mask = torch.ones(1, WIDTH, dtype=torch.bool)
        query = 3 * torch.randn(1, 2, query_size)
        weights = attention(query, memory, attention.project(memory), mask).weights[0]
        assert (weights[0] - weights[1]).abs().max() > 1e-3

    def test_gradients_reach_every_weight(
        self, name: str, query_size: int, memory_size: int
    ) -> None:
        """And every query and every token, from the contexts."""
        attention = make_attention(name, query_size, memory_size)
        mask = mask_of(LENGTHS, WIDTH)
        memory = torch.randn(4, WIDTH, memory_size, requires_grad=True)
        query = torch.randn(4, 3, query_size, requires_grad=True)
        check_gradients(
            attention, attention(query, memory, attention.project(memory), mask).context
        )
        assert query.grad is not None
        assert memory.grad is not None
        # A sentence of one token leaves nothing to ask.
        asks = torch.tensor(LENGTHS) > 1
        assert torch.equal(query.grad.abs().amax(dim=(1, 2)) > 0, asks)
        assert ((memory.grad.abs().amax(dim=2) > 0) == mask).all()


def make_generator(name: str) -> Generator:
    """Make a generator with lively weights."""
    plant(3)
    generator = GENERATORS[name](config_of(), nn.Embedding(VOCAB, 6))
    stir(generator)
    return generator


def make_looked(generator: Generator, *shape: int) -> Looked | None:
    """Make what a generator that copies asks for: a source of four tokens, one not of the vocabulary."""
    if not generator.copies:
        return None
    weights = torch.randn(*shape, 4).softmax(dim=-1)
    return Looked(weights, torch.tensor([4, VOCAB, 7, 4]).expand(*shape, 4), VOCAB + 1)


@pytest.mark.parametrize("name", rows("GENERATORS"))
class TestGenerator:
    """A generator gives each vector a distribution, whose last product the loss can fuse unless it copies."""

    def test_probabilities_sum_to_one(self, name: str) -> None:
        """For any number of dimensions before the last."""
        generator = make_generator(name)
        for shape in ((5,), (2, 3)):
            looked = make_looked(generator, *shape)
            log_probs = generator(torch.randn(*shape, 8), looked)
            assert log_probs.shape == (*shape, VOCAB if looked is None else looked.width)
            check_close(log_probs.exp().sum(dim=-1), torch.ones(shape))

    def test_the_loss_sees_the_same_distribution(self, name: str) -> None:
        """Made by `project`, `weight` and `bias`; by `probabilities` where it copies."""
        generator = make_generator(name)
        outputs, looked = torch.randn(5, 8), make_looked(generator, 5)
        found = generator(outputs, looked)
        if looked is not None:
            check_close(found.exp(), generator.probabilities(outputs, looked))
        else:
            logits = generator.project(outputs) @ generator.weight.t() + generator.bias
            check_close(found, logits.log_softmax(dim=1))

    def test_gradients_reach_every_weight(self, name: str) -> None:
        """The bias too."""
        generator = make_generator(name)
        check_gradients(generator, generator(torch.randn(5, 8), make_looked(generator, 5)))


@pytest.mark.parametrize("name", rows("WEIGHINGS"))
class TestWeighing:
    """A weighing makes of scores weights that sum to 1."""

    def test_weights_sum_to_one_and_padding_has_none(self, name: str) -> None:
        """In float32, whatever the scores, a single place among them."""
        mask = mask_of(LENGTHS, WIDTH)
        for size in (0.1, 3.0, 1000.0):
            scores = (size * torch.randn(4, WIDTH)).masked_fill(~mask, -torch.inf)
            weights = WEIGHINGS[name](scores.bfloat16())
            assert weights.dtype == torch.float32
            check_close(weights.sum(dim=1), torch.ones(4), 1e-4)
            assert (weights >= 0).all()
            assert (weights[~mask] == 0).all()

    def test_better_scores_weigh_no_less(self, name: str) -> None:
        """And adding the same to all changes nothing."""
        scores = torch.randn(5, WIDTH).sort(dim=1).values
        weights = WEIGHINGS[name](scores)
        assert (weights.diff(dim=1) >= -1e-6).all()
        check_close(WEIGHINGS[name](scores + 3), weights)

    def test_gradients_are_finite_and_padding_gets_none(self, name: str) -> None:
        """With padding that stands at -inf."""
        mask = mask_of(LENGTHS, WIDTH)
        given = torch.randn(4, WIDTH, requires_grad=True)
        weights = WEIGHINGS[name](given.masked_fill(~mask, -torch.inf))
        (weights * torch.randn(4, WIDTH)).sum().backward()  # pyright: ignore[reportUnknownMemberType]
        assert given.grad is not None
        assert torch.isfinite(given.grad).all()
        assert (given.grad[~mask] == 0).all()
