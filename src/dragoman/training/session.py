"""A whole training, from a recipe to a model folder."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dragoman.config import Config, TrainingConfig
from dragoman.data.batches import Example
from dragoman.data.corpus import Pair, group_references
from dragoman.data.store import remove_store
from dragoman.disk import write_atomically
from dragoman.errors import CheckpointError, ConfigError
from dragoman.evaluation.risk import SENTENCE_SCORES
from dragoman.inspection.plots import plot_curves, prepare_plots
from dragoman.nn.generators import GENERATORS
from dragoman.nn.model import Seq2Seq
from dragoman.tasks import TASKS
from dragoman.text.copying import Copying
from dragoman.training.averaging import BestKept
from dragoman.training.calibrating import calibrate
from dragoman.training.callbacks import Callback, MetricsFile, TensorBoard
from dragoman.training.checkpoints import load_checkpoint
from dragoman.training.distributed import ALONE, Team
from dragoman.training.folder import (
    CHECKPOINT,
    CONFIG,
    CURVES,
    METRICS,
    REPORT,
    SRC_TOKENIZER,
    STORE,
    TGT_TOKENIZER,
    WEIGHTS,
    Tokenizers,
    build_network,
    load_config_of,
    load_tokenizers,
    save_text_side,
    save_weights,
    sums_of,
)
from dragoman.training.guided import Guide
from dragoman.training.job import Job, Mix, Outcome, as_is
from dragoman.training.labelling import LabelValidator, label_loss, make_label_batch
from dragoman.training.lexical import start_lexically
from dragoman.training.loop import Trainer
from dragoman.training.machine import prepare_machine
from dragoman.training.prepare import Corpora, Prepared, encode, prepare, train_tokenizers
from dragoman.training.rescue import describe
from dragoman.training.risk import MinimumRisk, reads_copies
from dragoman.training.scheduled import ScheduledSampling
from dragoman.training.starting import copy_weights
from dragoman.training.streaming import Place
from dragoman.training.subwords import collate_of
from dragoman.training.validation import Penalties, Validator, batch_loss


@dataclass(frozen=True)
class Session:
    """Where a training is made, and who is told.

    Attributes:
        out: The model folder.
        resume: Whether to go on with what is there.
        callbacks: Who is told, besides metrics.jsonl and TensorBoard.
        started: When the clock of a --minutes run began, of `time.monotonic`.
        team: The processes that train together.
        start: The model whose weights and tokens it begins with.
    """

    out: Path
    resume: bool = False
    callbacks: Sequence[Callback] = ()
    started: float = field(default_factory=time.monotonic)
    team: Team = ALONE
    start: Path | None = None


def check_out(out: Path, *, resume: bool) -> bool:
    """Refuse to write over a model, or to resume where nothing is.

    Returns:
        Whether there is a checkpoint to go on from. A training that was cut off before its first one is resumed
        by beginning anew, which ends in the same weights.

    Raises:
        ConfigError: The folder holds a model already.
        CheckpointError: There is nothing to resume.
    """
    going_on = resume and (out / CHECKPOINT).exists()
    if resume and not going_on and (not out.is_dir() or _finished(out)):
        raise CheckpointError(f"{out}: no checkpoint to resume from; train without --resume.")
    if not resume and any((out / name).exists() for name in (CHECKPOINT, WEIGHTS)):
        raise ConfigError(
            f"{out}: holds a model already; go on with --resume, or choose another --out."
        )
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file; --out names a folder for the model.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{out}: cannot be made ({error.strerror}); choose another --out."
        ) from None
    return going_on


def run_session(config: Config, corpora: Corpora, session: Session) -> Config:
    """Train, and leave a model folder behind.

    Returns:
        The settings as resolved; trained from, they give the same weights without a clock.

    Raises:
        DragomanError: Whatever is wrong with data, settings or disk, in a sentence.
        KeyboardInterrupt: Ctrl-C; everything is saved.
    """
    out = session.out
    device = prepare_machine(config.training)
    if config.training.minutes is not None:
        # The curves are drawn at the end, which must not take longer than it was foreseen.
        prepare_plots()
    stored = load_config_of(out) if session.resume else None
    if stored is not None:
        check_same(stored, config)
    # Each process of several keeps ids of its own: they may be on several machines.
    own = STORE if session.team.leads else f"{session.team.rank}.{STORE}"
    place = Place(out / own, partial(_tell, session.callbacks))
    prepared = prepare(config, corpora, _tokenizers(config, corpora, session), place)
    made = _made(prepared)
    if stored is not None:
        _check_same_data(stored, made, out)
    _say(session.callbacks, _other_data(config, made))
    config = config.model_copy(update={"made": made})
    torch.manual_seed(config.training.seed)
    model = build_network(config, prepared.tokenizers)
    if not session.resume:
        _begin(model, config, prepared, session.start)
    model = model.to(device)
    step = load_checkpoint(out / CHECKPOINT).values["progress"]["step"] if session.resume else 0
    if not session.resume:
        save_text_side(out, config, prepared.tokenizers)
        report = "".join(f"{line}\n" for line in prepared.report)
        write_atomically(out / REPORT, report.encode())
    callbacks = [
        MetricsFile(out / METRICS, step),
        TensorBoard(out / "tensorboard"),
        *session.callbacks,
    ]
    _say(session.callbacks, [*prepared.report, _describe(model, prepared)])
    try:
        outcome = _train(model, config, prepared, session, callbacks)
    finally:
        for callback in callbacks:
            callback.close()
    remove_store(place.path)
    if not session.team.leads:
        return config
    _draw_curves(out)
    made |= {"finished": True, "sha256": sums_of(out)}
    sure = calibrate(out, config, prepared)
    frozen = config.model_copy(
        update={"training": outcome.frozen, "made": made, "calibration": sure}
    )
    save_text_side(out, frozen, prepared.tokenizers)
    return frozen


def _begin(model: nn.Module, config: Config, prepared: Prepared, start: Path | None) -> None:
    """Give the weights of another model, or what a lexicon says, to begin with; else chance's."""
    if start is not None:
        copy_weights(model, start, config, prepared.tokenizers)
    elif config.training.lexical_start and isinstance(model, Seq2Seq):
        start_lexically(model, prepared.lexicon())


