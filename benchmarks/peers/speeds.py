"""The peers of `translate_speed.py`: what each is told, and how fast it says it was."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import opennmt

from dragoman.evaluation.metrics import METRICS
from dragoman.model import Model
from dragoman.runtime.bundle import ENCODER, read_bundle
from dragoman.runtime.weights import ALWAYS, TABLE, read_tensors
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import SPECIALS, UNK
from dragoman.training.folder import load_tokenizers
from dragoman.translator import TranslateOptions

Row = dict[str, Any]
TOKENS = "tokens.json"
TRANSFORMER = "CTranslate2 Transformer 6+2 int8, random weights, forced lengths"
TRAINED = "CTranslate2 Transformer 6+2 int8, trained"
MARIAN = "Marian s2s LSTM float32, one update, lengths limited"
# What has a shortlist too.
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
        command = [str(python), str(Path(__file__).parent / script)]
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
    tokens = sum(content_of(task)["lengths"])
    return [
        show(
            {"what": SHORTENED[TRANSFORMER] if short else TRANSFORMER}
            | transformer_speed(task, (threads, beam), one, tokens)
        )
        for short, threads, beam, one in asked_of(
            "ctranslate2", "ctranslate2_transformer.py", task, task.asked.rounds
        )
    ]


def ctranslate2_trained(task: Task) -> list[Row]:
    """Measure a Transformer that was trained, and what it scores."""
    folder = task.asked.transformer
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
        speed = transformer_speed(task, (threads, beam), one, sum(len(line) for line in ids))
        score = scored([tokenizers.tgt.decode(line) for line in ids], task)
        rows.append(show({"what": TRAINED} | speed | score))
    return rows


def transformer_speed(task: Task, setting: tuple[int, int], one: Row, tokens: int) -> Row:
    """Give a row of what a Transformer's run took for so many tokens."""
    return {
        "threads": setting[0],
        "beam": setting[1],
        "p50_ms": one["p50_ms"],
        "sentences_per_s": len(task.texts) / one["seconds"],
        "tokens_per_s": tokens / one["seconds"],
        "cpu_ms": 1e3 * one["cpu_s"] / len(task.texts),
    }


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
