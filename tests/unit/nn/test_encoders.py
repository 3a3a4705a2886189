"""Who reads what in the encoders of several layers."""

import torch

from dragoman.config import ModelConfig
from dragoman.nn.encoders import ENCODERS

SIZES = {"embedding_size": 6, "hidden_size": 8, "dropout": 0.0, "cell": "gru", "encoder_layers": 3}
X = torch.randn(1, 5, 6, generator=torch.Generator().manual_seed(4))


def read(encoder):
    return encoder(X, torch.ones(1, 5, dtype=torch.bool))


def run(cell, x, backwards):
    """A direction of a layer, its states in the order of the tokens; and its last."""
    zero = torch.zeros(1, cell.hidden_size)
    outputs, (h, _) = cell.sequence(x.flip(1) if backwards else x, (zero, None))
    return (outputs.flip(1) if backwards else outputs), h


def test_gnmts_layers_above_the_first_read_in_one_direction():
    encoder = ENCODERS["gnmt"](ModelConfig(**SIZES, encoder="gnmt"))
    first, second, third = ([*layer] for layer in encoder.layers)
    (left, _), (right, _) = run(first[0], X, False), run(first[1], X, True)
    assert len(second) == len(third) == 1
    middle, _ = run(second[0], torch.cat([left, right], 2), False)
    top, last = run(third[0], middle, False)
    found = read(encoder)
    torch.testing.assert_close(found.memory, top)
    torch.testing.assert_close(found.final.h[-1], last)


def test_alternating_stacks_read_from_either_side_in_turns():
    encoder = ENCODERS["alternating"](ModelConfig(**SIZES, encoder="alternating"))
    tops, lasts = [], []
    for stack in (0, 1):
        x, last = X, None
        for number, layer in enumerate(encoder.layers):
            x, last = run(layer[stack], x, (number + stack) % 2 == 1)
        tops.append(x)
        lasts.append(last)
    found = read(encoder)
    torch.testing.assert_close(found.memory, torch.cat(tops, 2))
    torch.testing.assert_close(found.final.h[-1], torch.cat(lasts, 1))


def test_a_single_stack_alternates_too():
    encoder = ENCODERS["alternating"](
        ModelConfig(**SIZES, encoder="alternating", bidirectional=False)
    )
    x = X
    for number, (cell,) in enumerate(encoder.layers):
        x, _ = run(cell, x, number % 2 == 1)
    torch.testing.assert_close(read(encoder).memory, x)


def test_a_memory_of_words_has_each_tokens_own_vector_beside_what_is_said_of_it():
    config = ModelConfig(**SIZES, reverse_source=True)
    plain = ENCODERS["recurrent"](config)
    both = ENCODERS["recurrent"](config.model_copy(update={"word_memory": True}))
    both.load_state_dict(plain.state_dict())
    said, seen = read(plain).memory, read(both).memory
    assert (plain.memory_size, both.memory_size) == (8, 14)
    torch.testing.assert_close(seen, torch.cat([said, X], 2), atol=0, rtol=0)
