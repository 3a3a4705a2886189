"""Training speed: ours against OpenNMT-py 3.5.1, same architecture, batch and vocabulary, in one run.

    python benchmarks/train_speed.py --data FOLDER [--seconds 60] [--rounds 2] [--threads 2]

FOLDER holds Multi30k's train.en, train.de, val.en, val.de. First `benchmarks/peers/setup_opennmt.sh`. The model: a
bidirectional LSTM 2 x 256 -> LSTM 512, embeddings 256, general attention, 8k joint BPE, dropout 0.3, Adam, batches of
1,000 tokens (padding counted) of like length; with and without input feeding. The two take turns, `rounds` times.
Ours trains as a user's would, in bfloat16 where the processor multiplies it faster; --precision float32 says otherwise.
Useful FLOP/s count the products for real tokens only, forward and backward, against the rates that
`benchmarks/machine.py` measures in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import machine
import torch
from peers import opennmt

from dragoman.config import Config, build_config
from dragoman.data.batches import ListDeck
from dragoman.data.corpus import read_corpus
from dragoman.nn.model import Seq2Seq
from dragoman.training.callbacks import Callback, StepRecord
from dragoman.training.job import Job
from dragoman.training.loop import Trainer
from dragoman.training.machine import prepare_machine
from dragoman.training.prepare import encode, train_tokenizers
from dragoman.training.validation import Validation

WARM_UP_STEPS = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--no-peer", action="store_true", help="only ours and the machine's limits")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    results = {}
    for feeding in (False, True):
        rounds = []
        for _ in range(asked.rounds):
            limits = machine.measure()
            tokens_per_s, flops = ours(asked, feeding)
            peer = float("nan") if asked.no_peer else theirs(asked, feeding)
            rounds.append(
                {
                    "ours_tokens_per_s": tokens_per_s,
                    "peer_tokens_per_s": peer,
                    "ratio": tokens_per_s / peer,
                    "ours_useful_gflops": flops / 1e9,
                    "share_of_sgemm": flops / 1e9 / limits.sgemm_gflops,
                    "share_of_onednn": flops / 1e9 / limits.onednn_gflops,
                    "share_of_bfloat16": flops / 1e9 / limits.bfloat16_gflops,
                    **asdict(limits),
                }
            )
            print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
        results["input feeding" if feeding else "attention after the recurrence"] = {
            key: round(statistics.median(one[key] for one in rounds), 3) for key in rounds[0]
        }
    print(json.dumps(results, indent=2))


def recipe(feeding: bool, threads: int, precision: str = "auto") -> Config:
    """Return our side's settings."""
    return build_config(
        {
            "text": {"vocab_size": 8000, "shared": True},
            "model": {
                "input_feeding": feeding,
                "dropout": 0.3,
                "generator": "softmax",
                "bridge": "copy",
            },
            "training": {
                "batch_tokens": 1000,
                "threads": threads,
                "precision": precision,
                "steps": 100_000,
                "validate_every": 100_000,
            },
        }
    )


class Stopwatch(Callback):
    """Counts tokens and seconds after the warm-up, and stops the training when time is up."""

    def __init__(self, seconds: float) -> None:
        self.limit = seconds
        self.tokens, self.seconds = 0, 0.0

    def on_step(self, record: StepRecord) -> None:
        """Count."""
        if record.step > WARM_UP_STEPS:
            self.tokens += record.tokens
            self.seconds += record.seconds
        if self.seconds > self.limit:
            raise KeyboardInterrupt


def ours(asked: argparse.Namespace, feeding: bool) -> tuple[float, float]:
    """Return our target tokens/s and useful FLOP/s."""
    config = recipe(feeding, asked.threads, asked.precision)
    prepare_machine(config.training)
    pairs = read_corpus((asked.data / "train.en", asked.data / "train.de")).pairs
    tokenizers = train_tokenizers(config, pairs)
    examples, _ = encode(tokenizers, pairs)
    torch.manual_seed(1)
    model = Seq2Seq(config.model, tokenizers.src.vocab_size, tokenizers.tgt.vocab_size)
    watch = Stopwatch(asked.seconds)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(
            ListDeck(examples), no_validation, lambda *_: None, Path(folder) / "checkpoint", [watch]
        )
        with contextlib.suppress(KeyboardInterrupt):
            Trainer(model, config.training, job).run()
    tgt = sum(len(one.tgt) + 1 for one in examples)
    src = sum(len(one.src) + 1 for one in examples)
    squares = sum((len(one.tgt) + 1) * (len(one.src) + 1) for one in examples)
    speed = watch.tokens / watch.seconds
    return speed, 6 * speed * macs_per_target_token(model, src / tgt, squares / tgt)


def macs_per_target_token(model: Seq2Seq, src_per_tgt: float, src_seen: float) -> float:
    """Count a forward pass's multiplications; embeddings are look-ups and count for nothing."""
    encoder = sum(
        weight.numel() for name, weight in model.encoder.named_parameters() if "weight" in name
    )
    keys = sum(w.numel() for n, w in model.decoder.named_parameters() if n.startswith("attention"))
    decoder = sum(w.numel() for n, w in model.decoder.named_parameters() if "weight" in n) - keys
    look = 2 * src_seen * model.config.hidden_size
    return (encoder + keys) * src_per_tgt + decoder + look + model.generator.weight.numel()


def no_validation(model: Seq2Seq) -> Validation:
    del model
    return Validation(0, 0, 0, {})


def theirs(asked: argparse.Namespace, feeding: bool) -> float:
    """Return OpenNMT-py's target tokens/s, as it counts them itself."""
    work = Path(tempfile.mkdtemp(prefix="opennmt-"))
    tokenizers = train_tokenizers(
        recipe(feeding, asked.threads),
        read_corpus((asked.data / "train.en", asked.data / "train.de")).pairs,
    )
    for split in ("train", "val"):
        for side, tokenizer in (("en", tokenizers.src), ("de", tokenizers.tgt)):
            texts = (asked.data / f"{split}.{side}").read_text(encoding="utf-8").split("\n")[:-1]
            lines = (" ".join(tokenizer.tokens(ids)) for ids in tokenizer.encode_batch(texts))
            (work / f"{split}.{side}").write_text(
                "".join(f"{line}\n" for line in lines), encoding="utf-8"
            )
    tokens = tuple(tokenizers.src.tokens(range(4, tokenizers.src.vocab_size)))
    files = [work / name for name in ("train.en", "train.de", "val.en", "val.de")]
    opennmt.prepare(*files, work, opennmt.Vocab(tokens, tokens))
    options = opennmt.Options(
        encoder_type="brnn",
        layers=1,
        hidden_size=512,
        word_vec_size=256,
        input_feed=int(feeding),
        optim="adam",
        learning_rate=0.001,
        batch_size=1000,
        batch_type="tokens",
        report_every=20,
    )
    result = opennmt.train(work, options, minutes=(asked.seconds + 30) / 60, threads=asked.threads)
    return result.target_tokens_per_s


if __name__ == "__main__":
    main()
