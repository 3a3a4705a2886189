"""The few calls that need torch: `train`, `load`, `export_bundle`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from dragoman.config import Config, build_config, load_config
from dragoman.data.corpus import Pair
from dragoman.defaults import TimeLimit, suggest_config
from dragoman.errors import DataError
from dragoman.model import Model, ModelSize
from dragoman.nn.labeller import Labeller
from dragoman.nn.stepper import TorchStepper
from dragoman.tables import check_config
from dragoman.training.callbacks import Callback
from dragoman.training.distributed import joined, own_folder
from dragoman.training.folder import (
    CHECKPOINT,
    CONFIG,
    SRC_TOKENIZER,
    TGT_TOKENIZER,
    WEIGHTS,
    Tokenizers,
    check_sums,
    load_config_of,
    load_model,
    load_tokenizers,
)
from dragoman.training.labelling import annotator_of
from dragoman.training.lock import alone_in
from dragoman.training.prepare import encode, read_corpora
from dragoman.training.session import Session, check_out, run_session
from dragoman.training.starting import as_begun
from dragoman.translator import Translator

if TYPE_CHECKING:
    from dragoman.export.shortlist import Shortlist

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
        task: A row of TASKS, where no recipe says it.
        callbacks: Who is told of steps and validations.
        started: When the clock began, of `time.monotonic`.
        start: A model folder to begin with: its network, its tokens and its weights.
    """

    data: Path | None = None
    settings: Sequence[str] = ()
    minutes: float | None = None
    resume: bool = False
    task: str = "translate"
    callbacks: Sequence[Callback] = ()
    started: float = field(default_factory=time.monotonic)
    start: Path | None = None


def train(source: Source | Parallel, out: str | Path, options: TrainOptions | None = None) -> Model:
    """Train a model and leave it in a folder.

    Args:
        source: A recipe (``.toml`` or a `Config`), a file of pairs, the name of a corpus that ships
            ("phrasebook-en-fr"), or pairs in memory. Without a recipe, settings are chosen from the data.
        out: The model folder to make.
        options: What else to say.

    Raises:
        DragomanError: Whatever is wrong, in a sentence.
        SystemExit: In every process but the first of those that torchrun started: the model is the first one's.
    """
    options, out = options or TrainOptions(), Path(out)
    with joined() as team, own_folder(team, out) as folder, ExitStack() as stack:
        again = options.resume or (team.restarted and out.is_dir())
        resume = team.leads and check_out(folder, resume=again)
        if team.leads:
            stack.enter_context(alone_in(folder))
            # Once more: who was here before may have left a model.
            resume = check_out(folder, resume=again)
        resume = bool(team.tell(resume)[0])
        if resume:
            team.tell_files(folder, (CONFIG, SRC_TOKENIZER, TGT_TOKENIZER, CHECKPOINT))
        config, base, pairs = _resolve(source, options, folder if resume else None)
        # Settings that are chosen by the machine's speed are the first one's.
        told = team.tell_bytes(config.model_dump_json().encode())
        config = Config.model_validate_json(told) if team.size > 1 else config
        if options.start is not None:
            config = as_begun(config, options.start, list(options.settings))
        check_config(config)
        corpora = read_corpora(config, base, pairs)
        session = Session(folder, resume, options.callbacks, options.started, team, options.start)
        run_session(config, corpora, session)
    if not team.leads:
        raise SystemExit(0)
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
    check_sums(folder, config)
    torch.set_flush_denormal(True)
    if isinstance(network, Labeller):
        translator = annotator_of(network, tokenizers)
    else:
        stepper = TorchStepper(network)
        translator = Translator(stepper, tokenizers.src, tokenizers.tgt, config.search)
        translator.max_src_length = config.data.max_src_length
        translator.context_words = config.model.context_words
    translator.calibration = config.calibration
    files = (CONFIG, WEIGHTS, SRC_TOKENIZER, TGT_TOKENIZER)
    size = ModelSize(
        sum(weight.numel() for weight in network.parameters()),
        sum((folder / name).stat().st_size for name in files),
    )
    return Model(folder, config, translator, size)


