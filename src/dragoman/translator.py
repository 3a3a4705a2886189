"""Text -> `Translation`, over any `Stepper`: what every edge calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dragoman.confidence import sureness
from dragoman.config import CalibrationConfig, SearchConfig
from dragoman.constraints import Constrain, Constraints
from dragoman.data.batches import length_batches, pad_sources
from dragoman.errors import InputError
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.filters import Filter, Forbid, ForcePrefix, MinLength, NoRepeat, apply_filters
from dragoman.search.forced import log_probs_of
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.sampling import SamplingOptions, sample
from dragoman.search.stepper import Hypothesis, Stepper, may_copy, shortened
from dragoman.text.copying import Copying, Opened
from dragoman.text.neighbours import Around
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK
from dragoman.translation import Translation as Translation

_LEAST = {
    "beam_size": 1,
    "nbest": 1,
    "max_length": 1,
    "min_length": 0,
    "no_repeat": 0,
    "length_penalty": 0,
    "coverage_penalty": 0,
    "top_k": 0,
    "seed": 0,
}


@dataclass(frozen=True)
class TranslateOptions:
    """How to translate; what is None is as the model was trained to be used.

    Attributes:
        beam_size: Hypotheses kept; 1 is greedy.
        nbest: How many outputs a sentence; more than one come as `alternatives`.
        length_penalty: Exponent of the length by which scores are divided.
        coverage_penalty: Weight of the coverage penalty.
        max_length: Most tokens of an output.
        min_length: Fewest tokens of an output, unless `max_length` is less.
        no_repeat: Never say so many tokens in a row twice; 0 allows it.
        sampling: Draw instead of searching.
        attention: Whether translations carry their attention.
        prefixes: Beginnings that the outputs must have, one a sentence.
        around: The text before and after each sentence, for a model that reads it too; `Model.around` makes it.
        constraints: What every output must be.
        confidence: Whether translations say how sure the model is; it takes a second look at the output.
        min_confidence: Write nothing where the confidence is less.
    """

    beam_size: int | None = None
    nbest: int = 1
    length_penalty: float | None = None
    coverage_penalty: float | None = None
    max_length: int | None = None
    min_length: int | None = None
    no_repeat: int | None = None
    sampling: SamplingOptions | None = None
    attention: bool = True
    prefixes: Sequence[str] | None = None
    around: Sequence[Around] | None = None
    constraints: Constraints | None = None
    confidence: bool = False
    min_confidence: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: Every option that is out of range, at once.
        """
        faults: list[str] = []
        values = {name: getattr(self, name) for name in _LEAST if hasattr(self, name)}
        if self.sampling is not None:
            values |= {"top_k": self.sampling.top_k, "seed": self.sampling.seed}
        for name, value in values.items():
            # "Not at least" rather than "less", which NaN never is.
            if value is not None and not value >= _LEAST[name]:
                faults.append(f"{name} is {value}; expected at least {_LEAST[name]}.")
        if self.sampling is not None and not self.sampling.temperature > 0:
            faults.append(f"temperature is {self.sampling.temperature}; expected more than 0.")
        if self.sampling is not None and not 0 < self.sampling.top_p <= 1:
            faults.append(f"top_p is {self.sampling.top_p}; expected more than 0 and at most 1.")
        if self.min_confidence is not None and not 0 <= self.min_confidence <= 1:
            faults.append(f"min_confidence is {self.min_confidence}; expected from 0 to 1.")
        if faults:
            raise InputError("\n".join(faults))

    @property
    def asks_confidence(self) -> bool:
        """Whether somebody wants to know how sure the model is."""
        return self.confidence or self.min_confidence is not None


@dataclass(frozen=True)
class Written:
    """A token as it is chosen.

    Attributes:
        token: It, for people.
        probability: How likely it was.
        text: The translation so far.
    """

    token: str
    probability: float
    text: str


