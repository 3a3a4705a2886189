"""`load`: whatever kind of folder a model lies in. Torch is imported only where a model needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.annotator import Annotator
from dragoman.data.corpus import ReadOptions
from dragoman.errors import ModelError
from dragoman.model import Model, ModelSize
from dragoman.runtime.bundle import Bundle, is_bundle, read_bundle
from dragoman.search.stepper import Stepper
from dragoman.workers import ParallelTranslator, num_cores
from dragoman.zoo import shipped

if TYPE_CHECKING:
    from dragoman.evaluation.report import Evaluation

# Rows times tokens of a batch: what they carry and look at stays in a core's own cache.
_BATCH_TOKENS = 600


def load(folder: str | Path, *, threads: int | None = None) -> Model:
    """Read a model folder, as `train` leaves it, or a bundle, as `dragoman export` does.

    Args:
        folder: Where it is; or the name of a bundle that comes with the package, such as "phrasebook-en-fr".
        threads: How many sentences a bundle works on at once; as many as there are cores, unless said.

    Raises:
        ModelError: It is missing, damaged, or does not fit together.
    """
    folder = Path(folder)
    if not folder.exists():
        named = shipped(str(folder))
        if named is None:
            raise ModelError(
                f"{folder}: no such model folder or bundle; `dragoman train` makes a folder, `dragoman export` a "
                "bundle of it, and `dragoman models list` names those that are ready."
            )
        folder = named
    if is_bundle(folder):
        return load_bundle(folder, threads or num_cores())
    from dragoman.api import load as load_folder

    return load_folder(folder)


def load_bundle(folder: Path, threads: int = 1) -> Model:
    """Read a bundle.

    Raises:
        BundleError: Everything that is wrong with it, a sentence each.
    """
    bundle = read_bundle(folder)
    config, tokenizers = bundle.config, (bundle.src_tokenizer, bundle.tgt_tokenizer)
    size = ModelSize(bundle.num_weights, bundle.num_bytes)
    if config.model.labels:
        per_word = config.text.tgt_tokenizer == "spaced"
        from dragoman.runtime.engine import BundleEmitter

        emitter, words = BundleEmitter(bundle, threads), config.model.reader == "words"
        annotator = Annotator(emitter, *tokenizers, per_word, words)
        annotator.calibration = config.calibration
        return Model(folder, config, annotator, size)
    translator = ParallelTranslator(open_stepper(bundle), tokenizers, config.search, threads)
    translator.batch_tokens = _BATCH_TOKENS
    translator.max_src_length = config.data.max_src_length
    translator.calibration = config.calibration
    translator.context_words = config.model.context_words
    return Model(folder, config, translator, size)


def open_stepper(bundle: Bundle) -> Stepper[Any]:
    """Run a bundle on the kernel, where `dragoman accelerate` has compiled it, or on ONNX Runtime."""
    from dragoman.runtime.native.stepper import open_native

    native = open_native(bundle)
    if native is not None:
        return native
    from dragoman.runtime.engine import BundleStepper

    return BundleStepper(bundle)


def evaluate(
    model: Model | str | Path, test: str | Path, options: ReadOptions | None = None
) -> Evaluation:
    """Score a model on a file of pairs; several lines of one source are its references."""
    if not isinstance(model, Model):
        model = load(model)
    return model.evaluate(model.read(Path(test), options))
