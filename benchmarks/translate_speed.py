"""Translation speed, side by side in one run: our bundles, our torch path, OpenNMT-py 3.5.1, CTranslate2.

    python benchmarks/translate_speed.py MODEL --data FOLDER [--threads 1,2] [--beam 1,5] [--peer-minutes 2]

MODEL is a model folder trained on Multi30k (`recipes/multi30k-en-de.toml`); FOLDER holds its raw files. Sentences
are those of test_2016_flickr.en; medians of several rounds. On a busy machine compare processor time (cpu_ms).

- ours: from raw text to raw text, by `dragoman bench`: float32 and int8 bundles, and the model folder in torch.
- OpenNMT-py: a bidirectional LSTM of the same sizes and the same vocabulary, trained for `--peer-minutes` first, from
  tokens to tokens, by its own clock, loading included. After so little training it writes other lengths: compare
  tokens/s. Its processor time includes starting Python.
- CTranslate2 (of OpenNMT-py's environment): a Transformer of 6 + 2 layers, 256 wide, int8, **random weights, output
  lengths forced to those of our greedy translations**, from tokens to tokens.

Peers are left out where `benchmarks/peers/setup_opennmt.sh` has not been run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers import opennmt

from dragoman.api import export_bundle
from dragoman.loading import load
from dragoman.model import Model
from dragoman.translator import TranslateOptions

Row = dict[str, Any]
TEST = "test_2016_flickr"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--beam", default="1,5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-minutes", type=float, default=2)
    parser.add_argument("--no-opennmt", action="store_true")
    asked = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="translate-speed-") as folder:
        work = Path(folder)
        export_bundle(asked.model, work / "fp32")
        export_bundle(asked.model, work / "int8", int8=True)
        for name, path in (
            ("ours, int8", work / "int8"),
            ("ours, float32", work / "fp32"),
            ("ours, torch", asked.model),
        ):
            found = ours(name, path, asked)
            show(found)
            rows += found
        model = load(work / "fp32", threads=1)
        for peer in (ctranslate2,) if asked.no_opennmt else (ctranslate2, opennmt_rows):
            try:
                rows += peer(model, asked, work)
            except opennmt.PeerError as error:
                print(f"{peer.__name__}: left out: {error}", file=sys.stderr)
    print(json.dumps(rows, indent=2))


def show(rows: list[Row]) -> None:
    for row in rows:
        print(json.dumps(row), file=sys.stderr, flush=True)


def ours(name: str, path: Path, asked: argparse.Namespace) -> list[Row]:
    """Measure one of ours by its own command."""
    command = [sys.executable, "-m", "dragoman", "bench", str(path), "--json"]
    command += ["--threads", asked.threads, "--beam", asked.beam, "--rounds", str(asked.rounds)]
    command += ["--input", str(asked.data / f"{TEST}.en")]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return [
        {"what": name, **speed, "start_s": round(found["start_s"], 3)} for speed in found["speeds"]
    ]


def settings(asked: argparse.Namespace) -> list[tuple[int, int]]:
    return [(int(t), int(b)) for t in asked.threads.split(",") for b in asked.beam.split(",")]


def tokens_of(model: Model, path: Path) -> list[list[str]]:
    tokenizer = model.translator.src_tokenizer
    texts = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [tokenizer.tokens(ids) for ids in tokenizer.encode_batch(texts)]


def ctranslate2(model: Model, asked: argparse.Namespace, work: Path) -> list[Row]:
    """Measure a Transformer of random weights, at our output lengths."""
    texts = (asked.data / f"{TEST}.en").read_text(encoding="utf-8").split("\n")[:-1]
    found = model.translate(texts, TranslateOptions(beam_size=1, attention=False))
    tokenizer = model.translator.src_tokenizer
    content = {
        "vocabulary": ["<unk>", "<s>", "</s>", *tokenizer.tokens(range(4, tokenizer.vocab_size))],
        "sources": tokens_of(model, asked.data / f"{TEST}.en"),
        "lengths": [len(one.tokens) for one in found],
    }
    path = work / "tokens.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    script = Path(__file__).parent / "peers" / "ctranslate2_random.py"
    rows: list[Row] = []
    for threads, beam in settings(asked):
        command = [str(opennmt.python()), str(script), str(path), "--rounds", str(asked.rounds)]
        command += ["--threads", str(threads), "--beam", str(beam)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise opennmt.PeerError(done.stderr[-1000:])
        one = json.loads(done.stdout.splitlines()[-1])
        rows.append(
            {
                "what": "CTranslate2 Transformer 6+2 int8, random weights, forced lengths",
                "threads": threads,
                "beam": beam,
                "p50_ms": one["p50_ms"],
                "sentences_per_s": len(texts) / one["seconds"],
                "tokens_per_s": sum(content["lengths"]) / one["seconds"],
                "cpu_ms": 1e3 * one["cpu_s"] / len(texts),
                "batch": one["batch"],
            }
        )
        show(rows[-1:])
    return rows


def opennmt_rows(model: Model, asked: argparse.Namespace, work: Path) -> list[Row]:
    """Train the peer for a while, and measure it."""
    tokenizer = model.translator.src_tokenizer
    for split in ("train", "val", TEST):
        for side in ("en", "de"):
            lines = tokens_of(model, asked.data / f"{split}.{side}")
            text = "".join(f"{' '.join(one)}\n" for one in lines)
            (work / f"{split}.{side}").write_text(text, encoding="utf-8")
    vocabulary = tuple(tokenizer.tokens(range(4, tokenizer.vocab_size)))
    files = [work / name for name in ("train.en", "train.de", "val.en", "val.de")]
    opennmt.prepare(*files, work, opennmt.Vocab(vocabulary, vocabulary))
    config = model.config.model
    options = opennmt.Options(
        encoder_type="brnn",
        layers=1,
        hidden_size=config.hidden_size,
        word_vec_size=config.embedding_size,
        input_feed=int(config.input_feeding),
        optim="adam",
        learning_rate=0.001,
        batch_size=1000,
        batch_type="tokens",
    )
    trained = opennmt.train(work, options, minutes=asked.peer_minutes)
    rows: list[Row] = []
    for threads, beam in settings(asked):
        source, out = work / f"{TEST}.en", work / "out"
        done = opennmt.translate(work, trained.checkpoint, source, out, beam, threads)
        lines = out.read_text(encoding="utf-8").split("\n")[:-1]
        rows.append(
            {
                "what": f"OpenNMT-py 3.5.1, {trained.steps} steps of training",
                "threads": threads,
                "beam": beam,
                "sentences_per_s": len(lines) / done.inference_s,
                "tokens_per_s": sum(len(line.split()) + 1 for line in lines) / done.inference_s,
                "cpu_ms": 1e3 * done.cpu_s / len(lines),
            }
        )
        show(rows[-1:])
    return rows


if __name__ == "__main__":
    main()
