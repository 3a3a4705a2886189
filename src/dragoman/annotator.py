"""Text -> labels, over any `Emitter`: the twin of `translator` for networks that label. No torch here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from dragoman.confidence import judge
from dragoman.config import CalibrationConfig
from dragoman.data.batches import length_batches, pad, pad_sources
from dragoman.errors import InputError
from dragoman.search.labelling import Emitted, Emitter, Floats, Labelled, choose, log_prob, scaled
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import SPECIALS
from dragoman.translator import TranslateOptions, Translation

_FIRST = len(SPECIALS)


class Annotator:
    """Labels raw text with a ready network.

    Args:
        emitter: The network.
        src_tokenizer: Text to source ids.
        tgt_tokenizer: Labels to ids; the first label has the id after the special ones.
        per_word: Whether each word gets a label, or the whole text one.
        reads_words: Whether the network looks at words, though its tokens are characters.
    """

    # How its confidence is reckoned; by the bare probabilities, where it was never fitted.
    calibration: CalibrationConfig | None = None
    # Rows times tokens in a batch.
    batch_tokens = 8000

    def __init__(
        self,
        emitter: Emitter,
        src_tokenizer: Tokenizer,
        tgt_tokenizer: Tokenizer,
        per_word: bool,
        reads_words: bool,
    ) -> None:
        self.emitter = emitter
        self.src_tokenizer, self.tgt_tokenizer = src_tokenizer, tgt_tokenizer
        self.per_word, self.reads_words = per_word, reads_words
        self.labels = [tgt_tokenizer.decode([n]) for n in range(_FIRST, tgt_tokenizer.vocab_size)]

    def translate(
        self, texts: Iterable[str], options: TranslateOptions | None = None
    ) -> list[Translation]:
        """Label texts; each one's result does not depend on the others.

        Nothing is searched for, so that a beam and its penalties make no difference.

        Args:
            texts: Raw texts. An empty one has no labels.
            options: Of which `attention` counts, and `nbest` where the whole text gets a label.

        Returns:
            For each text its labels with a space between, and in `tokens` one by one, each with the probability that
            it has by itself; `log_prob` is that of all together, `score` the same a label.

        Raises:
            InputError: For an option that has a meaning only where there is a search.
        """
        texts, options = list(texts), options or TranslateOptions()
        self._refuse(options)
        sources = self.src_tokenizer.encode_batch(texts)
        results = [Translation(text, "", 0.0, 0.0, (), (), ()) for text in texts]
        transitions = self.emitter.transitions()
        for numbers in self._batches(sources):
            emitted = self.emitter.emit(pad_sources([sources[number] for number in numbers]))
            found = choose(emitted.scores, emitted.mask, transitions)
            for row, number in enumerate(numbers):
                seen = self._units(texts[number], sources[number])
                results[number] = self._result(
                    (texts[number], seen), (emitted, found), row, options
                )
            if options.asks_confidence:
                self._look_again(numbers, emitted, results, options.min_confidence)
        return results

    def _look_again(
        self, numbers: list[int], emitted: Emitted, results: list[Translation], least: float | None
    ) -> None:
        """Say how sure the network is of its labels, and take back what it is not sure enough of."""
        temperature = self.calibration.temperature if self.calibration else 1.0
        found = self.at(emitted, temperature)
        for row, number in enumerate(numbers):
            places = int(emitted.mask[row].sum())
            log_probs = np.log(np.maximum(found.probabilities[row, :places], 1e-30)).tolist()
            sure = judge(log_probs, self.calibration)
            results[number] = results[number].with_confidence(*sure, least)

    def at(self, emitted: Emitted, temperature: float) -> Labelled:
        """Choose labels at a temperature: the same ones at each, but with other probabilities."""
        between = scaled(self.emitter.transitions(), 1 / temperature)
        return choose(emitted.scores / temperature, emitted.mask, between)

    def score(self, pairs: Iterable[tuple[str, str]]) -> list[float]:
        """Return the log-probability, in nats, of given labels; -inf where one is unknown.

        Args:
            pairs: (text, labels), as they stand in a corpus.

        Raises:
            InputError: A text has not as many labels as words.
        """
        pairs = list(pairs)
        sources = self.src_tokenizer.encode_batch([src for src, _ in pairs])
        targets = self.tgt_tokenizer.encode_batch([tgt for _, tgt in pairs])
        scores = [0.0] * len(pairs)
        transitions = self.emitter.transitions()
        for numbers in self._batches(sources):
            emitted = self.emitter.emit(pad_sources([sources[number] for number in numbers]))
            for number, places in zip(numbers, emitted.mask.sum(axis=1).tolist(), strict=True):
                if len(targets[number]) != places:
                    raise InputError(
                        f"{pairs[number][0]!r}: {len(targets[number])} labels given; expected {places}."
                    )
            labels = pad([targets[number] for number in numbers]) - _FIRST
            unknown = ((labels < 0) & emitted.mask).sum(axis=1)
            values = log_prob(emitted.scores, emitted.mask, transitions, np.maximum(labels, 0))
            values[unknown > 0] = -math.inf
            for number, value in zip(numbers, values.tolist(), strict=True):
                scores[number] = value
        return scores

    def _batches(self, sources: Sequence[Sequence[int]]) -> list[list[int]]:
        """Deal the texts that are not empty into batches."""
        filled = [number for number, source in enumerate(sources) if source]
        lengths = [len(sources[number]) for number in filled]
        return [
            [filled[number] for number in numbers]
            for numbers in length_batches(lengths, self.batch_tokens)
        ]

    def _units(self, text: str, source: Sequence[int]) -> tuple[str, ...]:
        """Name what the network looked at: words, or tokens."""
        normaliser = self.src_tokenizer.normaliser
        if self.reads_words:
            return tuple(normaliser.undo(word) for word in normaliser(text).split())
        return tuple(self.src_tokenizer.display(source))

    def _result(
        self,
        given: tuple[str, tuple[str, ...]],
        made: tuple[Emitted, Labelled],
        row: int,
        options: TranslateOptions,
    ) -> Translation:
        (text, seen), (emitted, found) = given, made
        places = int(emitted.mask[row].sum())
        labels = tuple(self.labels[label] for label in found.labels[row, :places].tolist())
        log_prob = float(found.log_probs[row])
        weights = None
        if emitted.weights is not None and options.attention:
            weights = emitted.weights[None, row, : len(seen)].astype(np.float32)
        return Translation(
            source=text,
            text=" ".join(labels),
            score=log_prob / places,
            log_prob=log_prob,
            src_tokens=seen,
            tokens=labels,
            probabilities=tuple(found.probabilities[row, :places].tolist()),
            attention=weights,
            alternatives=self._others(text, found.posteriors[row, 0], options.nbest),
        )

    def _others(self, text: str, posterior: Floats, nbest: int) -> tuple[Translation, ...]:
        """Give the next best labels of a whole text."""
        others: list[Translation] = []
        for label in np.argsort(-posterior, kind="stable")[1:nbest].tolist():
            sure = float(posterior[label])
            value = math.log(sure) if sure else -math.inf
            name = self.labels[label]
            others.append(Translation(text, name, value, value, (), (name,), (sure,)))
        return tuple(others)

    def _refuse(self, options: TranslateOptions) -> None:
        given = {
            "prefixes": options.prefixes is not None,
            "sampling": options.sampling is not None,
            "constraints": options.constraints is not None,
            "nbest": options.nbest > 1 and self.per_word,
        }
        names = [name for name, asked in given.items() if asked]
        if names:
            raise InputError(
                f"{', '.join(names)}: this model labels what it reads, and has no search that these could steer; "
                "leave them out."
            )
