"""A network that reads the words beside its source: what reaches it, and what does not."""

from __future__ import annotations

import pytest
import torch

from dragoman.config import ModelConfig
from dragoman.contracts.tiny import check_close, check_gradients, stir
from dragoman.data.batches import pad_sources
from dragoman.nn.model import Seq2Seq
from dragoman.nn.surroundings import own_part
from dragoman.text.neighbours import framed
from dragoman.text.vocabulary import EOS, PAD, SOS

SPACE, VOCAB = 6, 20
WORD, LONGER = [SPACE, 9, 10], [SPACE, 11, 12, 13, 14]
LEFT, RIGHT = [SPACE, 7, 8, SPACE, 15], [SPACE, 16, 17]
ROWS = [framed(WORD, (LEFT, RIGHT)), framed(LONGER, ([], RIGHT)), WORD, framed(WORD, (LEFT, []))]


def network(decoder: str = "transducer") -> Seq2Seq:
    torch.manual_seed(1)
    sizes = {"embedding_size": 6, "hidden_size": 8, "dropout": 0.0, "word_buckets": 50}
    config = ModelConfig.model_validate(
        {
            **sizes,
            "decoder": decoder,
            "generator": "pointer",
            "context_words": 2,
            "context_size": 6,
            "context_dropout": 0.0,
        }
    )
    model = Seq2Seq(config, VOCAB, VOCAB, space=SPACE)
    stir(model)
    return model.eval()


def read(model: Seq2Seq, rows: list[list[int]]) -> torch.Tensor:
    """Return the log-probabilities of the same four steps after each row."""
    src = torch.from_numpy(pad_sources(rows))
    tgt = torch.tensor([[SOS, 9, 5, 12]] * len(rows))
    with torch.no_grad():
        return model.log_probs(model(src, tgt), src)


def test_the_own_part_is_what_a_lone_source_is():
    found = own_part(torch.from_numpy(pad_sources(ROWS)))
    assert found.tolist() == [
        [*WORD, EOS, PAD, PAD],
        [*LONGER, EOS],
        [*WORD, EOS, PAD, PAD],
        [*WORD, EOS, PAD, PAD],
    ]


@pytest.mark.parametrize("decoder", ["transducer", "recurrent"])
def test_a_row_is_read_as_it_is_alone(decoder: str):
    model = network(decoder)
    together = read(model, ROWS)
    for row, source in enumerate(ROWS):
        check_close(together[row : row + 1], read(model, [source]))


def test_neighbours_on_either_side_count_and_their_order_too():
    turned = [*LEFT[3:], *LEFT[:3]]
    rows = [
        framed(WORD, (LEFT, RIGHT)),
        framed(WORD, (turned, RIGHT)),
        framed(WORD, (LEFT, LEFT)),
        framed(WORD, (RIGHT, RIGHT)),
        WORD,
    ]
    found = read(network(), rows)
    apart = (found[:, None] - found[None]).exp().sub(1).abs().amax(dim=(2, 3))
    assert (apart + torch.eye(len(rows)) > 1e-4).all()


def test_the_last_letter_of_a_neighbour_ends_its_word():
    """Where a mark stands after a word it is as if a space did: the same words, read from another place."""
    model = network()
    assert model.surroundings is not None
    words = [[SPACE, 7, 8], WORD, [SPACE, 16, 17]]
    rows = [
        framed(words[0], ([], words[1] + words[2])),
        framed(words[1], (words[0], words[2])),
        framed(words[2], (words[0] + words[1], [])),
    ]
    with torch.no_grad():
        vectors = model.surroundings.reader(torch.from_numpy(pad_sources(rows))).vectors
    # The convolution looks two letters beyond a mark, the pieces do not.
    half = vectors[:, :, : vectors.shape[2] // 2]
    check_close(half[0], half[1])
    check_close(half[0], half[2])


def test_letters_that_no_vocabulary_has_are_read():
    """A copying model numbers a source's own letters past its vocabulary."""
    strange = [SPACE, VOCAB, VOCAB + 1]
    found = read(network(), [framed(strange, (strange, RIGHT))])
    assert found.shape[2] == VOCAB + 2
    assert torch.isfinite(found[0, :, VOCAB:].exp()).all()


def test_gradients_reach_every_weight():
    model = network()
    src = torch.from_numpy(pad_sources(ROWS))
    tgt = torch.tensor([[SOS, 9, 5, 12]] * len(ROWS))
    check_gradients(model, model.log_probs(model(src, tgt), src))