def _tokenizers(config: Config, corpora: Corpora, session: Session) -> Tokenizers | None:
    """Give the vocabularies that are there; all processes of a training use the first one's."""
    out, team = session.out, session.team
    if team.size > 1:
        settings = config.model_dump(mode="json", exclude={"made"})
        team.same(json.dumps([settings, corpora.hashes()], sort_keys=True), "settings or data")
        if team.leads and not session.resume:
            found = load_tokenizers(session.start) if session.start else None
            pairs = corpora.train.pairs
            save_text_side(out, config, found or train_tokenizers(config, pairs))
        team.tell_files(out, (SRC_TOKENIZER, TGT_TOKENIZER))
    there = out if session.resume or team.size > 1 else session.start
    return load_tokenizers(there) if there else None


def check_same(stored: Config, given: Config) -> None:
    """Refuse to resume with other settings than the training began with.

    Raises:
        CheckpointError: Naming every setting that differs.
    """
    if stored.made.get("finished"):
        raise CheckpointError("this training is finished; there is nothing to resume.")
    ignored = {"description", "result", "made", "calibration"}
    old, new = _flat(stored.model_dump(exclude=ignored)), _flat(given.model_dump(exclude=ignored))
    changed = [
        f"{key} was {old.get(key)!r}, is {new.get(key)!r}"
        for key in old
        if old[key] != new.get(key)
    ]
    if changed:
        raise CheckpointError(
            f"--resume goes on with the settings that the training began with, but {'; '.join(changed)}. "
            "Give the same ones, or train into another --out."
        )


def _train(
    model: nn.Module,
    config: Config,
    prepared: Prepared,
    session: Session,
    callbacks: Sequence[Callback],
) -> Outcome:
    dev, tokenizers = prepared.corpora.dev.pairs, prepared.tokenizers
    metrics = _dev_metrics(config)
    copies = GENERATORS[config.model.generator].copies
    decode = Copying(tokenizers.src, tokenizers.tgt).decode if copies else tokenizers.tgt.decode
    job = Job(
        deck=prepared.train,
        validate=Validator(prepared.dev, decode, _answers(dev, config), metrics),
        save_best=lambda best, step: save_weights(session.out, best, step),
        checkpoint=session.out / CHECKPOINT,
        callbacks=callbacks,
        started=session.started,
        collate=collate_of(config.training, tokenizers),
        team=session.team,
        loss=partial(batch_loss, penalties=Penalties.of(config.training)),
        where=partial(_where, config, prepared),
    )
    if config.model.labels:
        validator = LabelValidator(dev, tokenizers, metrics, config.training.stop_metric)
        job = replace(job, validate=validator, collate=make_label_batch, loss=label_loss)
    else:
        job = replace(job, mix=mix_of(config.training, prepared))
    if config.training.risk_samples:
        score = SENTENCE_SCORES[config.training.risk_score]()
        said = reads_copies(tokenizers) if copies else tokenizers.tgt.decode
        risk = MinimumRisk(score, said, config.training.risk_samples)
        job = replace(job, mix=risk.draw, loss=risk)
    if not config.training.average_best:
        return Trainer(model, config.training, job, resume=session.resume).run()
    kept = BestKept(session.out, config, tokenizers, job.validate)
    if not session.resume:
        kept.clear()
    outcome = Trainer(
        model, config.training, replace(job, validate=kept), resume=session.resume
    ).run()
    said = kept.finish(model, outcome.progress.best, outcome.progress.step)
    for callback in callbacks:
        callback.on_message(said)
    return outcome


