"""`dragoman tune`: many trainings, of which the hopeless ones end early, and the settings of the best (Optuna).

The study is a table in SQLite, whose values are numbers and JSON; each trial is a model folder like any other.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.api import Parallel, Source, TrainOptions, train
from dragoman.config import Config, dump_config
from dragoman.errors import DragomanError, InputError, MissingExtraError
from dragoman.evaluation.metrics import METRICS
from dragoman.training.callbacks import Callback, ValidationRecord
from dragoman.training.folder import load_config_of

if TYPE_CHECKING:
    from optuna import Study, Trial

STUDY, BEST, PLOT = "study.db", "best.toml", "trials.png"
_NAME = "dragoman"


@dataclass(frozen=True)
class Range:
    """Any number between two."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[int | float | str | bool, ...]


Space = Mapping[str, Range | Choice]

SPACE: Space = {
    "training.learning_rate": Range(0.0007, 0.008, log=True),
    "training.batch_tokens": Choice((250, 500, 1000, 2000)),
    "training.label_smoothing": Range(0.0, 0.2),
    "model.dropout": Range(0.1, 0.6),
    "model.hidden_size": Choice((128, 192, 256, 384, 512)),
    "model.encoder_layers": Choice((1, 2)),
    "text.vocab_size": Choice((500, 1000, 2000, 4000, 8000)),
}
"""What is tried, unless `--space` says otherwise."""


def _silent(line: str) -> None:
    del line


@dataclass(frozen=True)
class TuneOptions:
    """How to tune.

    Attributes:
        out: The folder of the study and its trials.
        trials: How many trials the study is to have in the end.
        minutes: The time for all of them; each gets an equal share. As long as the settings say, unless given.
        space: What is tried.
        seed: Of what is drawn.
        train: How each is trained.
        say: Called with a line about each trial.
    """

    out: Path
    trials: int = 20
    minutes: float | None = None
    space: Space = field(default_factory=lambda: SPACE)
    seed: int = 1
    train: TrainOptions = field(default_factory=TrainOptions)
    say: Callable[[str], None] = _silent


@dataclass(frozen=True)
class Tried:
    """A trial: its number, its score on dev (the more, the better), how it ended, and its settings."""

    number: int
    score: float | None
    state: str
    settings: Mapping[str, Any]


def parse_space(words: Sequence[str]) -> Space:
    """Read ``key=low:high``, ``key=low:high:log`` and ``key=one,two,three``.

    Raises:
        InputError: Something else.
    """
    found: dict[str, Range | Choice] = {}
    for word in words:
        key, _, text = word.partition("=")
        parts = text.split(":")
        try:
            if len(parts) in (2, 3) and parts[2:] in ([], ["log"]):
                found[key] = Range(float(parts[0]), float(parts[1]), len(parts) == 3)
                ordered = float(parts[0]) < float(parts[1])
            else:
                found[key] = Choice(tuple(_value(one) for one in text.split(",")))
                ordered = len(parts) == 1 and bool(text)
        except ValueError:
            ordered = False
        if not key or not ordered:
            raise InputError(
                f"--space {word}: expected KEY=LOW:HIGH, KEY=LOW:HIGH:log or KEY=ONE,TWO,THREE."
            )
    return found


