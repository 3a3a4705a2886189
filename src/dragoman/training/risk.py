"""Minimum-risk training (Shen et al. 2016, arXiv:1512.02433): the expected loss of score over draws, followed downhill.

For a source x, S(x) is a few draws from the model and the right answer (section 3.3), and with

    Q(y | x) = P(y | x)^a / sum over y' in S(x) of P(y' | x)^a          (eq. 9)

the risk is ``sum over y in S(x) of Q(y | x) Delta(y)`` (eq. 8), where Delta is one minus the sentence's score. It is
meant for a model that cross-entropy has taught already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from dragoman.data.batches import Batch, pad
from dragoman.evaluation.risk import SentenceScore
from dragoman.nn.model import Seq2Seq
from dragoman.text.copying import Copying
from dragoman.text.tokenizers import SPACE
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK
from dragoman.training.folder import Tokenizers
from dragoman.training.losses import Loss


@dataclass(frozen=True)
class MinimumRisk:
    """Draws answers, and scores a network by what it makes of them.

    Attributes:
        score: From an answer and the right ones to a score in percent.
        decode: From ids to text.
        samples: Draws a source.
        sharpness: a; 0.005 is the paper's (section 4.2).
    """

    score: SentenceScore
    decode: Callable[[Sequence[int]], str]
    samples: int
    sharpness: float = 0.005

    def draw(self, model: Seq2Seq, batch: Batch, done: float) -> Batch:
        """Give each source once for each of its draws, and then with the right answer.

        Args:
            model: The network; it draws without dropout.
            batch: Pairs.
            done: Not asked for.
        """
        del done
        gold = [[token for token in row if token != PAD] for row in batch.tgt_out.tolist()]
        device = next(model.parameters()).device
        src = torch.from_numpy(batch.src).to(device)
        was_training = model.training
        model.eval()
        drawn = _draw(model, src, self.samples, 2 * batch.tgt_out.shape[1] + 5)
        model.train(was_training)
        answers: list[list[int]] = []
        for number, right in enumerate(gold):
            answers += drawn[number * self.samples : (number + 1) * self.samples]
            answers.append(right)
        return Batch(
            np.repeat(batch.src, self.samples + 1, axis=0),
            pad([[SOS, *answer[:-1]] for answer in answers]),
            pad(answers),
        )

    def __call__(self, model: Seq2Seq, batch: Batch, smoothing: float) -> Loss:
        """Score a network on what `draw` gave; the sums are those of as many tokens as the right answers have.

        Args:
            model: The network.
            batch: For each source `samples` draws and the right answer.
            smoothing: Not asked for: only draws are compared.
        """
        del smoothing
        device, size = next(model.parameters()).device, self.samples + 1
        # A source is read once for all of its answers.
        src, tgt_in, tgt_out = (
            torch.from_numpy(ids).to(device)
            for ids in (batch.src[::size], batch.tgt_in, batch.tgt_out)
        )
        log_probs = model.log_probs(model(src, tgt_in), src).float()
        said = log_probs.gather(2, tgt_out[:, :, None])[:, :, 0].masked_fill(tgt_out == PAD, 0)
        # A draw that was made already is the same member of the set.
        again = torch.from_numpy(_repeated(batch.tgt_out, size)).to(device)
        weights = self.sharpness * said.sum(dim=1).unflatten(0, (-1, size))
        shares = weights.masked_fill(again, -torch.inf).softmax(dim=1)
        risk = (shares * self._losses(batch.tgt_out).to(device)).sum(dim=1)
        gold = tgt_out[size - 1 :: size]
        real = gold != PAD
        hits = (log_probs[size - 1 :: size].argmax(dim=2) == gold) & real
        plain = -said[size - 1 :: size].sum()
        return Loss(risk.mean() * real.sum(), plain.detach(), hits.sum())

    def _losses(self, answers: Int[np.ndarray, "rows tgt_len"]) -> Tensor:
        """Return Delta of each answer, [sources, samples + 1]."""
        texts = [self.decode([token for token in row if token > EOS]) for row in answers.tolist()]
        size = self.samples + 1
        rights = [texts[number - number % size + size - 1] for number in range(len(texts))]
        scores = [self.score(text, [right]) for text, right in zip(texts, rights, strict=True)]
        return 1 - torch.tensor(scores).reshape(-1, size) / 100


def _repeated(answers: Int[np.ndarray, "rows tgt_len"], size: int) -> np.ndarray:
    """Say of each answer whether a later one of its source is the same, [sources, size]; the right one comes last."""
    groups = answers.reshape(-1, size, answers.shape[1])
    same = (groups[:, :, None] == groups[:, None]).all(axis=3)
    return np.triu(same, 1).any(axis=2)


@torch.no_grad()
def _draw(
    model: Seq2Seq, src: Int[Tensor, "batch src_len"], samples: int, longest: int
) -> list[list[int]]:
    """Draw answers to each source, ended by EOS; one that never ends is ended."""
    rows = torch.arange(len(src), device=src.device).repeat_interleave(samples)
    state = model.start(src).select(rows)
    last = torch.full((len(rows),), SOS, device=src.device)
    over = torch.zeros_like(last, dtype=torch.bool)
    said: list[Tensor] = []
    while len(said) < longest - 1 and not bool(over.all()):
        stepped = model.step(last, state)
        state = stepped.state
        log_probs = stepped.log_probs.float()
        log_probs[:, [PAD, UNK, SOS]] = -torch.inf
        drawn = torch.multinomial(log_probs.exp(), 1)[:, 0]
        last = drawn.where(~over, PAD)
        over = over | (last == EOS)
        said.append(last)
    answers = torch.stack(said, dim=1).tolist()
    return [[*(token for token in one if token not in (PAD, EOS)), EOS] for one in answers]


def reads_copies(tokenizers: Tokenizers) -> Callable[[Sequence[int]], str]:
    """Give what turns ids into text where a model copies.

    A source's own words have names that stand for them: only whether two answers say the same one is asked.
    """
    copying = Copying(tokenizers.src, tokenizers.tgt)

    def decode(ids: Sequence[int]) -> str:
        num_own = max(0, max(ids, default=0) + 1 - tokenizers.tgt.vocab_size)
        return copying.decode(ids, [f"{SPACE}own{number}" for number in range(num_own)])

    return decode
