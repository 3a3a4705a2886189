"""The peer OpenNMT-py 3.5.1, driven from outside: its own environment, its own commands.

`setup_opennmt.sh` makes the environment; `DRAGOMAN_OPENNMT` names it where it is not the default.
Text goes in and comes out as subwords separated by spaces, so that both sides of a comparison are
tokenised by the same model.

    vocab = Vocab.counted("train.en", "train.de", size=8000)
    prepare("train.en", "train.de", "dev.en", "dev.de", "work", vocab)
    trained = train("work", Options(), minutes=20)
    translate("work", trained.checkpoint, "test.en", "test.out")

What to know when comparing:

- Its dictionary adds `<unk> <blank> <s> </s>` to the tokens given: four, as ours does.
- A training batch never holds the same source twice: a further translation of the same sentence
  that falls into the same batch is dropped (`DynamicDatasetIter.batch_iter`).
- A bidirectional encoder (`brnn`) has `hidden_size / 2` units a direction.
- Its translating divides scores by the length (`length_penalty avg`) and stops a sentence at
  1.25 times the source's tokens and five more (`max_length_ratio`).
- On a machine that others are using, two threads wait for each other by spinning: steps take many
  times longer and processor time is burnt, so that `cpu_minutes` is no fair limit either. Use one
  thread there, or set `OMP_WAIT_POLICY=PASSIVE`, for both sides alike.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

from peers.running import Command, Ended, Limits, PeerError, interpreter, run

# Its checkpoints hold a pickled Namespace, which torch from 2.6 on refuses to read.
ENVIRONMENT = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
SPECIALS = ("<unk>", "<blank>", "<s>", "</s>")

REPORT = re.compile(
    r"Step (?P<step>\d+)/.*; bsz: +\d+/ *(?P<tgt_tokens>\d+)/.*; +\d+/ *(?P<speed>\d+) tok/s;"
)
SAVED = re.compile(r"Saving checkpoint (?P<path>.*_step_(?P<step>\d+)\.pt)")
TRANSLATED = re.compile(r"Time w/o python interpreter load/terminate: +(?P<seconds>[\d.]+)")


@dataclass(frozen=True)
class Options:
    """Options of `onmt_train`, by its names; every value is its default but where a line says so.

    `Options()` is its default attention RNN. The learning rate that its help recommends with Adam
    is 0.001: `Options(optim="adam", learning_rate=0.001)`.
    """

    encoder_type: str = "rnn"  # or brnn
    decoder_type: str = "rnn"
    rnn_type: str = "LSTM"
    layers: int = 2
    hidden_size: int = 500
    word_vec_size: int = 500
    global_attention: str = "general"  # or mlp, dot, none
    input_feed: int = 1
    dropout: float = 0.3
    optim: str = "sgd"
    learning_rate: float = 1.0  # constant until step 50,000
    max_grad_norm: float = 5.0
    param_init: float = 0.1
    batch_size: int = 64
    batch_type: str = "sents"  # or tokens: the larger side, with padding
    # Theirs are 262,144 and 2: two processes that each fill such a bucket (many times over a small
    # corpus) before the first step, a minute here, and then contend for the two cores.
    bucket_size: int = 32768  # sentences read, sorted and cut into batches at a time
    num_workers: int = 0  # processes that make batches; 0: the training process itself
    vocab_size_multiple: int = 1  # theirs: 8; ours pads no vocabulary
    valid_steps: int = 10000
    save_checkpoint_steps: int = 1000  # theirs: 5,000; the last step is saved in any case
    keep_checkpoint: int = 3  # theirs: all
    report_every: int = 50
    seed: int = 1  # theirs: none

    def flags(self) -> list[str]:
        """Return them as the command line's words."""
        return [word for f in fields(self) for word in (f"--{f.name}", str(getattr(self, f.name)))]


@dataclass(frozen=True)
class Vocab:
    """The tokens of each side, without special ones."""

    src: tuple[str, ...]
    tgt: tuple[str, ...]

    @classmethod
    def counted(cls, train_src: str | Path, train_tgt: str | Path, size: int) -> "Vocab":
        """Take the `size` most frequent tokens a side of tokenised files, special ones included."""
        return cls(*(_most_frequent(path, size - len(SPECIALS)) for path in (train_src, train_tgt)))


@dataclass(frozen=True)
class TrainResult:
    """What a training came to.

    Attributes:
        target_tokens_per_s: As the peer counts them (with `</s>`, without padding), over all steps
            but those of the first report, which waits for the data.
        steps: Updates made.
        seconds: Wall-clock time of the whole command.
        cpu_s: Processor time of the whole command, its data workers included.
        checkpoint: The newest one saved.
        log: All it printed.
    """

    target_tokens_per_s: float
    steps: int
    seconds: float
    cpu_s: float
    checkpoint: Path
    log: str


@dataclass(frozen=True)
class TranslateResult:
    """What a translation cost.

    Attributes:
        seconds: Wall-clock time of the whole command.
        cpu_s: Processor time of the whole command.
        inference_s: Loading the model and translating, without starting Python (its own count).
    """

    seconds: float
    cpu_s: float
    inference_s: float


