"""The loss of labels, and how a network that labels is validated."""

import pytest
import torch

from dragoman.config import ModelConfig
from dragoman.data.batches import Example
from dragoman.data.corpus import Pair
from dragoman.nn.labeller import Labeller
from dragoman.text.tokenizers import SPACE, Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import UNK
from dragoman.training.folder import Tokenizers
from dragoman.training.labelling import LabelValidator, label_loss, make_label_batch

PAIRS = [Pair("anna sees oslo", "PER O LOC"), Pair("sees anna", "O PER"), Pair("oslo", "LOC")]
TOKENIZERS = Tokenizers(
    Tokenizer.train([pair.src for pair in PAIRS], TokenizerOptions("char")),
    Tokenizer.train([pair.tgt for pair in PAIRS], TokenizerOptions("spaced")),
)


def make(head="crf"):
    torch.manual_seed(1)
    config = ModelConfig(
        embedding_size=8, hidden_size=8, word_buckets=20, reader="words", head=head, dropout=0.0
    )
    src = TOKENIZERS.src
    return Labeller(config, src.vocab_size, TOKENIZERS.tgt.vocab_size - 4, src.id_of(SPACE))


def examples(pairs):
    src = TOKENIZERS.src.encode_batch([pair.src for pair in pairs])
    tgt = TOKENIZERS.tgt.encode_batch([pair.tgt for pair in pairs])
    return [Example(*one) for one in zip(src, tgt, strict=True)]


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_a_batch_is_its_sentences(head):
    model = make(head)
    batch = make_label_batch(examples(PAIRS))
    assert batch.num_tokens == 6
    whole = label_loss(model, batch, 0.1)
    parts = [label_loss(model, make_label_batch([one]), 0.1) for one in examples(PAIRS)]
    assert float(whole.cross_entropy) == pytest.approx(
        sum(float(part.cross_entropy) for part in parts), rel=1e-5
    )
    assert int(whole.num_right) == sum(int(part.num_right) for part in parts)
    assert not whole.cross_entropy.requires_grad


def test_a_sentence_with_an_unknown_label_teaches_nothing():
    model = make()
    known = examples(PAIRS[:1])
    unknown = Example(known[0].src, [known[0].tgt[0], UNK, known[0].tgt[2]])
    one = label_loss(model, make_label_batch(known), 0.0).smoothed
    both = label_loss(model, make_label_batch([*known, unknown]), 0.0).smoothed
    torch.testing.assert_close(one, both)
    label_loss(model, make_label_batch([unknown]), 0.0).smoothed.backward()


def test_validation():
    model = make().train()
    dev = [*PAIRS, Pair("\u200b", "O"), Pair("anna", "NEW")]
    found = LabelValidator(dev, TOKENIZERS, ("f1", "token_accuracy"))(model)
    assert model.training
    # Parts of speech and the like have no F1; a text of nothing visible and an unknown label are wrong.
    assert set(found.scores) == {"token_accuracy"}
    assert found.accuracy_free_running == pytest.approx(found.scores["token_accuracy"] / 100)
    assert found.accuracy_free_running <= 6 / 8
    assert found.samples[1].reference == "O PER"
    assert len(found.samples[0].output.split()) == 3
    asked = LabelValidator(dev, TOKENIZERS, ("f1",), needed="f1")(model)
    assert "f1" in asked.scores