class Translator:
    """Translates raw text with a ready model.

    Args:
        stepper: The model.
        src_tokenizer: Text to source ids.
        tgt_tokenizer: Target ids to text.
        search: How to write unless a call says otherwise.
    """

    # A source is cut after so many tokens, as those were that the model learned from.
    max_src_length: int | None = None
    # How its confidence is reckoned; by the bare probabilities, where it was never fitted.
    calibration: CalibrationConfig | None = None
    # So many words to either side of a source are read with it, if they are given.
    context_words = 0
    # Rows times tokens in a batch: enough to fill two cores, few enough to stay in their caches.
    batch_tokens = 2000

    def __init__(
        self,
        stepper: Stepper[Any],
        src_tokenizer: Tokenizer,
        tgt_tokenizer: Tokenizer,
        search: SearchConfig,
    ) -> None:
        self.stepper, self.search = stepper, search
        self.src_tokenizer, self.tgt_tokenizer = src_tokenizer, tgt_tokenizer
        self._copying = Copying(src_tokenizer, tgt_tokenizer) if may_copy(stepper) else None

    def translate(
        self, texts: Iterable[str], options: TranslateOptions | None = None
    ) -> list[Translation]:
        """Translate sentences; each one's result does not depend on the others.

        Args:
            texts: Raw sentences. An empty one gives an empty translation.
            options: How.
        """
        texts, options = list(texts), options or TranslateOptions()
        for name, given in (("prefixes", options.prefixes), ("surroundings", options.around)):
            if given is not None and len(given) != len(texts):
                raise InputError(
                    f"{len(given)} {name} for {len(texts)} sentences; expected one each."
                )
        sources = self._placed(self.read(texts), options.around)
        results = [Translation(text, "", 0.0, 0.0, (), (), ()) for text in texts]
        known = options.constraints.lexicon if options.constraints else {}
        for number, text in enumerate(texts):
            if text in known:
                results[number] = replace(results[number], text=known[text])
        filled = [n for n, source in enumerate(sources) if source.ids and texts[n] not in known]
        self.in_batches(
            [len(sources[number].ids) for number in filled],
            lambda numbers: self._fill([filled[one] for one in numbers], sources, results, options),
        )
        return results

    def _fill(
        self,
        chosen: list[int],
        sources: list[Opened],
        results: list[Translation],
        options: TranslateOptions,
    ) -> None:
        """Translate a batch, each sentence into its place."""
        found = self._search([sources[number] for number in chosen], chosen, options)
        best: list[tuple[int, Hypothesis]] = []
        for number, hypotheses in zip(chosen, found, strict=True):
            # Constraints may turn down the best.
            wanted = hypotheses if options.constraints else hypotheses[: options.nbest]
            text, source = results[number].source, sources[number]
            every = [(self._translation(text, source, one), one) for one in wanted]
            made = _allowed(every, options.constraints)
            if made:
                best.append((number, made[0][1]))
                others = tuple(one for one, _ in made[1 : options.nbest])
                first = made[0][0]
                results[number] = replace(first, alternatives=others) if others else first
        if options.asks_confidence:
            self._look_again(best, sources, results, options.min_confidence)

    def in_batches(self, lengths: Sequence[int], work: Callable[[list[int]], None]) -> None:
        """Deal sources of so many tokens into batches, and do what is to be done with each, in whatever order."""
        for numbers in length_batches(lengths, self.batch_tokens):
            work(numbers)

    def write(self, text: str) -> Iterator[Written]:
        """Translate one sentence greedily, and give each token as soon as it is chosen, EOS last."""
        (source,) = self.read([text])
        if not source.ids:
            return
        words = () if self._copying is None else self._copying.words(source.unknown)
        filters = self._filters([source], [0], TranslateOptions())
        state = shortened(self.stepper).start(pad_sources([source.ids]))
        last, said = SOS, list[int]()
        while last != EOS and len(said) < self.max_length(len(source.ids)):
            step = self.stepper.step(np.array([last]), state)
            prefix = np.array([said], dtype=np.int64)
            allowed = apply_filters(filters, step.distribution, prefix, np.zeros(1, dtype=np.int64))
            gained, ids = allowed.top(1)
            last, state = int(ids[0, 0]), step.state
            said.append(last)
            yield Written(
                self.tgt_tokenizer.display([last], words)[0],
                math.exp(float(gained[0, 0])),
                self.tgt_tokenizer.decode(said, words),
            )

    def read(self, texts: Sequence[str]) -> list[Opened]:
        """Turn sources into ids, as the model reads them."""
        if self._copying is not None:
            opened = self._copying.open(texts)
        else:
            opened = [Opened(ids) for ids in self.src_tokenizer.encode_batch(texts)]
        return [one.cut(self.max_src_length) for one in opened]

    def _placed(self, sources: list[Opened], around: Sequence[Around] | None) -> list[Opened]:
        """Put sources between their neighbours, as many of these as the model reads."""
        if around is None:
            return sources
        most = self.context_words
        if not most:
            raise InputError(
                "this model reads each sentence alone, and has no use for what stands around it; leave that away, "
                "or train with model.context_words."
            )
        sides = [
            text
            for before, after in around
            for text in (" ".join(before.split()[-most:]), " ".join(after.split()[:most]))
        ]
        ids = self.src_tokenizer.encode_batch(sides)
        return [
            replace(source, beside=(before, after))
            for source, before, after in zip(sources, ids[::2], ids[1::2], strict=True)
        ]

    def score(self, pairs: Iterable[tuple[str, str]]) -> list[float]:
        """Return the log-probability, in nats, of given translations (forced decoding).

        Args:
            pairs: (source, target), raw text.

        Raises:
            InputError: The model edits its source: a text may come of many edits, which are what has a probability.
        """
        if self.tgt_tokenizer.acts:
            raise InputError(
                "this model writes by steps along its source, and a given text does not say by which, so it has no "
                "score; models with model.decoder = 'recurrent' give one."
            )
        pairs = list(pairs)
        scores = [0.0] * len(pairs)
        for numbers, sources, targets in self.batches_of(pairs):
            found = log_probs_of(self.stepper, sources, targets)
            for number, gained in zip(numbers, found, strict=True):
                scores[number] = sum(gained)
        return scores

    def batches_of(
        self, pairs: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[list[int], list[Sequence[int]], list[Sequence[int]]]]:
        """Deal pairs into batches: their numbers, and the ids of their sides, the targets' with EOS."""
        sources = self.read([src for src, _ in pairs])
        targets = [[*ids, EOS] for ids in self._encode_targets([tgt for _, tgt in pairs], sources)]
        for numbers in length_batches([len(one.ids) for one in sources], self.batch_tokens):
            yield numbers, [sources[n].ids for n in numbers], [targets[n] for n in numbers]

    def max_length(self, src_length: int) -> int:
        """Return the most tokens that a source of so many tokens may be answered with."""
        return math.ceil(src_length * self.search.max_length_ratio) + self.search.max_length_extra

    def _search(
        self, sources: list[Opened], numbers: list[int], options: TranslateOptions
    ) -> list[list[Hypothesis]]:
        search = self.search
        lengths = [options.max_length or self.max_length(len(one.ids)) for one in sources]
        limits = Limits(lengths, self._filters(sources, numbers, options), options.attention)
        src = pad_sources([one.row for one in sources])
        if options.sampling is not None:
            draws = [
                sample(
                    self.stepper,
                    src,
                    limits,
                    replace(options.sampling, seed=options.sampling.seed + turn),
                    np.array(numbers) + options.sampling.first,
                )
                for turn in range(options.nbest)
            ]
            return [list(row) for row in zip(*draws, strict=True)]
        beam = BeamOptions(
            max(options.beam_size or search.beam_size, options.nbest),
            search.length_penalty if options.length_penalty is None else options.length_penalty,
            search.coverage_penalty
            if options.coverage_penalty is None
            else options.coverage_penalty,
            # Constraints may turn down the best.
            None if options.constraints is not None else options.nbest,
        )
        # What is asked for may not be on the shortlist.
        asked = options.constraints is not None or options.prefixes is not None
        stepper = self.stepper if asked else shortened(self.stepper)
        # Under constraints the only beginning may turn out to be a dead end, which a beam notices.
        if beam.beam_size == 1 and options.constraints is None:
            limits = replace(limits, length_penalty=beam.length_penalty)
            return [[found] for found in greedy_search(stepper, src, limits)]
        return beam_search(stepper, src, limits, beam)

    def _look_again(
        self,
        best: list[tuple[int, Hypothesis]],
        sources: list[Opened],
        results: list[Translation],
        least: float | None,
    ) -> None:
        """Say of what was chosen how sure the model is, and take back what it is not sure enough of."""
        ids = [_said(one) for _, one in best]
        read = [sources[number].row for number, _ in best]
        found = sureness(self.stepper, read, ids, self.calibration) if best else []
        for (number, _), sure in zip(best, found, strict=True):
            results[number] = results[number].with_confidence(*sure, least)

    def _filters(
        self, sources: list[Opened], numbers: list[int], options: TranslateOptions
    ) -> list[Filter]:
        search = self.search
        found: list[Filter] = [Forbid((PAD, UNK, SOS))]
        forced: list[list[int]] = []
        if options.prefixes is not None:
            forced = self._encode_prefixes([options.prefixes[n] for n in numbers], sources)
        no_repeat = search.no_repeat if options.no_repeat is None else options.no_repeat
        if no_repeat:
            found.append(NoRepeat(no_repeat, forced))
        min_length = search.min_length if options.min_length is None else options.min_length
        if min_length:
            found.append(MinLength(min_length))
        if forced:
            found.append(ForcePrefix(forced))
        if options.constraints is not None and options.constraints.restricts:
            tokenizer = self.tgt_tokenizer
            found.append(Constrain(options.constraints, tokenizer.decode, tokenizer.silent))
        return found

    def _encode_targets(self, texts: Sequence[str], sources: Sequence[Opened]) -> list[list[int]]:
        if self._copying is not None:
            return self._copying.encode_targets(texts, sources)
        return self.tgt_tokenizer.encode_batch(texts)

    def _encode_prefixes(self, texts: Sequence[str], sources: Sequence[Opened]) -> list[list[int]]:
        encoded = self._encode_targets(texts, sources)
        for text, ids in zip(texts, encoded, strict=True):
            if UNK in ids:
                raise InputError(
                    f"prefix {text!r}: the model does not know all of it (its tokens: "
                    f"{' '.join(self.tgt_tokenizer.display(ids))}); use words of its vocabulary."
                )
        return encoded

    def _translation(self, text: str, source: Opened, found: Hypothesis) -> Translation:
        ids = _said(found)
        words = () if self._copying is None else self._copying.words(source.unknown)
        return Translation(
            source=text,
            text=self.tgt_tokenizer.decode(found.ids, words),
            score=found.score,
            log_prob=found.log_prob,
            src_tokens=tuple(self.src_tokenizer.display([*source.ids, EOS], source.unknown)),
            tokens=tuple(self.tgt_tokenizer.display(ids, words)),
            probabilities=tuple(map(math.exp, found.log_probs)),
            attention=None if found.weights is None else found.weights[:, : len(source.ids) + 1],
            num_cut=source.num_cut,
        )


def _said(found: Hypothesis) -> list[int]:
    return [*found.ids, EOS] if found.complete else list(found.ids)


def _allowed(
    found: list[tuple[Translation, Hypothesis]], constraints: Constraints | None
) -> list[tuple[Translation, Hypothesis]]:
    """Drop outputs that were cut off before they were what they must be."""
    if constraints is None:
        return found
    return [one for one in found if constraints.allows(one[0].text)]