def export_bundle(
    folder: str | Path,
    out: str | Path,
    *,
    int8: bool = False,
    shortlist: bool = False,
    data: Path | None = None,
) -> None:
    """Turn a model folder into a bundle, which runs without torch.

    Args:
        folder: What `train` left.
        out: The bundle to make, or to replace.
        int8: Keep every matrix as 8-bit numbers.
        shortlist: Weigh only the words that the training pairs suggest for a source.
        data: Where the training pairs are, which a shortlist is learned from; the current folder unless said.

    Raises:
        ModelError: The folder is missing or damaged, or it is a bundle already.
        DataError: The training pairs cannot be read.
        ExportError: The model has a part that no graph is known for.
    """
    from dragoman.export import ExportOptions, write_bundle

    folder = Path(folder)
    config = load_config_of(folder)
    check_config(config)
    tokenizers = load_tokenizers(folder)
    network = load_model(folder, config, tokenizers)
    short = _shortlist(config, tokenizers, data or Path()) if shortlist else None
    sides = tokenizers.src, tokenizers.tgt
    write_bundle(network, config, sides, Path(out), ExportOptions(int8, short))


def _shortlist(config: Config, tokenizers: Tokenizers, base: Path) -> Shortlist:
    """Learn a shortlist from a model's training pairs."""
    from dragoman.export.shortlist import learn_shortlist

    examples, _ = encode(tokenizers, read_corpora(config, base).train.pairs)
    sizes = tokenizers.src.vocab_size, tokenizers.tgt.vocab_size
    return learn_shortlist([(one.src, one.tgt) for one in examples], sizes)


def _resolve(
    source: Source | Parallel, options: TrainOptions, begun: Path | None
) -> tuple[Config, Path, list[Pair] | None]:
    """Turn what `train` was given into settings, the folder of the data, and pairs in memory if any.

    Args:
        source: See `train`.
        options: See `train`.
        begun: The folder of a training that goes on.
    """
    settings = list(options.settings)
    settings += [] if options.minutes is None else [f"training.minutes={float(options.minutes)}"]
    if isinstance(source, Config):
        config = build_config(source.model_dump(exclude_none=True), settings)
        return config, options.data or Path(), None
    base = options.data or Path()
    if isinstance(source, Parallel):
        files = [str(source.src), str(source.tgt)]
        return (
            _probe(files, [f"data.train={json.dumps(files)}", *settings], options, begun),
            base,
            None,
        )
    if not isinstance(source, str | Path):
        pairs = [Pair(*pair) for pair in source]
        if not pairs:
            raise DataError("there are no pairs to train on; expected at least one.")
        return _suggest(pairs, settings, options, begun), options.data or Path(), pairs
    path = Path(source)
    if path.suffix == ".toml":
        return load_config(path, settings), options.data or path.parent, None
    name = str(source)
    return _probe(name, [f"data.train={json.dumps(name)}", *settings], options, begun), base, None


def _probe(
    name: str | list[str], settings: Sequence[str], options: TrainOptions, begun: Path | None
) -> Config:
    """Look at the data that is named, and choose settings for it."""
    own = [one for one in settings if one.startswith("data.")]
    known = build_config({"task": options.task, "data": {"train": name}}, own)
    check_config(known)
    corpora = read_corpora(known, options.data or Path())
    return _suggest(corpora.train.pairs, settings, options, begun)


def _suggest(
    pairs: Sequence[Pair], settings: Sequence[str], options: TrainOptions, begun: Path | None
) -> Config:
    if begun is not None and options.minutes is not None:
        # The machine may be faster or slower today; what was chosen by its speed stays.
        chosen = load_config_of(begun).model_dump(exclude_none=True)
        return build_config(chosen, [f"task={json.dumps(options.task)}", *settings])
    limit = None if options.minutes is None else TimeLimit(options.minutes, options.started)
    config, reasons = suggest_config(pairs, settings, options.task, limit)
    for callback in options.callbacks:
        for reason in reasons:
            callback.on_message(reason)
    return config
