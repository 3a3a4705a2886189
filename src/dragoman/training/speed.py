"""How fast this machine teaches a network: a few real steps on real pairs, before a training by the minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import torch

from dragoman.config import Config
from dragoman.data.batches import Example, make_batch
from dragoman.data.corpus import Corpus, Pair
from dragoman.nn.generators import GENERATORS
from dragoman.nn.model import Seq2Seq
from dragoman.sizing import Budget, Speed
from dragoman.training.folder import build_network
from dragoman.training.machine import choose_precision, prepare_machine
from dragoman.training.optimisers import OPTIMISERS
from dragoman.training.prepare import Corpora, Prepared, prepare
from dragoman.training.validation import Penalties, batch_loss

_SAMPLE, _DEV = 1000, 20
_STEPS, _WARM_UP, _BATCH = 3, 1, 500
# Of the whole time: what validations take, and the last one with what comes after it.
_ASIDE = 0.15
# However long a corpus takes to prepare, so much of the time is for learning.
_MOST_PREPARING = 0.5
_PIECES = ("bpe", "unigram")
# What trying may take: so much of the time, and so many seconds.
_MOST_TRYING, _MOST_TRYING_S = 0.05, 10.0


class Trials:
    """Measures settings, on a sample of the pairs.

    Args:
        pairs: All there is to learn from.
        seconds: The whole time.
        elapsed_s: Tells how much of it has gone.
        configure: Makes a recipe of sections; what the user has said wins.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        seconds: float,
        elapsed_s: Callable[[], float],
        configure: Callable[[dict[str, dict[str, Any]]], Config],
    ) -> None:
        self._num_pairs, self._seconds, self._elapsed_s = len(pairs), seconds, elapsed_s
        self._sample = list(pairs[:: max(1, len(pairs) // _SAMPLE)])
        self._configure = configure
        self._known: tuple[object, Prepared, float] | None = None
        self._left_s: float | None = None
        self._tried_s = 0.0

    def __call__(self, values: dict[str, dict[str, Any]], size: int) -> tuple[Budget, Speed]:
        """Measure settings at a hidden size, unless the user has said another one."""
        wide = min(int(values["model"].get("embedding_size", 256)), max(128, size))
        model = values["model"] | {"hidden_size": size, "embedding_size": wide}
        began = time.monotonic()
        config = self._configure(values | {"model": model})
        prepared, preparing_s = self._prepare(config)
        share = self._num_pairs / len(self._sample)
        if self._left_s is None:
            whole = self._seconds * (1 - _ASIDE) - self._elapsed_s()
            self._left_s = whole - min(preparing_s * share, _MOST_PREPARING * self._seconds)
        tokens = _tokens(chain.from_iterable(prepared.train.deal(_BATCH, (1, 0)))) * share
        speed = measure(config, prepared, sampled=share > 1.5)
        self._tried_s += time.monotonic() - began
        left_s = max(self._left_s, 0.2 * self._seconds)
        enough = self._tried_s > min(_MOST_TRYING_S, _MOST_TRYING * self._seconds)
        return Budget(left_s, tokens, enough), speed

    def _prepare(self, config: Config) -> tuple[Prepared, float]:
        key = config.text, config.model.decoder, config.model.generator, config.data
        if self._known is None or self._known[0] != key:
            began = time.monotonic()
            lines = list(range(1, len(self._sample) + 1))
            train = Corpus(self._sample, lines, "a sample", [])
            dev = Corpus(self._sample[:_DEV], lines[:_DEV], "a sample", [])
            prepared = prepare(config, Corpora(train, dev, None))
            self._known = key, prepared, time.monotonic() - began
        return self._known[1:]


def measure(config: Config, prepared: Prepared, *, sampled: bool) -> Speed:
    """Teach a network for a few steps, and forget it.

    Args:
        config: Of a network that writes.
        prepared: What it is taught.
        sampled: Whether that is part of the pairs, so that the vocabularies will be larger.
    """
    training = config.training
    device = prepare_machine(training)
    model = _network(config, prepared, sampled=sampled).to(device).train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    num_weights = sum(weight.numel() for weight in weights)
    precision = choose_precision(training, device, num_weights)
    optimiser = OPTIMISERS[training.optimiser](weights, training)
    penalties = Penalties.of(training)
    batches = list(prepared.train.deal(min(_BATCH, training.batch_tokens), (training.seed, 0)))
    tokens, began = 0, time.monotonic()
    for turn in range(_WARM_UP + _STEPS):
        if turn == _WARM_UP:
            tokens, began = 0, time.monotonic()
        examples = batches[turn % len(batches)]
        batch = make_batch(examples)
        with torch.autocast(device.type, torch.bfloat16, precision == "bfloat16"):
            loss = batch_loss(model, batch, training.label_smoothing, penalties)
        (loss.smoothed / batch.num_tokens).backward()
        torch.nn.utils.clip_grad_norm_(weights, training.clip_norm)
        optimiser.step()
        optimiser.zero_grad()
        tokens += _tokens(examples)
    seconds = max(time.monotonic() - began, 1e-6)
    return Speed(config.model.hidden_size, tokens / seconds, num_weights)


def _tokens(examples: Iterable[Example]) -> int:
    """Count as batches do: the longer side of each pair, its end included."""
    return sum(max(len(one.src), len(one.tgt)) + 1 for one in examples)


def _network(config: Config, prepared: Prepared, *, sampled: bool) -> Seq2Seq:
    """Make a network with vocabularies as large as they will be."""
    if sampled and not GENERATORS[config.model.generator].copies:
        text = config.text
        kinds = text.src_tokenizer or text.tokenizer, text.tgt_tokenizer or text.tokenizer
        sides = prepared.tokenizers.src, prepared.tokenizers.tgt
        # A sample has nearly all letters, but not all pieces.
        src, tgt = (
            text.vocab_size if kind in _PIECES else side.vocab_size
            for kind, side in zip(kinds, sides, strict=True)
        )
        return Seq2Seq(config.model, src, tgt)
    network = build_network(config, prepared.tokenizers)
    assert isinstance(network, Seq2Seq)
    return network
