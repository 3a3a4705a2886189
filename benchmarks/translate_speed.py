"""Translation speed, side by side in one run: our bundles, our torch path, OpenNMT-py 3.5.1, Marian, CTranslate2.

    python benchmarks/translate_speed.py MODEL --data FOLDER [--quick] [--threads 1,2] [--beam 1,5] [--out FILE]

MODEL is a model folder trained on Multi30k (`recipes/multi30k-en-de.toml`, or its distilled student), or a bundle of
it; FOLDER holds the raw files. Sentences are those of test_2016_flickr.en; medians of several rounds. On a busy
machine compare processor time (cpu_ms). `--quick` takes the first 300 sentences, and fewer rounds of the slow peers.

- ours: from raw text to raw text, by `dragoman bench`: the int8 bundle on our kernel (`dragoman accelerate`, which is
  called first where there is a C compiler), with a shortlist and without, and on ONNX Runtime, the float32 bundle, the
  model folder in torch. The shortlist is learned from the model's training pairs, which must still be there.
- CTranslate2: a Transformer of 6 + 2 layers, 256 wide, int8, **random weights, output lengths forced to those of our
  greedy translations**, from tokens to tokens; also with a vocabulary map, made of our shortlist.
  `--transformer FOLDER` adds one that was trained, which `small_transformer.py --who 6+2 --keep` saved.
- Marian (pymarian 1.12.42, --type s2s, float32): an LSTM of the same sizes **after one update, output lengths
  limited**, from tokens to tokens: compare tokens/s. Also with a shortlist, made of ours.
- OpenNMT-py: a bidirectional LSTM of the same sizes **after a few updates, all outputs forced to our mean length**,
  from tokens to tokens, by its own clock, loading included. Its processor time includes starting Python.

`--references FILE`, the right answers, adds what those score that were trained.

Peers are left out where `benchmarks/peers/setup_{opennmt,marian,ctranslate2}.sh` have not been run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers import opennmt

from dragoman.errors import DataError
from dragoman.evaluation.metrics import METRICS
from dragoman.loading import load
from dragoman.model import Model
from dragoman.runtime.bundle import ENCODER, is_bundle, read_bundle
from dragoman.runtime.weights import ALWAYS, TABLE, read_tensors
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import SPECIALS, UNK
from dragoman.training.folder import load_tokenizers
from dragoman.translator import TranslateOptions

Row = dict[str, Any]
TEST = "test_2016_flickr"
TOKENS = "tokens.json"
QUICK = 300
COLUMNS = (
    "threads",
    "beam",
    "sentences_per_s",
    "tokens_per_s",
    "cpu_ms",
    "p50_ms",
    "memory_mb",
    "start_s",
    "bleu",
)
# The rows that targets are about: ours, and what it is compared with; with a shortlist, and what has one too.
OURS, SHORT = "ours, int8, kernel", "ours, int8, kernel, shortlist"
TRANSFORMER = "CTranslate2 Transformer 6+2 int8, random weights, forced lengths"
TRAINED = "CTranslate2 Transformer 6+2 int8, trained"
MARIAN = "Marian s2s LSTM float32, one update, lengths limited"
SHORTENED = {TRANSFORMER: f"{TRANSFORMER}, vocabulary map", MARIAN: f"{MARIAN}, shortlist"}


@dataclass(frozen=True)
class Task:
    """What is measured: settings, and the files of this run."""

    asked: argparse.Namespace
    work: Path
    texts: list[str]
    answers: list[str] | None

    @property
    def settings(self) -> list[tuple[int, int]]:
        """Threads and beams."""
        threads, beams = (
            [int(one) for one in text.split(",")] for text in (self.asked.threads, self.asked.beam)
        )
        return [(count, beam) for count in threads for beam in beams]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--beam", default="1,5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sentences", type=int, help="only the first so many")
    parser.add_argument(
        "--without", default="", help="peers to leave out: opennmt,marian,ctranslate2"
    )
    parser.add_argument("--out", type=Path, help="where the table is written too")
    parser.add_argument("--transformer", type=Path, help="a trained one, as saved")
    parser.add_argument("--references", type=Path, help="the right translations, one a line")
    asked = parser.parse_args()
    texts = lines_of(asked.data / f"{TEST}.en")
    with tempfile.TemporaryDirectory(prefix="translate-speed-") as folder:
        count = asked.sentences or (QUICK if asked.quick else len(texts))
        answers = lines_of(asked.references)[:count] if asked.references else None
        task = Task(asked, Path(folder), texts[:count], answers)
        (task.work / "input").write_text("".join(f"{one}\n" for one in task.texts), "utf-8")
        rows = our_rows(task)
        bundle = asked.model if is_bundle(asked.model) else task.work / "int8"
        short = task.work / "short" if (task.work / "short").is_dir() else bundle
        describe(load(bundle, threads=1), task, short)
        for peer in (ctranslate2, ctranslate2_trained, marian, opennmt_rows):
            if peer.__name__.split("_")[0] in asked.without.split(","):
                continue
            try:
                rows += peer(task)
            except opennmt.PeerError as error:
                print(f"{peer.__name__}: left out: {error}", file=sys.stderr)
    text = table(rows)
    print(text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def scored(texts: list[str], task: Task) -> Row:
    """Give BLEU, if there are right answers to compare with."""
    if task.answers is None:
        return {}
    answers = [[one] for one in task.answers]
    return {"bleu": round(METRICS["bleu"]().corpus(texts, answers).score, 1)}


def show(row: Row) -> Row:
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


# ------------------------------------------------------------------------------------------------ ours


def our_rows(task: Task) -> list[Row]:
    """Measure all of ours by their own command."""
    model = task.asked.model
    if shutil.which(os.environ.get("CC", "cc")):
        subprocess.run(
            [sys.executable, "-m", "dragoman", "accelerate"], check=True, stdout=sys.stderr
        )
    if is_bundle(model):
        name = SHORT if read_bundle(model).shortlist else OURS
        return [
            *ours(name, model, task),
            *ours("ours, int8, ONNX Runtime", model, task, native=False),
        ]
    from dragoman.api import export_bundle

    export_bundle(model, task.work / "fp32")
    export_bundle(model, task.work / "int8", int8=True)
    short: list[Row] = []
    try:
        export_bundle(model, task.work / "short", int8=True, shortlist=True, data=task.asked.data)
        short = ours(SHORT, task.work / "short", task)
    except DataError as error:
        print(f"{SHORT}: left out: {error}", file=sys.stderr)
    return [
        *short,
        *ours(OURS, task.work / "int8", task),
        *ours("ours, int8, ONNX Runtime", task.work / "int8", task, native=False),
        *ours("ours, float32", task.work / "fp32", task),
        *ours("ours, torch", model, task),
    ]


def ours(name: str, path: Path, task: Task, *, native: bool = True) -> list[Row]:
    command = [sys.executable, "-m", "dragoman", "bench", str(path), "--json"]
    command += ["--threads", task.asked.threads, "--beam", task.asked.beam]
    command += ["--rounds", str(task.asked.rounds), "--input", str(task.work / "input")]
    environment = os.environ | {"DRAGOMAN_NATIVE": str(int(native))}
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    found = json.loads(done.stdout)
    start = {"start_s": found["start_s"]}
    model = load(path, threads=1)
    quality = {
        speed["beam"]: scored(
            [one.text for one in model.translate(task.texts, TranslateOptions(speed["beam"]))], task
        )
        for speed in found["speeds"]
        if task.answers
    }
    return [
        show({"what": name, **speed, **start, **quality.get(speed["beam"], {})})
        for speed in found["speeds"]
    ]


# ----------------------------------------------------------------------------------------------- peers


def describe(model: Model, task: Task, bundle: Path) -> None:
    """Write what the peers need to know: tokens, our greedy lengths, sizes, and a bundle's shortlist."""
    found = model.translate(task.texts, TranslateOptions(beam_size=1, attention=False))
    tokenizer, config = model.translator.src_tokenizer, model.config.model
    write(
        task.work / TOKENS,
        tokens_of(tokenizer, task.texts)
        | {
            "lengths": [len(one.tokens) for one in found],
            "embedding": config.embedding_size,
            "hidden": config.hidden_size,
            "input_feeding": config.input_feeding,
        }
        | shortlist_of(bundle),
    )


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def shortlist_of(path: Path) -> dict[str, Any]:
    """Give the words of a bundle's shortlist for each source token, and under "" those for any; nothing without one."""
    bundle = read_bundle(path)
    if not bundle.shortlist:
        return {}
    tensors = read_tensors(path / ENCODER)
    always, table = tensors[ALWAYS].tolist(), tensors[TABLE].tolist()
    tokens = bundle.tgt_tokenizer.tokens(range(bundle.tgt_tokenizer.vocab_size))
    lists = {"": always} | dict(
        zip(bundle.src_tokenizer.tokens(range(len(table))), table, strict=True)
    )
    words = {
        source: [tokens[one] for one in dict.fromkeys(ids) if one >= len(SPECIALS)]
        for source, ids in lists.items()
        if source not in SPECIALS
    }
    return {"shortlist": {source: some for source, some in words.items() if some}}