def mix_of(training: TrainingConfig, prepared: Prepared) -> Mix:
    """Give what batches go through before they are learned from."""
    mix: Mix = (
        ScheduledSampling(training.scheduled_sampling) if training.scheduled_sampling else as_is
    )
    if not training.guided_attention:
        return mix
    guide = Guide(prepared.lexicon, training.guided_attention)
    return lambda model, batch, done: guide(model, mix(model, batch, done), done)


def _where(config: Config, prepared: Prepared, wanted: Example) -> str:
    """Say where an example stands in the corpus: it is encoded anew until it is found, which is seldom asked for."""
    corpus = prepared.corpora.train
    copies = GENERATORS[config.model.generator].copies
    for index, pair in enumerate(corpus.pairs):
        (found,), _ = encode(
            prepared.tokenizers, [pair], copies=copies, most=config.data.max_src_length
        )
        if list(found.src) == list(wanted.src):
            return f"{corpus.where(index)}, {describe(wanted)},"
    return describe(wanted)


def _answers(pairs: Sequence[Pair], config: Config) -> list[list[str]]:
    """Give each pair all the right answers to its source; its own alone, where every line counts by itself."""
    if TASKS[config.task].each_line:
        return [[pair.tgt] for pair in pairs]
    known = dict(group_references(pairs))
    return [known[pair.src] for pair in pairs]


def _dev_metrics(config: Config) -> tuple[str, ...]:
    """Name what a validation measures: the task's, and what decides."""
    chosen = config.training.stop_metric
    names = TASKS[config.task].dev_metrics
    return names if chosen in (*names, "loss") else (chosen, *names)


def _describe(model: nn.Module, prepared: Prepared) -> str:
    weights = sum(weight.numel() for weight in model.parameters())
    src, tgt = prepared.tokenizers.src.vocab_size, prepared.tokenizers.tgt.vocab_size
    return (
        f"model: {weights / 1e6:.1f} M weights, {src:,} source and {tgt:,} target tokens; "
        f"{len(prepared.train):,} pairs to learn from, {len(prepared.dev):,} to choose on"
    )


def _say(callbacks: Sequence[Callback], lines: Sequence[str]) -> None:
    for callback in callbacks:
        for line in lines:
            callback.on_message(line)


def _tell(callbacks: Sequence[Callback], done: float, line: str) -> None:
    for callback in callbacks:
        callback.on_prepare(done, line)


def _finished(out: Path) -> bool:
    return (out / CONFIG).exists() and bool(load_config_of(out).made.get("finished"))


def _made(prepared: Prepared) -> dict[str, Any]:
    return {
        "dragoman": version("dragoman"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "data_sha256": prepared.hashes,
    }


def _changed_data(config: Config, made: dict[str, Any]) -> list[str]:
    """Name the corpora that differ from those a resolved.toml was made with."""
    before: dict[str, str] = config.made.get("data_sha256", {})
    now: dict[str, str] = made["data_sha256"]
    return [name for name, digest in before.items() if now.get(name) != digest]


def _other_data(config: Config, made: dict[str, Any]) -> list[str]:
    """Say where a resolved.toml is trained from on other pairs than it was made with."""
    changed = _changed_data(config, made)
    return [f"data.{name}: not the pairs that these settings were made with." for name in changed]


def _check_same_data(stored: Config, made: dict[str, Any], out: Path) -> None:
    """Refuse to go on with other pairs than those that the training began with."""
    changed = ", ".join(f"data.{name}" for name in _changed_data(stored, made))
    if changed:
        raise CheckpointError(
            f"{out}: --resume goes on with the pairs that the training began with, but {changed} has changed since. "
            "Put the file back, or train into another --out."
        )


def _draw_curves(out: Path) -> None:
    lines = (out / METRICS).read_text(encoding="utf-8").splitlines()
    plot_curves([json.loads(line) for line in lines], out / CURVES, out.name)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= (
            _flat(value, f"{prefix}{key}.")
            if isinstance(value, dict)
            else {f"{prefix}{key}": value}
        )  # pyright: ignore
    return flat
