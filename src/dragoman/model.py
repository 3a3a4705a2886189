"""A trained model, ready to use: translate, score, trace, evaluate. No torch here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from dragoman.annotator import Annotator
from dragoman.config import Config
from dragoman.data.corpus import Corpus, Pair, ReadOptions, group_references
from dragoman.errors import DataError, InputError
from dragoman.search.ensemble import EnsembleStepper
from dragoman.search.labelling import EnsembleEmitter
from dragoman.text.neighbours import Around, around
from dragoman.translator import TranslateOptions, Translation, Translator

# What translates is there at once: tasks, scores and traces are loaded when they are asked for.
if TYPE_CHECKING:
    from dragoman.evaluation.report import Evaluation, EvaluationOptions
    from dragoman.inspection.trace import Changes, Trace
    from dragoman.inspection.tracer import Subject
    from dragoman.tasks import Task


@dataclass(frozen=True)
class ModelSize:
    """How many weights a model has, and how many bytes its files."""

    num_weights: int
    num_bytes: int


class Model:
    """A trained model, ready to translate raw text.

    Attributes:
        folder: Where it was read from.
        config: How it was made.
        translator: Text in, translations out; an `Annotator` where they are labels.
        size: How large it is.
    """

    def __init__(
        self, folder: Path, config: Config, translator: Translator | Annotator, size: ModelSize
    ) -> None:
        self.folder, self.config, self.translator, self.size = folder, config, translator, size

    @property
    def task(self) -> Task:
        """What it was taught to do."""
        from dragoman.tasks import TASKS

        return TASKS[self.config.task]

    @overload
    def translate(  # pyright: ignore[reportOverlappingOverload]
        self, text: str, options: TranslateOptions | None = None, *, beam_size: int | None = None
    ) -> Translation: ...
    @overload
    def translate(
        self,
        text: Iterable[str],
        options: TranslateOptions | None = None,
        *,
        beam_size: int | None = None,
    ) -> list[Translation]: ...
    def translate(
        self,
        text: str | Iterable[str],
        options: TranslateOptions | None = None,
        *,
        beam_size: int | None = None,
    ) -> Translation | list[Translation]:
        """Translate a sentence, or many.

        Args:
            text: One sentence or several; each one's result does not depend on the others.
            options: How.
            beam_size: Short for ``TranslateOptions(beam_size=...)``.
        """
        options = options or TranslateOptions()
        if beam_size is not None:
            options = replace(options, beam_size=beam_size)
        texts = [text] if isinstance(text, str) else list(text)
        found = self.translator.translate([self.task.source(one) for one in texts], options)
        found = [
            made if made.source == given else replace(made, source=given)
            for made, given in zip(found, texts, strict=True)
        ]
        return found[0] if isinstance(text, str) else found

    @overload
    def score(self, src: str, tgt: str) -> float: ...  # pyright: ignore[reportOverlappingOverload]
    @overload
    def score(self, src: Sequence[str], tgt: Sequence[str]) -> list[float]: ...
    def score(self, src: str | Sequence[str], tgt: str | Sequence[str]) -> float | list[float]:
        """Return the log-probability, in nats, of a given translation (forced decoding)."""
        if isinstance(src, str) and isinstance(tgt, str):
            return self.translator.score([(src, tgt)])[0]
        return self.translator.score(list(zip(src, tgt, strict=True)))

    @cached_property
    def subject(self) -> Subject:
        """The model as `dragoman.inspection` takes it.

        Raises:
            InputError: It cannot be looked into.
        """
        from dragoman.inspection.tracer import InspectableStepper, Subject

        translator = self.translator
        if isinstance(translator, Annotator):
            raise InputError(
                f"{self.folder}: this model labels what it reads, in one step; there are none to trace."
            )
        stepper = translator.stepper
        if not isinstance(stepper, InspectableStepper):
            raise InputError(f"{self.folder}: this model cannot be looked into.")
        return Subject(translator, stepper, self.describe(), self.config.model)

    def trace(self, text: str, changes: Changes | None = None) -> Trace:
        """Translate a sentence greedily, and keep what was seen at every step.

        Args:
            text: The sentence.
            changes: What to do otherwise: other words, hidden source words, another context vector.
        """
        from dragoman.inspection.tracer import trace

        return trace(self.subject, text, changes)

    def read(self, files: Path | tuple[Path, Path], options: ReadOptions | None = None) -> Corpus:
        """Read a test set as the model's task does; separators are those it was trained with, unless said."""
        options = options or ReadOptions()
        data = self.config.data
        src_sep = data.src_sep if options.src_sep is None else options.src_sep
        tgt_sep = data.tgt_sep if options.tgt_sep is None else options.tgt_sep
        return self.task.read(files, replace(options, src_sep=src_sep, tgt_sep=tgt_sep))

    def around(
        self, texts: Sequence[str], lines: Sequence[int] | None = None
    ) -> list[Around] | None:
        """Give each item of a running text its neighbours, as `TranslateOptions.around` takes them.

        Args:
            texts: The items, in their order; a blank one ends a text.
            lines: The line that each stands on, if not all of the lines are there.

        Returns:
            None if the model reads each by itself.
        """
        most = self.config.model.context_words
        return around(texts, most, lines) if most else None

    def evaluate(
        self,
        pairs: Corpus | Iterable[tuple[str, str]],
        options: TranslateOptions | None = None,
        evaluation: EvaluationOptions | None = None,
    ) -> Evaluation:
        """Translate sources and score the result; see `evaluate_with_outputs`."""
        return self.evaluate_with_outputs(pairs, options, evaluation)[1]

    def evaluate_with_outputs(
        self,
        pairs: Corpus | Iterable[tuple[str, str]],
        options: TranslateOptions | None = None,
        evaluation: EvaluationOptions | None = None,
    ) -> tuple[list[str], Evaluation]:
        """Translate sources and score the result; pairs of one source are its references.

        Where targets are labels, or sources words of a running text, every pair is scored by itself, however
        often its source occurs. Where the options ask for confidence, the report says how far it can be believed.

        A model that reads neighbours is given those that stand beside each source; a `Corpus` knows where texts end.

        A model that was taught to drop case or the final stop is scored on what it can write: the references
        lose them too, and the signatures say so.
        """
        from dragoman.evaluation.confidence import measure_confidence
        from dragoman.evaluation.report import EvaluationOptions

        lines = pairs.lines if isinstance(pairs, Corpus) else None
        pairs = pairs.pairs if isinstance(pairs, Corpus) else [Pair(*pair) for pair in pairs]
        grouped = group_references(pairs)
        if not grouped:
            raise DataError("there are no pairs to evaluate on; expected at least one.")
        sources = [source for source, _ in grouped]
        options = options or TranslateOptions(attention=False)
        each = self.task.labels or self.task.each_line
        if self.config.model.context_words and options.around is None:
            # No pair is like another then, since each has a place of its own.
            grouped, each = [(pair.src, [pair.tgt]) for pair in pairs], False
            sources = [pair.src for pair in pairs]
            options = replace(options, around=self.around(sources, lines))
        # A beam that is asked for is not widened for more outputs than it finds.
        nbest = min(self.task.nbest, options.beam_size or self.config.search.beam_size)
        options = replace(options, nbest=max(options.nbest, nbest))
        evaluation = evaluation or EvaluationOptions()
        made, asked = self.translator.translate(sources, options), options.nbest
        if evaluation.choose is not None:
            made = [evaluation.choose(one) for one in made]
            asked = evaluation.choose.nbest
        scored = made
        if each:
            of = dict(zip(sources, made, strict=True))
            grouped, scored = (
                [(pair.src, [pair.tgt]) for pair in pairs],
                [of[pair.src] for pair in pairs],
            )
        evaluation = replace(evaluation, nbest=asked)
        found = self._score(grouped, scored, evaluation)
        if options.asks_confidence:
            sure = measure_confidence(self.translator, pairs, made, self.task.measure)
            found = replace(found, confidence=sure)
        return [one.text for one in made], found

    def _score(
        self,
        grouped: Sequence[tuple[str, Sequence[str]]],
        made: Sequence[Translation],
        evaluation: EvaluationOptions,
    ) -> Evaluation:
        """Score translations by the task's metrics, against references as the model could write them."""
        from dragoman.evaluation.report import evaluate_outputs

        candidates = [[found.text, *(one.text for one in found.alternatives)] for found in made]
        scoring = replace(
            evaluation,
            metrics=self.task.metrics,
            flat=self.task.flat,
            confusion=self.task.confusion,
            rates=self.task.rates,
            baselines=self.task.baselines,
            candidates=candidates if evaluation.nbest > 1 else (),
        )
        found = evaluate_outputs(
            [source for source, _ in grouped],
            [one.text for one in made],
            [[self.as_written(reference) for reference in refs] for _, refs in grouped],
            scoring,
        )
        if not self.dropped:
            return found
        scores = {
            name: replace(score, signature=f"{score.signature}|refs:{self.dropped}")
            for name, score in found.scores.items()
        }
        return replace(found, scores=scores)

    def as_written(self, reference: str) -> str:
        """Return a reference as the model could write it: without the case or the stop it was taught to drop."""
        normaliser = self.translator.tgt_tokenizer.normaliser
        return normaliser.undo(normaliser(reference)) if self.dropped else reference

    @property
    def dropped(self) -> str:
        """What the model was taught to leave out of what it writes, for a signature; "" if nothing."""
        if isinstance(self.translator, Annotator):
            return ""
        text = self.config.text
        dropped = ["lowercase"] if text.lowercase else []
        dropped += ["no-final-stop"] if text.final_stop == "drop" else []
        return ",".join(dropped)

    def describe(self) -> str:
        """Say in a line what the model is."""
        model = self.config.model
        sides = "bidirectional" if model.bidirectional else "one direction"
        if isinstance(self.translator, Annotator):
            return f"{model.cell} {model.hidden_size}, {sides}, over {model.reader}, head: {model.head}"
        return f"{model.cells} {model.hidden_size}, {sides}, attention: {model.attention}"

    def info(self) -> dict[str, Any]:
        """Give what there is to know about the model, as JSON can hold it."""
        return {
            "folder": str(self.folder),
            "model": self.describe(),
            "task": self.config.task,
            "num_weights": self.size.num_weights,
            "num_bytes": self.size.num_bytes,
            "src_vocab_size": self.translator.src_tokenizer.vocab_size,
            "tgt_vocab_size": self.translator.tgt_tokenizer.vocab_size,
            "config": self.config.model_dump(mode="json", exclude_none=True),
        }