def tokens_of(tokenizer: Tokenizer, texts: list[str]) -> dict[str, Any]:
    """Give a vocabulary, which a peer begins with tokens of its own, and the texts in it."""
    return {
        "vocabulary": ["<unk>", "<s>", "</s>", *tokenizer.tokens(range(4, tokenizer.vocab_size))],
        "sources": [tokenizer.tokens(ids) for ids in tokenizer.encode_batch(texts)],
    }


def content_of(task: Task, tokens: str = TOKENS) -> dict[str, Any]:
    return json.loads((task.work / tokens).read_text(encoding="utf-8"))


def asked_of(
    peer: str, script: str, task: Task, rounds: int, tokens: str = TOKENS
) -> list[tuple[bool, int, int, Row]]:
    """Run a peer's script once a setting; give whether it had a shortlist, threads, beam and what it says."""
    peers = Path(os.environ.get("DRAGOMAN_PEERS", Path(tempfile.gettempdir()) / "dragoman-peers"))
    python = peers / peer / "bin" / "python"
    if not python.exists():
        raise opennmt.PeerError(f"{python} is missing: run benchmarks/peers/setup_{peer}.sh")
    found: list[tuple[bool, int, int, Row]] = []
    settings = [(False, *one) for one in task.settings]
    if "shortlist" in content_of(task, tokens):
        settings += [(True, *one) for one in task.settings]
    for short, threads, beam in settings:
        command = [str(python), str(Path(__file__).parent / "peers" / script)]
        command += [str(task.work / tokens), "--rounds", str(rounds)]
        command += ["--threads", str(threads), "--beam", str(beam)]
        command += ["--shortlist"] if short else []
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise opennmt.PeerError(done.stderr[-1000:])
        found.append((short, threads, beam, json.loads(done.stdout.splitlines()[-1])))
    return found


