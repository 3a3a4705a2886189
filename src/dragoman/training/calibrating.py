"""The last thing a training does: to find out on dev how far its model's confidence can be believed."""

from __future__ import annotations

from pathlib import Path

from dragoman.annotator import Annotator
from dragoman.config import CalibrationConfig, Config
from dragoman.evaluation.confidence import fit_calibration
from dragoman.nn.labeller import Labeller
from dragoman.nn.stepper import TorchStepper
from dragoman.tasks import TASKS
from dragoman.training.folder import load_model
from dragoman.training.labelling import annotator_of
from dragoman.training.prepare import Prepared
from dragoman.translator import TranslateOptions, Translator

# Three numbers are fitted: more outputs would hardly move them.
_MOST = 300


def calibrate(folder: Path, config: Config, prepared: Prepared) -> CalibrationConfig:
    """Fit the confidence of the weights that are best to dev, as a greedy search writes it.

    Args:
        folder: The model folder, with its weights.
        config: Its settings.
        prepared: The data.
    """
    tokenizers, pairs = prepared.tokenizers, prepared.corpora.dev.pairs
    network = load_model(folder, config, tokenizers)
    if isinstance(network, Labeller):
        model: Translator | Annotator = annotator_of(network, tokenizers)
    else:
        model = Translator(TorchStepper(network), tokenizers.src, tokenizers.tgt, config.search)
        model.max_src_length = config.data.max_src_length
    chosen = pairs[:: max(1, -(-len(pairs) // _MOST))]
    options = TranslateOptions(beam_size=1, attention=False)
    return fit_calibration(model, chosen, TASKS[config.task].measure, options)