def ensemble(models: Sequence[Model]) -> Model:
    """Join models of one vocabulary into one whose members vote on every token.

    Args:
        models: At least one; torch or not. The first one's settings count.

    Raises:
        InputError: Their vocabularies differ.
    """
    first = models[0]
    for other in models[1:]:
        for side in ("src_tokenizer", "tgt_tokenizer"):
            mine, theirs = (getattr(one.translator, side).to_json() for one in (first, other))
            if mine != theirs:
                raise InputError(
                    f"{other.folder} and {first.folder} have other vocabularies; an ensemble needs models that were "
                    "trained on the same data with the same [text] settings."
                )
    translator = _joined([one.translator for one in models], first.config)
    size = ModelSize(
        sum(one.size.num_weights for one in models), sum(one.size.num_bytes for one in models)
    )
    return Model(first.folder, first.config, translator, size)


def _joined(parts: Sequence[Translator | Annotator], config: Config) -> Translator | Annotator:
    first = parts[0]
    sources, targets = first.src_tokenizer, first.tgt_tokenizer
    steppers = [one.stepper for one in parts if isinstance(one, Translator)]
    emitters = [one.emitter for one in parts if isinstance(one, Annotator)]
    if steppers and emitters:
        raise InputError("an ensemble needs models that all label, or all write.")
    if isinstance(first, Annotator):
        joined = EnsembleEmitter(emitters)
        return Annotator(joined, sources, targets, first.per_word, first.reads_words)
    translator = Translator(EnsembleStepper(steppers), sources, targets, config.search)
    translator.max_src_length = config.data.max_src_length
    translator.context_words = config.model.context_words
    return translator
