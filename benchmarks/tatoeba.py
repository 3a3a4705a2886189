"""Tatoeba English -> French: ours and OpenNMT-py's default attention RNN, same cores, vocabulary and minutes.

    python benchmarks/tatoeba.py --data FOLDER [--minutes 40] [--threads 2] [--side-by-side]

FOLDER holds train.tsv, dev.tsv and test.tsv (``english<TAB>french``; several lines of one English sentence are
its references). First `benchmarks/peers/setup_opennmt.sh`. One after the other by default; ``--side-by-side``
runs both at once, each on half the cores, so that a busy machine disturbs both alike. The peer may use as much
processor time as threads times minutes; ours stops by the wall clock, so it never has more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import sacrebleu
from peers import opennmt

from dragoman import TranslateOptions, load, load_config, train
from dragoman.api import TrainOptions
from dragoman.data.corpus import group_references, read_corpus
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import SPECIALS
from dragoman.training.callbacks import ProgressLine
from dragoman.training.prepare import train_tokenizers

RECIPE = Path(__file__).parents[1] / "recipes" / "tatoeba-en-fr.toml"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/benchmark-tatoeba"))
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side-by-side", action="store_true")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    test = group_references(read_corpus(asked.data / "test.tsv").pairs)
    jobs = (ours, theirs)
    cores = sorted(os.sched_getaffinity(0))
    if asked.side_by_side:
        half = len(cores) // 2
        asked.threads = half
        with ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(job, asked, test, set(part))
                for job, part in zip(jobs, (cores[:half], cores[half:]), strict=True)
            ]
            results = [run.result() for run in runs]
    else:
        results = [job(asked, test, set(cores)) for job in jobs]
    print(json.dumps(results, indent=2))


def ours(asked: argparse.Namespace, test: list[tuple[str, list[str]]], cores: set[int]) -> dict:
    """Train by the recipe, translate the test set at beam 5."""
    os.sched_setaffinity(0, cores)
    settings = [f"training.threads={asked.threads}"]
    options = TrainOptions(asked.data, settings, asked.minutes, callbacks=[ProgressLine("ours")])
    train(RECIPE, asked.out / "ours", options)
    model = load(asked.out / "ours")
    found = model.translate(
        [src for src, _ in test], TranslateOptions(beam_size=5, attention=False)
    )
    return {"system": "dragoman", **score([one.text for one in found], test)}


def theirs(asked: argparse.Namespace, test: list[tuple[str, list[str]]], cores: set[int]) -> dict:
    """Train OpenNMT-py's default attention RNN on the same pieces, translate the test set at beam 5."""
    os.sched_setaffinity(0, cores)
    work = asked.out / "opennmt"
    work.mkdir(parents=True, exist_ok=True)
    pairs = read_corpus(asked.data / "train.tsv").pairs
    pieces = train_tokenizers(load_config(RECIPE), pairs)
    sides = (pieces.src, pieces.tgt)
    for split in ("train", "dev"):
        for number, tokenizer in enumerate(sides):
            texts = [pair[number] for pair in read_corpus(asked.data / f"{split}.tsv").pairs]
            write(work / f"{split}.{number}", tokenizer, texts)
    write(work / "test.0", pieces.src, [src for src, _ in test])
    vocab = opennmt.Vocab(*(tuple(all_tokens(tokenizer)) for tokenizer in sides))
    opennmt.prepare(work / "train.0", work / "train.1", work / "dev.0", work / "dev.1", work, vocab)
    trained = opennmt.train(
        work, opennmt.Options(), cpu_minutes=asked.minutes * asked.threads, threads=asked.threads
    )
    opennmt.translate(
        work, trained.checkpoint, work / "test.0", work / "test.out", 5, asked.threads
    )
    lines = (work / "test.out").read_text(encoding="utf-8").split("\n")[:-1]
    outputs = [line.replace(" ", "").replace("▁", " ").strip() for line in lines]
    minutes = round(trained.seconds / 60, 1)
    return {
        "system": "OpenNMT-py 3.5.1",
        "wall_minutes": minutes,
        "steps": trained.steps,
        **score(outputs, test),
    }


def write(path: Path, tokenizer: Tokenizer, texts: list[str]) -> None:
    """Write texts as pieces between spaces, a line each."""
    lines = (" ".join(tokenizer.tokens(ids)) for ids in tokenizer.encode_batch(texts))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def all_tokens(tokenizer: Tokenizer) -> list[str]:
    return tokenizer.tokens(range(len(SPECIALS), tokenizer.vocab_size))


def score(outputs: list[str], test: list[tuple[str, list[str]]]) -> dict:
    """BLEU against all references."""
    most = max(len(references) for _, references in test)
    streams = [[refs[n] if n < len(refs) else None for _, refs in test] for n in range(most)]
    metric = sacrebleu.BLEU()
    return {
        "bleu": round(metric.corpus_score(outputs, streams).score, 2),
        "signature": str(metric.get_signature()),
    }


if __name__ == "__main__":
    main()