def ctranslate2(task: Task) -> list[Row]:
    """Measure a Transformer of random weights, at our output lengths."""
    content, count = content_of(task), len(task.texts)
    return [
        show(
            {
                "what": SHORTENED[TRANSFORMER] if short else TRANSFORMER,
                "threads": threads,
                "beam": beam,
                "p50_ms": one["p50_ms"],
                "sentences_per_s": count / one["seconds"],
                "tokens_per_s": sum(content["lengths"]) / one["seconds"],
                "cpu_ms": 1e3 * one["cpu_s"] / count,
            }
        )
        for short, threads, beam, one in asked_of(
            "ctranslate2", "ctranslate2_transformer.py", task, task.asked.rounds
        )
    ]


def ctranslate2_trained(task: Task) -> list[Row]:
    """Measure a Transformer that was trained, and what it scores."""
    folder, count = task.asked.transformer, len(task.texts)
    if folder is None:
        return []
    tokenizers = load_tokenizers(folder)
    if tokenizers.src.vocab_size != tokenizers.tgt.vocab_size:
        raise opennmt.PeerError(f"{folder}: expected one vocabulary for both sides")
    content = tokens_of(tokenizers.src, task.texts)
    write(task.work / "trained.json", content | {"weights": str(folder / "weights.npz")})
    rows: list[Row] = []
    for _, threads, beam, one in asked_of(
        "ctranslate2", "ctranslate2_transformer.py", task, task.asked.rounds, "trained.json"
    ):
        ids = [[tokenizers.tgt.id_of(token) or UNK for token in line] for line in one["written"]]
        rows.append(
            show(
                {
                    "what": TRAINED,
                    "threads": threads,
                    "beam": beam,
                    "p50_ms": one["p50_ms"],
                    "sentences_per_s": count / one["seconds"],
                    "tokens_per_s": sum(len(line) for line in one["written"]) / one["seconds"],
                    "cpu_ms": 1e3 * one["cpu_s"] / count,
                    **scored([tokenizers.tgt.decode(line) for line in ids], task),
                }
            )
        )
    return rows


