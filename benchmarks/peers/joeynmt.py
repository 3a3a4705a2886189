"""The peer JoeyNMT 2.3.0, driven from outside: its own environment, its own commands.

`setup_joeynmt.sh` makes the environment. Text goes in and comes out as subwords separated by spaces, which it takes
for words, so that both sides of a comparison are tokenised by the same model.

Its recurrent recipes (configs/rnn_small.yaml, iwslt14_deen_bpe.yaml in its repository) feed the attended output back,
use Adam and a rate that falls when the validation stands still; so does this one. Ctrl-C makes it save and end.
"""

import json
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from peers.running import Command, Limits, PeerError, interpreter, run

SPECIALS = ("<unk>", "<pad>", "<s>", "</s>")


@dataclass(frozen=True)
class Options:
    """Sizes and training; all that is not said is its default."""

    cell: str = "lstm"
    embedding_size: int = 256
    hidden_size: int = 512  # a bidirectional encoder gives half to each direction
    dropout: float = 0.3
    attention: str = "luong"  # or bahdanau
    learning_rate: float = 0.001  # theirs: 0.0002 to 0.005
    label_smoothing: float = 0.1
    batch_size: int = 64  # sentences
    validation_freq: int = 500
    seed: int = 1


@dataclass(frozen=True)
class Trained:
    """Where its newest checkpoint is, and what it took."""

    checkpoint: Path
    steps: int
    seconds: float
    cpu_s: float


def prepare(stems: dict[str, Path], work: Path, vocab: Path, options: Options) -> Path:
    """Write the configuration.

    Args:
        stems: The tokenised files "train" and "dev", less their endings .src and .tgt.
        work: Where its model will lie, in the folder "model".
        vocab: All tokens but the special ones, a line each, of both sides.
        options: Sizes and training.
    """
    sides = {
        side: {"lang": side, "level": "word", "voc_file": str(vocab), "max_length": 200}
        for side in ("src", "tgt")
    }
    layer = {
        "type": "recurrent",
        "rnn_type": options.cell,
        "embeddings": {"embedding_dim": options.embedding_size},
        "dropout": options.dropout,
        "num_layers": 1,
    }
    half = options.hidden_size // 2
    config = {
        "name": "benchmark",
        "joeynmt_version": "2.3.0",
        "model_dir": str(work / "model"),
        "use_cuda": False,
        "random_seed": options.seed,
        "data": {
            "train": str(stems["train"]),
            "dev": str(stems["dev"]),
            "dataset_type": "plain",
            "src": sides["src"],
            "trg": sides["tgt"],
        },
        "testing": {"beam_size": 5, "beam_alpha": 1.0, "eval_metrics": ["bleu"], "batch_size": 64},
        "training": {
            "optimizer": "adam",
            "learning_rate": options.learning_rate,
            "label_smoothing": options.label_smoothing,
            "normalization": "tokens",
            "clip_grad_norm": 1.0,
            "batch_size": options.batch_size,
            "scheduling": "plateau",
            "patience": 2,
            "decrease_factor": 0.5,
            "early_stopping_metric": "bleu",
            "validation_freq": options.validation_freq,
            "epochs": 1000,
            "overwrite": True,
        },
        "model": {
            "initializer": "xavier_uniform",
            "embed_initializer": "normal",
            "embed_init_weight": 0.1,
            "lstm_forget_gate": 1.0,
            "encoder": layer | {"hidden_size": half, "bidirectional": True},
            "decoder": layer
            | {
                "hidden_size": options.hidden_size,
                "hidden_dropout": options.dropout,
                "input_feeding": True,
                "init_hidden": "bridge",
                "attention": options.attention,
            },
        },
    }
    path = work / "config.yaml"
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")  # JSON is YAML
    (work / "options.json").write_text(json.dumps(asdict(options)), encoding="utf-8")
    return path


def train(config: Path, *, cpu_minutes: float, threads: int) -> Trained:
    """Train for so much processor time, its validations included, and save."""
    log = config.with_name("train.log")
    limits = Limits(threads, cpu_s=cpu_minutes * 60, stop=signal.SIGINT)
    ended = run(Command(_words("train", config, "--skip-test"), log), limits)
    models = sorted(config.with_name("model").glob("[0-9]*.ckpt"), key=lambda path: int(path.stem))
    if not models:
        raise PeerError(f"no checkpoint was saved; see {log}")
    return Trained(models[-1], int(models[-1].stem), ended.seconds, ended.cpu_s)


def translate(config: Path, checkpoint: Path, src: Path, out: Path, *, threads: int) -> None:
    """Translate a tokenised file, line for line, with a beam of five.

    Raises:
        PeerError: If a line has no answer.
    """
    told = json.loads(config.read_text(encoding="utf-8"))
    told["testing"]["load_model"] = str(checkpoint)
    testing = config.with_name("translate.yaml")
    testing.write_text(json.dumps(told), encoding="utf-8")
    command = _words("translate", testing, "--output-path", str(out))
    run(Command(command, config.with_name("translate.log"), stdin=src), Limits(threads))
    asked, answered = (path.read_text(encoding="utf-8").count("\n") for path in (src, out))
    if asked != answered:
        raise PeerError(f"{asked} lines went in, {answered} came out")


def _words(mode: str, config: Path, *more: str) -> list[str]:
    return [str(interpreter("joeynmt")), "-m", "joeynmt", mode, str(config), *more]
