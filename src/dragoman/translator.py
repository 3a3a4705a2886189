"""Text -> `Translation`, over any `Stepper`: what every edge calls."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dragoman.config import SearchConfig
from dragoman.constraints import Constrain, Constraints
from dragoman.data.batches import length_batches, pad, pad_sources
from dragoman.errors import InputError
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.filters import Filter, Forbid, ForcePrefix, MinLength, NoRepeat, apply_filters
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.sampling import SamplingOptions, sample
from dragoman.search.stepper import Floats, Hypothesis, Stepper, may_copy, shortened
from dragoman.text.copying import Copying, Opened
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK


@dataclass(frozen=True)
class Translation:
    """A sentence's translation, and how the model came to it.

    Attributes:
        source: What was given.
        text: What the model made of it.
        score: What it was ranked by: the log-probability, length-normalised.
        log_prob: The log-probability of the whole output, in nats.
        src_tokens: The source as the encoder saw it, "<eos>" last.
        tokens: The output's tokens, "<eos>" last unless the length limit cut it off.
        probabilities: Each token's probability.
        attention: Where each step looked, [tokens, src_tokens]; None if the model has no attention.
        alternatives: The next best outputs, best first.
        num_cut: Source tokens that were not read, because there are more than the model was taught to read.
    """

    source: str
    text: str
    score: float
    log_prob: float
    src_tokens: tuple[str, ...]
    tokens: tuple[str, ...]
    probabilities: tuple[float, ...]
    attention: Floats | None = field(default=None, repr=False, compare=False)
    alternatives: tuple[Translation, ...] = ()
    num_cut: int = 0

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        return {
            "source": self.source,
            "text": self.text,
            "score": self.score,
            "log_prob": self.log_prob,
            "src_tokens": list(self.src_tokens),
            "tokens": list(self.tokens),
            "probabilities": list(self.probabilities),
            "attention": None if self.attention is None else np.round(self.attention, 4).tolist(),
            "num_cut": self.num_cut,
            "alternatives": [
                {"text": other.text, "score": other.score, "log_prob": other.log_prob}
                for other in self.alternatives
            ],
        }

    def _repr_html_(self) -> str:
        """Draw itself in a notebook: the words shaded by probability, and the attention as a table."""
        words = " ".join(
            f'<span title="{probability:.3f}" style="background:rgba(66,133,244,{0.08 + 0.5 * probability:.2f});'
            f'padding:0 .25em;border-radius:.2em">{html.escape(token)}</span>'
            for token, probability in zip(self.tokens, self.probabilities, strict=True)
        )
        lines = [
            f"<p>{html.escape(self.source)} → <b>{html.escape(self.text)}</b></p>",
            f"<p>{words}</p>",
        ]
        if self.attention is not None:
            head = "".join(f"<th>{html.escape(token)}</th>" for token in self.src_tokens)
            rows = "".join(
                f"<tr><th>{html.escape(token)}</th>"
                + "".join(
                    f'<td style="background:rgba(66,133,244,{weight:.2f})">{weight:.2f}</td>'
                    for weight in row
                )
                + "</tr>"
                for token, row in zip(self.tokens, self.attention.tolist(), strict=True)
            )
            lines.append(f"<table><tr><th></th>{head}</tr>{rows}</table>")
        return "".join(lines)


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
        constraints: What every output must be.
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
    constraints: Constraints | None = None

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
        if faults:
            raise InputError("\n".join(faults))


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
        texts = list(texts)
        options = options or TranslateOptions()
        if options.prefixes is not None and len(options.prefixes) != len(texts):
            raise InputError(
                f"{len(options.prefixes)} prefixes for {len(texts)} sentences; expected one each."
            )
        sources = self.read(texts)
        results = [Translation(text, "", 0.0, 0.0, (), (), ()) for text in texts]
        known = options.constraints.lexicon if options.constraints else {}
        for number, text in enumerate(texts):
            if text in known:
                results[number] = replace(results[number], text=known[text])
        filled = [n for n, source in enumerate(sources) if source.ids and texts[n] not in known]
        for numbers in length_batches(
            [len(sources[number].ids) for number in filled], self.batch_tokens
        ):
            chosen = [filled[number] for number in numbers]
            found = self._search([sources[number] for number in chosen], chosen, options)
            for number, hypotheses in zip(chosen, found, strict=True):
                made = [
                    self._translation(texts[number], sources[number], one) for one in hypotheses
                ]
                made = _allowed(made, options.constraints) or results[number : number + 1]
                results[number] = replace(made[0], alternatives=tuple(made[1 : options.nbest]))
        return results

    def write(self, text: str) -> Iterator[Written]:
        """Translate one sentence greedily, and give each token as soon as it is chosen, EOS last."""
        (source,) = self.read([text])
        if not source.ids:
            return
        words = () if self._copying is None else self._copying.words(source.unknown)
        filters = self._filters([source], [0], TranslateOptions())
        state, last, said = (
            shortened(self.stepper).start(pad_sources([source.ids])),
            SOS,
            list[int](),
        )
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

    def score(self, pairs: Iterable[tuple[str, str]]) -> list[float]:
        """Return the log-probability, in nats, of given translations (forced decoding).

        Args:
            pairs: (source, target), raw text.
        """
        pairs = list(pairs)
        sources = self.read([src for src, _ in pairs])
        targets = [[*ids, EOS] for ids in self._encode_targets([tgt for _, tgt in pairs], sources)]
        scores = [0.0] * len(pairs)
        for numbers in length_batches([len(one.ids) for one in sources], self.batch_tokens):
            state = self.stepper.start(pad_sources([sources[number].ids for number in numbers]))
            wanted = pad([targets[number] for number in numbers])
            last = np.full(len(numbers), SOS)
            for ids in wanted.T:
                step = self.stepper.step(last, state)
                gained = step.distribution.gather(ids)
                for number, token, value in zip(
                    numbers, ids.tolist(), gained.tolist(), strict=True
                ):
                    scores[number] += value if token != PAD else 0.0
                last, state = ids.copy(), step.state
        return scores

    def max_length(self, src_length: int) -> int:
        """Return the most tokens that a source of so many tokens may be answered with."""
        return math.ceil(src_length * self.search.max_length_ratio) + self.search.max_length_extra

    def _search(
        self, sources: list[Opened], numbers: list[int], options: TranslateOptions
    ) -> list[list[Hypothesis]]:
        search = self.search
        lengths = [options.max_length or self.max_length(len(one.ids)) for one in sources]
        limits = Limits(lengths, self._filters(sources, numbers, options), options.attention)
        src = pad_sources([one.ids for one in sources])
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
        )
        # What is asked for may not be on the shortlist.
        asked = options.constraints is not None or options.prefixes is not None
        stepper = self.stepper if asked else shortened(self.stepper)
        # Under constraints the only beginning may turn out to be a dead end, which a beam notices.
        if beam.beam_size == 1 and options.constraints is None:
            limits = replace(limits, length_penalty=beam.length_penalty)
            return [[found] for found in greedy_search(stepper, src, limits)]
        return beam_search(stepper, src, limits, beam)

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
        ids = [*found.ids, EOS] if found.complete else list(found.ids)
        words = () if self._copying is None else self._copying.words(source.unknown)
        return Translation(
            source=text,
            text=self.tgt_tokenizer.decode(found.ids, words),
            score=found.score,
            log_prob=found.log_prob,
            src_tokens=tuple(self.src_tokenizer.display([*source.ids, EOS], source.unknown)),
            tokens=tuple(self.tgt_tokenizer.display(ids, words)),
            probabilities=tuple(math.exp(value) for value in found.log_probs),
            attention=None if found.weights is None else found.weights[:, : len(source.ids) + 1],
            num_cut=source.num_cut,
        )


def _allowed(found: list[Translation], constraints: Constraints | None) -> list[Translation]:
    """Drop outputs that were cut off before they were what they must be."""
    if constraints is None:
        return found
    return [one for one in found if constraints.allows(one.text)]
