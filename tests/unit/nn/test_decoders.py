"""Where the attention stands: GNMT's and the conditional decoder against PyTorch's own cells; the deep output."""

import pytest
import torch

from dragoman.config import ModelConfig, build_config
from dragoman.errors import ConfigError
from dragoman.nn.model import Seq2Seq
from dragoman.tables import check_config

SRC = torch.tensor([[5, 6, 3, 0], [7, 8, 9, 3]])
TGT = torch.tensor([[2, 5, 6, 7], [2, 7, 8, 4]])
THEIRS = {"gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}


def model_of(**choices):
    torch.manual_seed(3)
    sizes = {"embedding_size": 4, "hidden_size": 6, "dropout": 0.0}
    model = Seq2Seq(ModelConfig(**{**sizes, **choices}), 12, 12).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return model


def theirs(cell, kind):
    """PyTorch's cell with the same weights; it takes and gives h, or (h, c)."""
    made = THEIRS[kind](cell.input_size, cell.hidden_size)
    made.load_state_dict({name: getattr(cell, name) for name in made.state_dict()})
    return made


def looked(model, query, state):
    """What general attention finds: softmax(s . W h), padding left out."""
    memory = state.encoded.memory
    scores = torch.einsum("bq,qm,bsm->bs", query, model.decoder.attention.W.weight, memory)
    weights = scores.masked_fill(SRC == 0, -torch.inf).softmax(1)
    return torch.einsum("bs,bsm->bm", weights, memory)


def h_of(state):
    return state[0] if isinstance(state, tuple) else state


def firsts(state, number):
    h, c = state.recurrent.h, state.recurrent.c
    return h[number] if c is None else (h[number], c[number])


@pytest.mark.parametrize("kind", THEIRS)
@torch.no_grad()
def test_a_conditional_decoder_looks_between_two_recurrences_of_one_state(kind):
    model = model_of(cell=kind, decoder="conditional")
    decoder = model.decoder
    first, second = theirs(decoder.layers[0], kind), theirs(decoder.transition, kind)
    found = model(SRC, TGT).outputs
    start = model.start(SRC)
    carried = firsts(start, 0)
    for step, y in enumerate(model.tgt_embedding(TGT).unbind(1)):
        between = first(y, carried)
        context = looked(model, h_of(between), start)
        carried = second(context, between)
        wanted = (torch.cat([context, h_of(carried)], 1) @ decoder.W_c.weight.t()).tanh()
        torch.testing.assert_close(found[:, step], wanted)


@pytest.mark.parametrize("kind", THEIRS)
@torch.no_grad()
def test_gnmts_layers_above_the_first_read_what_it_found(kind):
    model = model_of(cell=kind, decoder="gnmt", decoder_layers=3, residual=True)
    decoder = model.decoder
    cells = [theirs(cell, kind) for cell in decoder.layers]
    found = model(SRC, TGT).outputs
    start = model.start(SRC)
    states = [firsts(start, number) for number in range(3)]
    for step, y in enumerate(model.tgt_embedding(TGT).unbind(1)):
        states[0] = cells[0](y, states[0])
        x = h_of(states[0])
        context = looked(model, x, start)
        for number in (1, 2):
            states[number] = cells[number](torch.cat([x, context], 1), states[number])
            x = x + h_of(states[number])
        wanted = (torch.cat([context, x], 1) @ decoder.W_c.weight.t()).tanh()
        torch.testing.assert_close(found[:, step], wanted)


@torch.no_grad()
def test_gnmts_target_is_read_without_steps(monkeypatch):
    model = model_of(decoder="gnmt", decoder_layers=2)
    for cell in model.decoder.layers:
        monkeypatch.setattr(cell, "step", None)
    assert model(SRC, TGT).outputs.shape == (2, 4, 6)


@torch.no_grad()
def test_a_deep_output_also_reads_the_last_word():
    """tanh(W_c [context; h; y]): without the share of y it is the plain one."""
    deep, plain = model_of(deep_output=True), model_of()
    weights = deep.state_dict()
    W_c = weights["decoder.W_c.weight"]
    plain.load_state_dict({**weights, "decoder.W_c.weight": W_c[:, :12]})
    of_words = deep.tgt_embedding(TGT) @ W_c[:, 12:].t()
    wanted = (plain(SRC, TGT).outputs.atanh() + of_words).tanh()
    torch.testing.assert_close(deep(SRC, TGT).outputs, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("decoder", ["recurrent", "conditional"])
@torch.no_grad()
def test_a_generator_that_reads_the_context_adds_a_map_of_it(decoder):
    """softmax(E (P_1 h~ + P_2 c) + b), c the weighted average of the encoder's outputs and the words' vectors."""
    choices = {"generator": "tied", "input_feeding": True, "decoder": decoder, "word_memory": True}
    shown, plain = model_of(**choices, context_output=True), model_of(**choices)
    weights = shown.state_dict()
    P = weights["generator.P.weight"]
    plain.load_state_dict({**weights, "generator.P.weight": P[:, :6]})
    decoded = plain(SRC, TGT)
    memory = plain.start(SRC).encoded.memory
    assert memory.shape == (2, 4, 10)
    query = decoded.outputs @ P[:, :6].t() + decoded.weights @ memory @ P[:, 6:].t()
    wanted = query @ plain.tgt_embedding.weight.t() + plain.generator.bias
    found = shown.log_probs(shown(SRC, TGT), SRC)
    torch.testing.assert_close(found, wanted.log_softmax(2), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_before_it_has_learned_the_words_looked_at_are_named_by_their_own_vectors():
    sizes = {"embedding_size": 4, "hidden_size": 6, "dropout": 0.0, "generator": "tied"}
    model = Seq2Seq(ModelConfig(**sizes, word_memory=True, context_output=True), 12, 12)
    own = torch.randn(3, 4)
    nothing_else = torch.cat([torch.zeros(3, 12), own], 1)
    torch.testing.assert_close(model.generator.project(nothing_else), own)


@pytest.mark.parametrize("decoder", ["gnmt", "conditional"])
def test_what_reads_the_context_is_dropped_alike_at_every_step(decoder):
    """The context that is read is a sentence's; what dropout takes of it is the same at every step."""
    model = model_of(decoder=decoder, decoder_layers=2, dropout=0.5, embedding_dropout=0.0)
    model.train()
    reader = model.decoder.layers[1] if decoder == "gnmt" else model.decoder.transition
    method = "sequence" if decoder == "gnmt" else "step"
    seen, plain = [], getattr(reader, method)

    def watched(x, *rest):
        seen.append(x.detach() if x.dim() == 3 else x.detach()[:, None])
        return plain(x, *rest)

    setattr(reader, method, watched)
    model(SRC, TGT)
    dropped = torch.cat(seen, dim=1)[:, :, -6:] == 0
    assert dropped.shape == (2, 4, 6)
    assert dropped.any()
    assert not dropped.all()
    assert (dropped == dropped[:, :1]).all()


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ({"decoder": "gnmt"}, "decoder_layers >= 2"),
        ({"decoder": "gnmt", "decoder_layers": 2, "attention": "none"}, "needs an attention"),
        ({"decoder": "conditional", "attention": "none"}, "needs an attention"),
        ({"deep_output": True, "attention": "none"}, "model.deep_output = true needs"),
        ({"deep_output": True, "decoder": "monotonic"}, "decoder = 'monotonic'"),
        ({"context_output": True, "generator": "softmax"}, "that reads it: tied, pointer"),
        (
            {"context_output": True, "generator": "tied", "attention": "none"},
            "model.context_output = true needs a decoder with an attention",
        ),
    ],
)
def test_what_a_decoder_lacks_is_said(model, wanted):
    with pytest.raises(ConfigError, match=wanted):
        check_config(build_config({"model": model}))


@pytest.mark.parametrize("decoder", ["gnmt", "conditional"])
def test_a_decoder_that_does_not_step_along_the_source_learns_by_all_crafts(decoder):
    training = {"bpe_dropout": 0.1, "scheduled_sampling": 0.25}
    model = {"decoder": decoder, "decoder_layers": 2, "coverage": True, "deep_output": True}
    check_config(build_config({"model": model, "training": training}))
    check_config(build_config({"model": model, "training": {"risk_samples": 2}}))
