"""Scheduled sampling: in training too, the decoder reads some of its own words (Bengio et al. 2015, arXiv:1506.03099).

A decoder that reads the whole target at once cannot read its own words as it goes. So the target is read twice, as in
Mihaylova & Martins 2019 (arXiv:1906.07651, section 3): once with the right words, without gradients; some of these are
then replaced by what the model said in their place, its likeliest words; and what is learned from reads the mixture.
The words are thus those that the model says after right ones, not after its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from dragoman.data.batches import Batch
from dragoman.nn.generators import Looked
from dragoman.nn.model import Seq2Seq
from dragoman.text.vocabulary import PAD, SPECIALS


@dataclass(frozen=True)
class ScheduledSampling:
    """Replaces right words by the model's own, each by itself.

    Attributes:
        share: Of a sentence's words, at the end of the training; it rises from 0 in a straight line (Bengio's linear
            decay, section 2.4).
    """

    share: float

    @torch.no_grad()
    def __call__(self, model: Seq2Seq, batch: Batch, done: float) -> Batch:
        """Give a batch whose decoder reads the mixture; what it should answer stays.

        Args:
            model: The network, which says what it would.
            batch: Pairs.
            done: The share of the training that lies behind.
        """
        device = next(model.parameters()).device
        src, tgt_in = (torch.from_numpy(ids).to(device) for ids in (batch.src, batch.tgt_in))
        drawn = torch.rand(tgt_in.shape).to(device) < self.share * min(done, 1.0)
        # The word at a place is what was said at the one before; SOS is no one's word.
        picked = drawn[:, 1:] & (tgt_in[:, 1:] != PAD)
        if not picked.any():
            return batch
        decoded = model(src, tgt_in)
        looked = model.looked(decoded, src)
        if looked is not None:
            weights, ids = looked.weights[:, :-1][picked], looked.ids[:, :-1][picked]
            looked = Looked(weights, ids, looked.width)
        said = model.generator(decoded.outputs[:, :-1][picked], looked).argmax(dim=1)
        # An end, or what is no word, is never read on from.
        right = tgt_in[:, 1:][picked]
        mixed = tgt_in.clone()
        mixed[:, 1:][picked] = said.where(said >= len(SPECIALS), right)
        return replace(batch, tgt_in=mixed.cpu().numpy())
