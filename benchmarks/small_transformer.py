"""Ours against a small Transformer: the same data, tokens, minutes, cores, loop, averaging and search.

    python benchmarks/small_transformer.py --data FOLDER --pair multi30k-en-de --minutes 5 [--threads 1] [--device cuda]

FOLDER holds what the pair's recipe names (train.en, train.de, val.en, ...; or train.tsv, dev.tsv). Everybody learns for
so many minutes of wall clock on cores of its own, as many at once as there are cores for; the tokens are learned
before. Scores are of dev, beam 5. A Transformer's rate rises for a tenth of the time and then falls with the inverse
square root of it, or as ours does with ``--schedule cosine``; ``--rates`` tries others than the shapes' own. Its
attentions are not guided, nor does it begin with a lexicon: these are of our recipes, where they have them.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from transformer import Shape, Transformer

from dragoman.config import Config, build_config, load_config
from dragoman.data.corpus import group_references, read_corpus
from dragoman.defaults import TimeLimit, suggest_config
from dragoman.evaluation.metrics import METRICS
from dragoman.nn.stepper import TorchStepper
from dragoman.training.folder import Tokenizers, build_network, save_text_side
from dragoman.training.job import Job
from dragoman.training.lexical import start_lexically
from dragoman.training.loop import Trainer
from dragoman.training.machine import prepare_machine
from dragoman.training.optimisers import SCHEDULES
from dragoman.training.prepare import prepare, read_corpora
from dragoman.training.session import mix_of
from dragoman.training.subwords import collate_of
from dragoman.training.validation import Penalties, Validator, batch_loss
from dragoman.translator import TranslateOptions, Translator

RECIPES = Path(__file__).parents[1] / "recipes"
OURS = "ours"
# "tiny" is what Wu et al. 2021 (arXiv:2105.14462) found best on Multi30k.
SHAPES = {
    "tiny": Shape(4, 128, 256, 4, 0.005),
    "small": Shape(3, 256, 512, 4, 0.003),
    "wide": Shape(2, 512, 1024, 8, 0.0015),
    # What CTranslate2 and Bergamot call tiny: a deep reader and a shallow writer.
    "6+2": Shape(6, 256, 1024, 4, 0.002, decoder_layers=2),
}
WARMUP = 0.1


def inverse_sqrt(done: float) -> float:
    """Fall with the inverse square root of the time, which begins with the warm-up."""
    return math.sqrt(WARMUP / (WARMUP + (1 - WARMUP) * done))


SCHEDULES["inverse_sqrt"] = inverse_sqrt


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pair", default="multi30k-en-de")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--schedule", default="inverse_sqrt", help=", ".join(SCHEDULES))
    parser.add_argument("--who", nargs="*", default=[OURS, *SHAPES])
    parser.add_argument("--rates", type=float, nargs="*", help="instead of the shapes' own")
    parser.add_argument("--dropout", type=float, help="of the Transformers, instead of the shapes'")
    parser.add_argument("--set", nargs="*", default=[], help="settings of ours, KEY=VALUE")
    parser.add_argument("--keep", type=Path, help="save each Transformer in a folder of this one")
    parser.add_argument("--test", action="store_true", help="score the test set too")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(compete(asked, asked.one)))
        return
    names = [
        f"{who}@{rate}" if rate else who
        for who in asked.who
        for rate in ([None] if who == OURS else asked.rates or [None])
    ]
    cores, free = sorted(os.sched_getaffinity(0)), Queue[list[int]]()
    size = min(asked.threads, len(cores))
    # A GPU is one place, however many cores there are.
    places = 1 if asked.device == "cuda" else len(cores) // size
    for number in range(places):
        free.put(cores[number * size : (number + 1) * size])
    with ThreadPoolExecutor(places) as pool:
        results = list(pool.map(partial(apart, free), names))
    print(table(results))


def apart(free: Queue[list[int]], name: str) -> dict[str, Any]:
    """Run one contestant in a process and on cores of its own."""
    cores = free.get()
    command = [sys.executable, *sys.argv, "--one", name]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": str(len(cores))},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    free.put(cores)
    print(done.stdout, end="", file=sys.stderr)
    return json.loads(done.stdout)


def settings_of(asked: argparse.Namespace) -> Config:
    """Give our recipe for the pair; where there is none, what --minutes chooses."""
    own = [
        f"training.minutes={asked.minutes}",
        f"training.threads={asked.threads}",
        f"training.device={asked.device}",
        *asked.set,
    ]
    recipe = RECIPES / f"{asked.pair}.toml"
    if recipe.exists():
        return load_config(recipe, own)
    pairs = read_corpus(asked.data / "train.tsv").pairs
    limit = TimeLimit(asked.minutes, time.monotonic())
    config, _ = suggest_config(pairs, own, "translate", limit)
    names = [name for name in ("train", "dev", "test") if (asked.data / f"{name}.tsv").exists()]
    files = {name: f"{name}.tsv" for name in names}
    return build_config(config.model_dump(exclude_none=True) | {"data": files})


def compete(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """Train one contestant, and score it."""
    config = settings_of(asked)
    device = prepare_machine(config.training)
    corpora = read_corpora(config, asked.data)
    prepared = prepare(config, corpora)
    tokenizers = prepared.tokenizers
    torch.manual_seed(config.training.seed)
    training = config.training.model_copy(update={"average_best": 0})
    if name == OURS:
        network: Any = build_network(config, tokenizers)
        if training.lexical_start:
            start_lexically(network, prepared.lexicon())
    else:
        kind, _, rate = name.partition("@")
        shape = SHAPES[kind]
        shape = replace(shape, learning_rate=float(rate or shape.learning_rate))
        shape = replace(shape, dropout=shape.dropout if asked.dropout is None else asked.dropout)
        sizes = tokenizers.src.vocab_size, tokenizers.tgt.vocab_size
        network = Transformer(shape, *sizes, tied=config.text.shared)
        own = {
            "learning_rate": shape.learning_rate,
            "schedule": asked.schedule,
            "warmup": WARMUP,
            "guided_attention": 0.0,
        }
        training = training.model_copy(update=own)
    network.to(device)
    best = dict[str, Any]()

    def keep(model: torch.nn.Module, step: int) -> None:
        best.update(step=step, weights=copy.deepcopy(model.state_dict()))

    known = dict(group_references(corpora.dev.pairs))
    answers = [known[pair.src] for pair in corpora.dev.pairs]
    validate = Validator(prepared.dev, tokenizers.tgt.decode, answers)
    with TemporaryDirectory() as folder:
        job = Job(prepared.train, validate, keep, Path(folder) / "checkpoint.safetensors")
        penalties = Penalties.of(training)
        job = replace(
            job,
            loss=partial(batch_loss, penalties=penalties),
            collate=collate_of(training, tokenizers),
            mix=mix_of(training, prepared),
        )
        began = time.monotonic(), time.process_time()
        outcome = Trainer(network, training, job).run()
        spent = [
            now - then
            for now, then in zip((time.monotonic(), time.process_time()), began, strict=True)
        ]
    network.load_state_dict(best["weights"])
    if asked.keep and name != OURS:
        save(asked.keep / name, config, network, tokenizers)
    translator = Translator(TorchStepper(network), tokenizers.src, tokenizers.tgt, config.search)
    sets = {"dev": corpora.dev} | ({"test": corpora.test} if asked.test and corpora.test else {})
    scores = {
        split: score(translator, dict(group_references(one.pairs))) for split, one in sets.items()
    }
    return {
        "who": name,
        "millions": round(sum(weight.numel() for weight in network.parameters()) / 1e6, 1),
        "steps": outcome.progress.step,
        "epochs": outcome.progress.epoch,
        "minutes": round(spent[0] / 60, 2),
        "cpu_minutes": round(spent[1] / 60, 2),
        **scores,
    }


def save(folder: Path, config: Config, network: Transformer, tokenizers: Tokenizers) -> None:
    """Write weights and tokenizers, for `translate_speed.py --transformer`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    np.savez(folder / "weights.npz", **weights)
    save_text_side(folder, config, tokenizers)


def score(translator: Translator, known: dict[str, list[str]]) -> dict[str, Any]:
    """Translate each source once, and compare with all its references."""
    options = TranslateOptions(beam_size=5, attention=False)
    texts = [one.text for one in translator.translate(list(known), options)]
    found = {name: METRICS[name]().corpus(texts, list(known.values())) for name in ("bleu", "chrf")}
    return {
        **{name: round(one.score, 2) for name, one in found.items()},
        "signature": found["bleu"].signature,
    }


def table(results: list[dict[str, Any]]) -> str:
    """Lay the results out for a README."""
    lines = ["| who | weights | steps | epochs | minutes (processor) | set | BLEU | chrF |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for one in results:
        for split in ("dev", "test"):
            if split in one:
                lines.append(
                    f"| {one['who']} | {one['millions']} M | {one['steps']:,} | {one['epochs']} "
                    f"| {one['minutes']} ({one['cpu_minutes']}) | {split} "
                    f"| {one[split]['bleu']:.1f} | {one[split]['chrf']:.1f} |"
                )
    return "\n".join([*lines, "", f"`{results[0]['dev']['signature']}`"])


if __name__ == "__main__":
    main()