def tune(source: Source | Parallel, options: TuneOptions) -> list[Tried]:
    """Try settings until there are so many trials or the time is over; go on with what `out` holds.

    Returns:
        All trials of the study, the best first; those that were cut off last.

    Raises:
        DragomanError: Whatever is wrong, in a sentence.
        KeyboardInterrupt: Ctrl-C; the trial that it cut off is tried again when the study goes on.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    study = _open(options)
    _begin_again(study, options.out)
    each = None if options.minutes is None else options.minutes / options.trials
    until = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    while len(_ended(study)) < options.trials:
        if until is not None and each is not None and time.monotonic() + 60 * each > until + 30:
            break
        _try(study, source, options, each)
    found = _ended(study)
    if any(one.state == "complete" for one in found):
        _write_best(options.out, found[0], each)
    return found


def _try(
    study: Study, source: Source | Parallel, options: TuneOptions, minutes: float | None
) -> None:
    """Make one trial."""
    from optuna import TrialPruned
    from optuna.trial import TrialState

    trial = study.ask()
    settings = {key: _draw(trial, key, kind) for key, kind in options.space.items()}
    folder, watch = options.out / f"trial-{trial.number}", _Watch(trial, options.out)
    said = [f"{key}={value}" for key, value in settings.items()]
    how = replace(
        options.train,
        settings=[*options.train.settings, *said],
        minutes=minutes,
        callbacks=[*options.train.callbacks, watch],
        started=time.monotonic(),
    )
    try:
        train(source, folder, how)
    except TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
        shutil.rmtree(folder, ignore_errors=True)
        options.say(f"trial {trial.number}: pruned at {watch.best:.2f}; {' '.join(said)}")
        return
    except BaseException as error:
        study.tell(trial, state=TrialState.FAIL)
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, KeyboardInterrupt):
            study.enqueue_trial(trial.params)
        raise
    study.tell(trial, watch.best)
    options.say(f"trial {trial.number}: {watch.best:.2f}; {' '.join(said)}")


class _Watch(Callback):
    """Tells a study of each validation, and ends what is worse than others were by then."""

    def __init__(self, trial: Trial, out: Path) -> None:
        self.trial, self.folder = trial, out / f"trial-{trial.number}"
        self.best, self._turn, self._metric = -1e9, 0, ""

    def on_validation(self, record: ValidationRecord) -> None:
        """Report it."""
        from optuna import TrialPruned

        self._metric = self._metric or load_config_of(self.folder).training.stop_metric
        self.best = max(self.best, worth(self._metric, record))
        self.trial.report(self.best, self._turn)
        self._turn += 1
        if self.trial.should_prune():
            raise TrialPruned


def worth(metric: str, record: ValidationRecord) -> float:
    """Say how good a validation was: the more, the better."""
    if metric == "loss":
        return -record.validation.loss
    score = record.validation.scores[metric]
    return -score if METRICS[metric].lower_is_better else score


def _open(options: TuneOptions) -> Study:
    try:
        import optuna
    except ImportError:
        raise MissingExtraError(
            "tuning needs Optuna, which is not installed: pip install 'dragoman[tune]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = f"sqlite:///{options.out / STUDY}"
    study = optuna.create_study(
        storage=storage,
        study_name=_NAME,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=4),
    )
    # A study that goes on must not draw again what it has drawn.
    study.sampler = optuna.samplers.TPESampler(seed=options.seed + len(study.trials))
    return study


def _begin_again(study: Study, out: Path) -> None:
    """Put back in line what a kill has left half done."""
    from optuna.trial import TrialState

    for one in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(one.number, state=TrialState.FAIL)
        shutil.rmtree(out / f"trial-{one.number}", ignore_errors=True)
        study.enqueue_trial(one.params)


def _ended(study: Study) -> list[Tried]:
    """List the trials that ran to their end or were pruned, the best first."""
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    trials = [
        Tried(one.number, one.value, one.state.name.lower(), one.params)
        for one in study.get_trials(states=states)
    ]
    return sorted(
        trials, key=lambda one: (one.state != "complete", -(one.score or -1e9), one.number)
    )


def _draw(trial: Trial, key: str, kind: Range | Choice) -> Any:
    if isinstance(kind, Choice):
        return trial.suggest_categorical(key, kind.values)
    return round(trial.suggest_float(key, kind.low, kind.high, log=kind.log), 6)


def _write_best(out: Path, best: Tried, minutes: float | None) -> None:
    """Write the best trial's settings as a recipe, to be trained by its own clock."""
    config = load_config_of(out / f"trial-{best.number}")
    training = config.training
    if minutes is not None:
        clock = {"progress": None, "validations": None, "steps": None, "minutes": minutes}
        training = training.model_copy(update=clock)
    recipe: Config = config.model_copy(
        update={
            "training": training,
            "made": {},
            "calibration": None,
            "description": f"The best of a study: trial {best.number}, {best.score:.2f} on dev",
        }
    )
    try:
        (out / BEST).write_text(dump_config(recipe), encoding="utf-8")
    except OSError as error:
        raise DragomanError(f"{out / BEST}: cannot be written ({error.strerror}).") from None


def _value(text: str) -> int | float | str | bool:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
