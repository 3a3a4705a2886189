"""The few calls that the README shows: `train`, `load`, `evaluate`, and a `Model` to translate with."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, overload

import torch

from dragoman.config import Config, build_config, load_config
from dragoman.data.corpus import Pair, ReadOptions, group_references, read_corpus
from dragoman.defaults import suggest_config
from dragoman.errors import DataError
from dragoman.evaluation.report import Evaluation, EvaluationOptions, evaluate_outputs
from dragoman.inspection.trace import Trace
from dragoman.inspection.tracer import trace
from dragoman.nn.stepper import TorchStepper
from dragoman.tables import check_config
from dragoman.training.callbacks import Callback
from dragoman.training.folder import (
    CONFIG,
    SRC_TOKENIZER,
    TGT_TOKENIZER,
    WEIGHTS,
    load_config_of,
    load_model,
    load_tokenizers,
)
from dragoman.training.prepare import read_corpora
from dragoman.training.session import Session, check_out, run_session
from dragoman.translator import TranslateOptions, Translation, Translator

Source = str | Path | Config | Iterable[tuple[str, str]]
"""A recipe, a file of pairs, a corpus that ships, or pairs in memory; `Parallel` names two files."""


@dataclass(frozen=True)
class Parallel:
    """Two files, line beside line."""

    src: str | Path
    tgt: str | Path


@dataclass(frozen=True)
class TrainOptions:
    """What `train` is told besides the data.

    Attributes:
        data: The folder that names of files are relative to; a recipe's own, unless given.
        settings: Such as ``"model.cell=gru"``, on top of the recipe or of the defaults.
        minutes: Fit the schedule to so much time.
        resume: Go on with what `out` holds.
        callbacks: Who is told of steps and validations.
        started: When the clock began, of `time.monotonic`.
    """

    data: Path | None = None
    settings: Sequence[str] = ()
    minutes: float | None = None
    resume: bool = False
    callbacks: Sequence[Callback] = ()
    started: float = field(default_factory=time.monotonic)


class Model:
    """A trained model, ready to translate raw text.

    Attributes:
        folder: Where it was read from.
        config: How it was made.
        translator: Text in, translations out.
    """

    def __init__(
        self, folder: Path, config: Config, translator: Translator, stepper: TorchStepper
    ) -> None:
        self.folder, self.config, self.translator = folder, config, translator
        self._stepper = stepper

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
        if isinstance(text, str):
            return self.translator.translate([text], options)[0]
        return self.translator.translate(text, options)

    @overload
    def score(self, src: str, tgt: str) -> float: ...  # pyright: ignore[reportOverlappingOverload]
    @overload
    def score(self, src: Sequence[str], tgt: Sequence[str]) -> list[float]: ...
    def score(self, src: str | Sequence[str], tgt: str | Sequence[str]) -> float | list[float]:
        """Return the log-probability, in nats, of a given translation (forced decoding)."""
        if isinstance(src, str) and isinstance(tgt, str):
            return self.translator.score([(src, tgt)])[0]
        return self.translator.score(list(zip(src, tgt, strict=True)))

    def trace(self, text: str) -> Trace:
        """Translate a sentence greedily, and keep what was seen at every step."""
        return trace(self.translator, self._stepper, text, self.describe())

    def evaluate(
        self,
        pairs: Iterable[tuple[str, str]],
        options: TranslateOptions | None = None,
        evaluation: EvaluationOptions | None = None,
    ) -> Evaluation:
        """Translate sources and score the result; see `evaluate_with_outputs`."""
        return self.evaluate_with_outputs(pairs, options, evaluation)[1]

    def evaluate_with_outputs(
        self,
        pairs: Iterable[tuple[str, str]],
        options: TranslateOptions | None = None,
        evaluation: EvaluationOptions | None = None,
    ) -> tuple[list[str], Evaluation]:
        """Translate sources and score the result; pairs of one source are its references.

        A model that was taught to drop case or the final stop is scored on what it can write: the references
        lose them too, and the signatures say so.
        """
        grouped = group_references(Pair(*pair) for pair in pairs)
        if not grouped:
            raise DataError("there are no pairs to evaluate on; expected at least one.")
        sources = [source for source, _ in grouped]
        options = options or TranslateOptions(attention=False)
        outputs = [found.text for found in self.translator.translate(sources, options)]
        references = [[self.as_written(reference) for reference in refs] for _, refs in grouped]
        found = evaluate_outputs(sources, outputs, references, evaluation or EvaluationOptions())
        note = self._dropped()
        if not note:
            return outputs, found
        scores = {
            name: replace(score, signature=f"{score.signature}|refs:{note}")
            for name, score in found.scores.items()
        }
        return outputs, replace(found, scores=scores)

    def as_written(self, reference: str) -> str:
        """Return a reference as the model could write it: without the case or the stop it was taught to drop."""
        normaliser = self.translator.tgt_tokenizer.normaliser
        return normaliser.undo(normaliser(reference)) if self._dropped() else reference

    def _dropped(self) -> str:
        text = self.config.text
        dropped = ["lowercase"] if text.lowercase else []
        dropped += ["no-final-stop"] if text.final_stop == "drop" else []
        return ",".join(dropped)

    def describe(self) -> str:
        """Say in a line what the model is."""
        model = self.config.model
        sides = "bidirectional" if model.bidirectional else "one direction"
        return f"{model.cell} {model.hidden_size}, {sides}, attention: {model.attention}"

    def info(self) -> dict[str, Any]:
        """Give what there is to know about the model, as JSON can hold it."""
        files = [CONFIG, WEIGHTS, SRC_TOKENIZER, TGT_TOKENIZER]
        network = self._stepper.model
        return {
            "folder": str(self.folder),
            "model": self.describe(),
            "num_weights": sum(weight.numel() for weight in network.parameters()),
            "num_bytes": sum((self.folder / name).stat().st_size for name in files),
            "src_vocab_size": self.translator.src_tokenizer.vocab_size,
            "tgt_vocab_size": self.translator.tgt_tokenizer.vocab_size,
            "config": self.config.model_dump(mode="json", exclude_none=True),
        }


def train(source: Source | Parallel, out: str | Path, options: TrainOptions | None = None) -> Model:
    """Train a model and leave it in a folder.

    Args:
        source: A recipe (``.toml`` or a `Config`), a file of pairs, the name of a corpus that ships
            ("phrasebook-en-fr"), or pairs in memory. Without a recipe, settings are chosen from the data.
        out: The model folder to make.
        options: What else to say.

    Raises:
        DragomanError: Whatever is wrong, in a sentence.
    """
    options, out = options or TrainOptions(), Path(out)
    resume = check_out(out, resume=options.resume)
    config, base, pairs = _resolve(source, options)
    check_config(config)
    corpora = read_corpora(config, base, pairs)
    run_session(config, corpora, Session(out, resume, options.callbacks, options.started))
    return load(out)


def load(folder: str | Path) -> Model:
    """Read a model folder.

    Raises:
        ModelError: It is missing, damaged, or does not fit together.
    """
    folder = Path(folder)
    config = load_config_of(folder)
    check_config(config)
    tokenizers = load_tokenizers(folder)
    network = load_model(folder, config, tokenizers)
    torch.set_flush_denormal(True)
    stepper = TorchStepper(network)
    translator = Translator(stepper, tokenizers.src, tokenizers.tgt, config.search)
    return Model(folder, config, translator, stepper)


def evaluate(
    model: Model | str | Path, test: str | Path, options: ReadOptions | None = None
) -> Evaluation:
    """Score a model on a file of pairs; several lines of one source are its references."""
    if not isinstance(model, Model):
        model = load(model)
    return model.evaluate(read_corpus(Path(test), options or ReadOptions()).pairs)


def _resolve(
    source: Source | Parallel, options: TrainOptions
) -> tuple[Config, Path, list[Pair] | None]:
    """Turn what `train` was given into settings, the folder of the data, and pairs in memory if any."""
    settings = list(options.settings)
    settings += [] if options.minutes is None else [f"training.minutes={float(options.minutes)}"]
    if isinstance(source, Config):
        config = build_config(source.model_dump(exclude_none=True), settings)
        return config, options.data or Path(), None
    base = options.data or Path()
    if isinstance(source, Parallel):
        files = [str(source.src), str(source.tgt)]
        return _probe(files, json.dumps(files), settings, options), base, None
    if not isinstance(source, str | Path):
        pairs = [Pair(*pair) for pair in source]
        if not pairs:
            raise DataError("there are no pairs to train on; expected at least one.")
        return _suggest(pairs, settings, options), options.data or Path(), pairs
    path = Path(source)
    if path.suffix == ".toml":
        return load_config(path, settings), options.data or path.parent, None
    return _probe(str(source), json.dumps(str(source)), settings, options), base, None


def _probe(
    name: str | list[str], setting: str, settings: Sequence[str], options: TrainOptions
) -> Config:
    """Look at the data that is named, and choose settings for it."""
    own = [one for one in settings if one.startswith("data.")]
    corpora = read_corpora(build_config({"data": {"train": name}}, own), options.data or Path())
    return _suggest(corpora.train.pairs, [f"data.train={setting}", *settings], options)


def _suggest(pairs: Sequence[Pair], settings: Sequence[str], options: TrainOptions) -> Config:
    config, reasons = suggest_config(pairs, settings)
    for callback in options.callbacks:
        for reason in reasons:
            callback.on_message(reason)
    return config