def prepare(
    train_src: str | Path,
    train_tgt: str | Path,
    dev_src: str | Path,
    dev_tgt: str | Path,
    workdir: str | Path,
    vocab: Vocab,
) -> Path:
    """Write the vocabularies and the data configuration; the path of the latter is returned."""
    work = Path(workdir).resolve()
    work.mkdir(parents=True, exist_ok=True)
    _write_vocab(work / "vocab.src", vocab.src)
    _write_vocab(work / "vocab.tgt", vocab.tgt)
    config = {
        "data": {
            "train": _corpus(train_src, train_tgt) | {"weight": 1},
            "valid": _corpus(dev_src, dev_tgt),
        },
        "src_vocab": str(work / "vocab.src"),
        "tgt_vocab": str(work / "vocab.tgt"),
        "src_vocab_size": len(vocab.src) + len(SPECIALS),
        "tgt_vocab_size": len(vocab.tgt) + len(SPECIALS),
        "save_model": str(work / "model"),
    }
    path = work / "config.yaml"
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")  # JSON is YAML
    return path


def train(
    workdir: str | Path,
    options: Options,
    *,
    minutes: float | None = None,
    cpu_minutes: float | None = None,
    steps: int | None = None,
    threads: int = 2,
) -> TrainResult:
    """Train in a prepared folder until the first limit is reached, and save there.

    Args:
        workdir: The folder that `prepare` filled.
        options: Model and training.
        minutes: Wall-clock time, from the start of the command.
        cpu_minutes: Processor time of all its processes: the fair limit on a busy machine.
        steps: Updates.
        threads: Threads of one operation.

    Raises:
        PeerError: No limit was given, or the command failed.
    """
    if minutes is None and cpu_minutes is None and steps is None:
        raise PeerError("give train a limit: minutes, cpu_minutes or steps")
    work = Path(workdir).resolve()
    command = [str(Path(__file__).with_name("opennmt_train.py")), "--config"]
    command += [str(work / "config.yaml"), *options.flags()]
    command += ["--train_steps", str(steps or 10_000_000)]
    limits = Limits(
        threads,
        None if minutes is None else minutes * 60,
        None if cpu_minutes is None else cpu_minutes * 60,
    )
    ended = _run(command, work / "train.log", limits)
    saved = SAVED.findall(ended.log)
    if not saved:
        raise PeerError(f"no checkpoint was saved; see {work / 'train.log'}")
    path, last_step = saved[-1]
    return TrainResult(
        target_tokens_per_s=tokens_per_s(ended.log),
        steps=int(last_step),
        seconds=ended.seconds,
        cpu_s=ended.cpu_s,
        checkpoint=Path(path),
        log=ended.log,
    )


def translate(
    workdir: str | Path,
    checkpoint: str | Path,
    src_file: str | Path,
    out_file: str | Path,
    beam: int = 5,
    threads: int = 2,
    *,
    length: int | None = None,
) -> TranslateResult:
    """Translate a tokenised file, line for line, with the peer's own defaults but for the beam.

    The peer leaves empty lines out of its output; they are put back. A `length` forces all outputs to it.
    """
    work = Path(workdir).resolve()
    lines = Path(src_file).read_text(encoding="utf-8").split("\n")
    if lines[-1] == "":
        lines.pop()
    asked, answered = work / "translate.src", work / "translate.out"
    asked.write_text("".join(f"{line}\n" for line in lines if line.strip()), encoding="utf-8")
    command = ["-m", "onmt.bin.translate", "--model", str(checkpoint)]
    command += ["--src", str(asked), "--output", str(answered), "--beam_size", str(beam)]
    if length is not None:
        command += ["--min_length", str(length), "--max_length", str(length)]
    ended = _run(command, work / "translate.log", Limits(threads))

    outputs = answered.read_text(encoding="utf-8").split("\n")[:-1]
    if len(outputs) != sum(bool(line.strip()) for line in lines):
        raise PeerError(f"{len(lines)} lines went in, {len(outputs)} came out")
    answers = iter(outputs)
    text = "".join(f"{next(answers) if line.strip() else ''}\n" for line in lines)
    Path(out_file).write_text(text, encoding="utf-8")
    return TranslateResult(
        seconds=ended.seconds,
        cpu_s=ended.cpu_s,
        inference_s=float(TRANSLATED.findall(ended.log)[-1]),
    )


def tokens_per_s(log: str) -> float:
    """Return the target tokens a second of a training log, its first report left out.

    With fewer than two reports it is not known: NaN.
    """
    reports = [
        (int(m["step"]), int(m["tgt_tokens"]), float(m["speed"])) for m in REPORT.finditer(log)
    ]
    tokens = seconds = 0.0
    for (before, *_), (step, tokens_per_batch, speed) in pairwise(reports):
        tokens += (step - before) * tokens_per_batch
        seconds += (step - before) * tokens_per_batch / speed
    return tokens / seconds if seconds else float("nan")


def _run(command: list[str], log: Path, limits: Limits) -> Ended:
    words = [str(interpreter("opennmt")), *command]
    return run(Command(words, log, ENVIRONMENT), limits)


def _corpus(src: str | Path, tgt: str | Path) -> dict[str, str | int]:
    return {"path_src": str(Path(src).resolve()), "path_tgt": str(Path(tgt).resolve())}


def _write_vocab(path: Path, tokens: Iterable[str]) -> None:
    """Write one token a line; those that the peer would read as something else are refused."""
    tokens = list(tokens)
    bad = [t for t in tokens if not t or t != t.strip() or " " in t or "\n" in t or "￨" in t]
    bad += [t for t in tokens if t in SPECIALS]
    bad += [t for t, count in Counter(tokens).items() if count > 1]
    if bad:
        raise PeerError(f"{path.name}: tokens that OpenNMT-py cannot hold: {bad[:10]}")
    path.write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")


def _most_frequent(path: str | Path, count: int) -> tuple[str, ...]:
    with Path(path).open(encoding="utf-8", newline="\n") as lines:
        counts = Counter(token for line in lines for token in line.split())
    return tuple(token for token, _ in counts.most_common(count))
