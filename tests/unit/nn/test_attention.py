"""Attention by hand, the bridges by hand, and the networks of the papers."""

import math

import pytest
import torch

from dragoman.config import ModelConfig
from dragoman.nn.attention import ATTENTIONS, AttentionSizes
from dragoman.nn.bridges import BRIDGES
from dragoman.nn.model import Seq2Seq
from dragoman.nn.state import Encoded, RecurrentState

MEMORY = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]])
MASK = torch.tensor([[True, True, False]])


def attend(attention, query):
    found = attention(query, MEMORY, attention.project(MEMORY), MASK)
    return found.context[0, 0].tolist(), found.weights[0, 0].tolist()


def test_dot_attention_by_hand():
    # s = (log 3, 0): scores log 3 and 0, so e^s = 3 and 1; weights 3/4 and 1/4, padding 0.
    # context = 3/4 (1, 0) + 1/4 (0, 1)
    attention = ATTENTIONS["dot"](AttentionSizes(2, 2, 2))
    context, weights = attend(attention, torch.tensor([[[math.log(3), 0.0]]]))
    assert weights == pytest.approx([0.75, 0.25, 0.0])
    assert context == pytest.approx([0.75, 0.25])
    assert not list(attention.parameters())


def test_general_attention_by_hand():
    # W swaps the features: W (1, 0) = (0, 1), so now the second position fits.
    attention = ATTENTIONS["general"](AttentionSizes(2, 2, 2))
    with torch.no_grad():
        attention.W.weight.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    context, weights = attend(attention, torch.tensor([[[math.log(3), 0.0]]]))
    assert weights == pytest.approx([0.25, 0.75, 0.0])
    assert context == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("name", ["additive", "concat"])
def test_additive_attentions_by_hand(name):
    # Hidden width 1. W s = 0.5 for s = (0.5, 7); U h = h_1 - h_2, so 1 and -1.
    # v = 2: scores 2 tanh(1.5) and 2 tanh(-0.5).
    attention = ATTENTIONS[name](AttentionSizes(2, 2, 1))
    with torch.no_grad():
        attention.v.fill_(2.0)
        if name == "additive":
            attention.W.weight.copy_(torch.tensor([[1.0, 0.0]]))
            attention.U.weight.copy_(torch.tensor([[1.0, -1.0]]))
            attention.U.bias.zero_()
        else:
            attention.W.weight.copy_(torch.tensor([[1.0, 0.0, 1.0, -1.0]]))
    first, second = math.exp(2 * math.tanh(1.5)), math.exp(2 * math.tanh(-0.5))
    _, weights = attend(attention, torch.tensor([[[0.5, 7.0]]]))
    assert weights == pytest.approx([first / (first + second), second / (first + second), 0.0])


def test_multihead_attention_by_hand():
    # Two heads of width 1, every map the identity. Head 1 sees the first features (1, 0), head 2
    # the second (0, 1); the query (log 3, 0), scaled by 1: head 1 weighs 3/4 and 1/4, head 2
    # 1/2 and 1/2. Context: 3/4 * 1 and 1/2 * 1; weights: the mean of the heads.
    attention = ATTENTIONS["multihead"](AttentionSizes(2, 2, 2, heads=2))
    with torch.no_grad():
        for part in (attention.Q, attention.K, attention.V, attention.out):
            part.weight.copy_(torch.eye(2))
    context, weights = attend(attention, torch.tensor([[[math.log(3), 0.0]]]))
    assert context == pytest.approx([0.75, 0.5])
    assert weights == pytest.approx([0.625, 0.375, 0.0])


def test_multihead_attention_is_pytorchs():
    torch.manual_seed(1)
    attention = ATTENTIONS["multihead"](AttentionSizes(8, 8, 8, heads=4))
    other = torch.nn.MultiheadAttention(8, 4, bias=False, batch_first=True)
    with torch.no_grad():
        parts = [attention.Q.weight, attention.K.weight, attention.V.weight]
        other.in_proj_weight.copy_(torch.cat(parts))
        other.out_proj.weight.copy_(attention.out.weight)
    query, memory = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    mask = torch.arange(5)[None] < torch.tensor([5, 2])[:, None]
    found = attention(query, memory, attention.project(memory), mask)
    wanted, weights = other(query, memory, memory, key_padding_mask=~mask)
    torch.testing.assert_close(found.context, wanted)
    torch.testing.assert_close(found.weights, weights)