def marian(task: Task) -> list[Row]:
    """Measure Marian's RNN after one update; its processor time is that of as many tokens as ours."""
    content, count = content_of(task), len(task.texts)
    wanted = sum(content["lengths"])
    rounds = 1 if task.asked.quick else task.asked.rounds
    return [
        show(
            {
                "what": SHORTENED[MARIAN] if short else MARIAN,
                "threads": threads,
                "beam": beam,
                "p50_ms": one["p50_ms"],
                "sentences_per_s": one["num_tokens"] / one["seconds"] * count / wanted,
                "tokens_per_s": one["num_tokens"] / one["seconds"],
                "cpu_ms": 1e3 * one["cpu_s"] / one["num_tokens"] * wanted / count,
            }
        )
        for short, threads, beam, one in asked_of("marian", "marian_random.py", task, rounds)
    ]


def opennmt_rows(task: Task) -> list[Row]:
    """Train the peer for a few steps, and measure it at our mean length."""
    content, work = content_of(task), task.work
    lines = "".join(f"{' '.join(one)}\n" for one in content["sources"])
    for name in ("source", "train", "val"):
        (work / name).write_text(lines, encoding="utf-8")
    vocabulary = tuple(content["vocabulary"][3:])
    files = [work / name for name in ("train", "train", "val", "val")]
    opennmt.prepare(*files, work, opennmt.Vocab(vocabulary, vocabulary))
    options = opennmt.Options(
        encoder_type="brnn",
        layers=1,
        hidden_size=content["hidden"],
        word_vec_size=content["embedding"],
        input_feed=int(content["input_feeding"]),
        optim="adam",
        learning_rate=0.001,
    )
    trained = opennmt.train(work, options, steps=3)
    length = round(sum(content["lengths"]) / len(content["lengths"]))
    rows: list[Row] = []
    for threads, beam in task.settings:
        out = work / "out"
        done = opennmt.translate(
            work, trained.checkpoint, work / "source", out, beam, threads, length=length
        )
        count = len(task.texts)
        rows.append(
            show(
                {
                    "what": "OpenNMT-py 3.5.1 LSTM, a few updates, mean length forced",
                    "threads": threads,
                    "beam": beam,
                    "sentences_per_s": count / done.inference_s,
                    "tokens_per_s": count * length / done.inference_s,
                    "cpu_ms": 1e3 * done.cpu_s / count,
                }
            )
        )
    return rows


# ----------------------------------------------------------------------------------------------- table


def table(rows: list[Row]) -> str:
    """Write all as Markdown, and how many times ours is as fast as each other."""
    lines = [f"| what | {' | '.join(COLUMNS)} |", f"|---|{'---|' * len(COLUMNS)}"]
    for row in rows:
        cells = [_cell(row.get(name)) for name in COLUMNS]
        lines.append(f"| {row['what']} | {' | '.join(cells)} |")
    names = list(dict.fromkeys(row["what"] for row in rows))
    lines += [
        "",
        "| ours | against | beam | tokens/s, one thread | each at its best | processor time |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for mine in (OURS, SHORT):
        # Like with like: what has a shortlist of its own is compared with ours that has one.
        like = [
            SHORTENED.get(name, name) if mine == SHORT and SHORTENED.get(name) in names else name
            for name in names
            if name not in SHORTENED.values() and name != mine
        ]
        for name in like:
            lines += [
                _ratios(rows, mine, name, beam) for beam in sorted({row["beam"] for row in rows})
            ]
    return "\n".join(line for line in lines if line is not None) + "\n"


def _ratios(rows: list[Row], mine: str, name: str, beam: int) -> str | None:
    """Say how many times ours is as fast; nothing where one of the two was not measured."""
    ours, other = (
        [row for row in rows if row["what"] == what and row["beam"] == beam]
        for what in (mine, name)
    )
    if not ours or not other:
        return None
    alone = [row["tokens_per_s"] for some in (ours, other) for row in some if row["threads"] == 1]
    best = [max(row["tokens_per_s"] for row in some) for some in (ours, other)]
    cpu = [min(row["cpu_ms"] for row in some) for some in (other, ours)]
    ratios = [alone[0] / alone[1] if len(alone) == 2 else None, best[0] / best[1], cpu[0] / cpu[1]]
    cells = ["" if one is None else f"{one:.1f} x" for one in ratios]
    return f"| {mine} | {name} | {beam} | {' | '.join(cells)} |"


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return (
        str(value)
        if isinstance(value, int)
        else f"{value:,.2f}"
        if value < 100
        else f"{value:,.0f}"
    )


if __name__ == "__main__":
    main()
