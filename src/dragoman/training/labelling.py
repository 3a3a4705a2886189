"""Teaching a network that labels: its batches, its loss, and how it does on dev."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from dragoman.annotator import Annotator
from dragoman.data.batches import Batch, Example, length_batches, pad, pad_sources
from dragoman.data.corpus import Pair
from dragoman.evaluation.metrics import METRICS
from dragoman.nn.heads import Emissions
from dragoman.nn.labeller import Labeller, TorchEmitter
from dragoman.text.vocabulary import PAD, SPECIALS
from dragoman.training.folder import Tokenizers
from dragoman.training.losses import Loss
from dragoman.training.validation import Sample, Validation
from dragoman.translator import TranslateOptions


def make_label_batch(examples: Sequence[Example]) -> Batch:
    """Pad texts and their labels; labels have neither SOS nor EOS."""
    labels = pad([example.tgt for example in examples])
    return Batch(pad_sources([example.src for example in examples]), labels, labels)


def label_loss(model: Labeller, batch: Batch, smoothing: float) -> Loss:
    """Score one batch; a text with a label that the vocabulary lacks is left out of all sums.

    The hits are those of the emissions: a CRF may choose better.
    """
    device = next(model.parameters()).device
    src, tgt = (torch.from_numpy(ids).to(device) for ids in (batch.src, batch.tgt_out))
    found = model(src)
    known = ((tgt >= len(SPECIALS)) | (tgt == PAD)).all(dim=1)
    emissions, gold = Emissions(found.scores[known], found.mask[known]), tgt[known] - len(SPECIALS)
    loss = model.head.loss(emissions, gold, smoothing)
    hits = (emissions.scores.argmax(dim=2) == gold) & emissions.mask
    return Loss(loss.smoothed, loss.plain, hits.sum())


@dataclass(frozen=True)
class LabelValidator:
    """Scores a network that labels on dev.

    Attributes:
        pairs: The dev set.
        tokenizers: Of both sides.
        metrics: Rows of METRICS, the first of which is the one to show; one that does not apply is left out.
        needed: A row of METRICS that is measured even so.
    """

    pairs: Sequence[Pair]
    tokenizers: Tokenizers
    metrics: Sequence[str]
    needed: str = ""

    def __call__(self, model: Labeller) -> Validation:
        """Score a network; its mode (training or not) is given back as it was."""
        was_training = model.training
        annotator = annotator_of(model, self.tokenizers)
        loss = self._loss(model)
        sources = [pair.src for pair in self.pairs]
        found = annotator.translate(sources, TranslateOptions(attention=False))
        model.train(was_training)
        texts = [one.text for one in found]
        references = [[pair.tgt] for pair in self.pairs]
        scores = {
            name: METRICS[name]().corpus(texts, references).score
            for name in self.metrics
            if name == self.needed or METRICS[name].applies(references)
        }
        wanted = [pair.tgt.split() if annotator.per_word else [pair.tgt] for pair in self.pairs]
        right = sum(
            sum(a == b for a, b in zip(one.tokens, labels, strict=False))
            for one, labels in zip(found, wanted, strict=True)
        )
        share = right / max(1, sum(map(len, wanted)))
        samples = tuple(
            Sample(number, texts[number], self.pairs[number].tgt)
            for number in range(min(3, len(texts)))
        )
        return Validation(loss, share, share, scores, samples)

    @torch.inference_mode()
    def _loss(self, model: Labeller) -> float:
        src = self.tokenizers.src.encode_batch([pair.src for pair in self.pairs])
        tgt = self.tokenizers.tgt.encode_batch([pair.tgt for pair in self.pairs])
        examples = [Example(*one) for one in zip(src, tgt, strict=True) if one[0]]
        total, labels = 0.0, 0
        for numbers in length_batches([len(one.src) for one in examples], 8000):
            batch = make_label_batch([examples[number] for number in numbers])
            total += float(label_loss(model, batch, 0.0).cross_entropy)
            labels += batch.num_tokens
        return total / max(1, labels)


def annotator_of(model: Labeller, tokenizers: Tokenizers) -> Annotator:
    """Make a network ready for text; it is put into evaluation mode."""
    return Annotator(
        TorchEmitter(model),
        tokenizers.src,
        tokenizers.tgt,
        per_word=model.head.per_word,
        reads_words=model.config.reader == "words",
    )