def test_additive_heads_are_additive_attentions_side_by_side():
    """Each of its own scores and weights, and its slice of the mapped memory."""
    torch.manual_seed(1)
    attention = ATTENTIONS["multihead-additive"](AttentionSizes(6, 8, 4, heads=2))
    query, memory = torch.randn(2, 3, 6), torch.randn(2, 5, 8)
    mask = torch.arange(5)[None] < torch.tensor([5, 2])[:, None]
    contexts, weights = [], []
    for head in range(2):
        one = ATTENTIONS["additive"](AttentionSizes(6, 8, 2))
        with torch.no_grad():
            one.W.weight.copy_(attention.Q.weight[2 * head : 2 * head + 2])
            one.U.weight.copy_(attention.K.weight[2 * head : 2 * head + 2])
            one.U.bias.zero_()
            one.v.copy_(attention.v[head])
        found = one(query, memory, one.project(memory), mask)
        values = memory @ attention.V.weight[4 * head : 4 * head + 4].t()
        contexts.append(found.weights @ values)
        weights.append(found.weights)
    wanted = torch.cat(contexts, dim=2) @ attention.out.weight.t()
    found = attention(query, memory, attention.project(memory), mask)
    torch.testing.assert_close(found.context, wanted)
    torch.testing.assert_close(found.weights, (weights[0] + weights[1]) / 2)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="3 heads"):
        ATTENTIONS["multihead"](AttentionSizes(8, 8, 8, heads=3))


def encoded_of(layers):
    h = torch.arange(layers * 2, dtype=torch.float32).reshape(layers, 1, 2) / 10
    return Encoded(MEMORY, MASK, RecurrentState(h, -h))


def test_the_copy_bridge_hands_over_the_top_layers():
    deep, shallow = encoded_of(3), encoded_of(1)
    two = BRIDGES["copy"](ModelConfig(decoder_layers=2))
    torch.testing.assert_close(two(deep).h, deep.final.h[1:])
    torch.testing.assert_close(two(deep).c, deep.final.c[1:])
    torch.testing.assert_close(two(shallow).h, shallow.final.h.repeat(2, 1, 1))


@pytest.mark.parametrize(("name", "wanted"), [("dense", [0.4, 0.5]), ("mean", [0.5, 0.5])])
def test_the_dense_bridges_by_hand(name, wanted):
    # With W the identity: tanh of the top layer's last state; or of the mean of (1, 0) and (0, 1).
    bridge = BRIDGES[name](ModelConfig(cell="gru", hidden_size=2))
    with torch.no_grad():
        bridge.W.weight.copy_(torch.eye(2))
        bridge.W.bias.zero_()
    first = bridge(encoded_of(3))
    assert first.h[0, 0].tolist() == pytest.approx([math.tanh(x) for x in wanted])
    assert first.c is None


def test_luongs_attended_output_by_hand():
    """h~ = tanh(W_c [context; h]), and input feeding reads it at the next step."""
    torch.manual_seed(2)
    sizes = {"embedding_size": 4, "hidden_size": 6, "dropout": 0.0}
    model = Seq2Seq(ModelConfig(**sizes, input_feeding=True), 9, 9).eval()
    decoder = model.decoder
    with torch.no_grad():
        state = model.start(torch.tensor([[5, 6, 3]]))
        assert state.feed is not None
        assert not state.feed.any()
        decoded, after = decoder.step(torch.randn(1, 4), state)
        h = after.recurrent.h[-1]
        context = decoded.weights[0] @ state.encoded.memory[0]
        wanted = (torch.cat([context, h], dim=1) @ decoder.W_c.weight.t()).tanh()
    torch.testing.assert_close(decoded.outputs[:, 0], wanted)
    torch.testing.assert_close(after.feed, decoded.outputs[:, 0])


def test_the_context_at_every_step_is_read():
    """Cho et al. 2014: without it the decoder's input is narrower, and the context is not kept."""
    sizes = {"embedding_size": 4, "hidden_size": 6, "dropout": 0.0, "attention": "none"}
    with_context = Seq2Seq(ModelConfig(**sizes, context_every_step=True), 9, 9).eval()
    without = Seq2Seq(ModelConfig(**sizes), 9, 9).eval()
    assert with_context.decoder.layers[0].input_size == 10
    assert without.decoder.layers[0].input_size == 4
    state = with_context.start(torch.tensor([[5, 6, 3]]))
    torch.testing.assert_close(state.context, state.recurrent.h[-1])
    assert without.start(torch.tensor([[5, 6, 3]])).context is None
