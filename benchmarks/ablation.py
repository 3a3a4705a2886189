"""What each part gives: the recipe, and the recipe with one thing changed, on dev; the table of recipes/README.md.

    python benchmarks/ablation.py --data FOLDER [--recipe RECIPE.toml] [--out DIR] [--parts NAME,NAME]
        (--steps N | --minutes N) [--seeds 1] [--at-once 2] [--threads 1] [--device cuda] [--set KEY=VALUE ...]

Every row is a training of its own, in a process of its own, as many at once as asked; one that is finished already is
not trained again, one that was cut off goes on. `--set` holds for all of them. Equal steps say what a part gives for
the same updates, equal minutes for the same time: with `--minutes`, give every row the same company, a core each or
all of them one GPU at once. Dev alone is scored, by beam 5, with the average of the weights that the recipe keeps.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

RECIPE = Path(__file__).parents[1] / "recipes" / "multi30k-en-de.toml"
PARTS: dict[str, tuple[str, ...]] = {
    "recipe": (),
    "r-drop": ("training.r_drop=5",),
    "bpe-dropout": ("training.bpe_dropout=0.1",),
    "scheduled sampling": ("training.scheduled_sampling=0.25",),
    "average of the best": ("training.average_best=5",),
    "word dropout": ("model.word_dropout=0.1",),
    "weight dropout": ("model.weight_dropout=0.2",),
    "more dropout": ("model.dropout=0.4",),
    "r-drop, more dropout": ("training.r_drop=5", "model.dropout=0.4"),
    "r-drop, bpe-dropout": ("training.r_drop=5", "training.bpe_dropout=0.1"),
    "r-drop, word dropout": ("training.r_drop=5", "model.word_dropout=0.1"),
    "deep output": ("model.deep_output=true",),
    "gnmt": ("model.decoder=gnmt", "model.decoder_layers=2"),
    "gnmt, r-drop": ("model.decoder=gnmt", "model.decoder_layers=2", "training.r_drop=5"),
    "conditional": ("model.decoder=conditional",),
    "deep transition": ("model.transitions=2",),
    "zoneout": ("model.zoneout=0.1",),
    "additive heads": ("model.attention=multihead-additive", "model.attention_heads=4"),
    "alternating": ("model.encoder=alternating", "model.encoder_layers=2", "model.residual=true"),
    "wider": ("model.hidden_size=768",),
    "two encoder layers": ("model.encoder_layers=2", "model.residual=true"),
}


@dataclass(frozen=True)
class Run:
    """One training: a row's name, what it sets, and its seed."""

    name: str
    settings: tuple[str, ...]
    seed: int

    @property
    def folder(self) -> str:
        """Where its model lies."""
        return f"{self.name.replace(',', '').replace(' ', '-')}-{self.seed}"


def main() -> None:
    """Train what is not trained yet, and print the table."""
    asked = arguments()
    if asked.one:
        train_one(asked)
        return
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}.")
    # Seed by seed, so that what is cut short still has every row.
    runs = [
        Run(name, PARTS[name], seed) for seed in range(1, asked.seeds + 1) for name in asked.parts
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(asked.at_once) as pool:
        for number, line in enumerate(pool.map(lambda run: start(run, asked), runs), 1):
            left = (time.monotonic() - began) / number * (len(runs) - number) / 60
            print(f"{number}/{len(runs)} {line}; {left:.0f} minutes left", file=sys.stderr)
    print_table(asked)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--out", type=Path, default=Path("models/ablation"))
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int)
    length.add_argument("--minutes", type=float)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def start(run: Run, asked: argparse.Namespace) -> str:
    """Train one row in a process of its own, which writes `result.json` beside its model."""
    folder: Path = asked.out / run.folder
    if (folder / "result.json").exists():
        return f"{run.folder} is there"
    folder.parent.mkdir(parents=True, exist_ok=True)
    one = json.dumps({"folder": str(folder), "settings": run.settings, "seed": run.seed})
    with folder.with_suffix(".log").open("a", encoding="utf-8") as log:
        done = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--one", one],
            env=os.environ | {"OMP_NUM_THREADS": str(asked.threads)},
            stdout=log,
            stderr=log,
            check=False,
        )
    return run.folder if done.returncode == 0 else f"{run.folder} FAILED, see {log.name}"


def train_one(asked: argparse.Namespace) -> None:
    """Train, score on dev, and write down what came out."""
    import dragoman
    from dragoman.evaluation.report import EvaluationOptions
    from dragoman.training.callbacks import Callback, ProgressLine, StepRecord

    class Time(Callback):
        """Adds up what the steps took that were made this time."""

        steps, seconds = 0, 0.0

        def on_step(self, record: StepRecord) -> None:
            self.steps, self.seconds = self.steps + 1, self.seconds + record.seconds

    one = json.loads(asked.one)
    folder, spent = Path(one["folder"]), Time()
    config = dragoman.load_config(asked.recipe)
    training = config.training.model_copy(
        update={"minutes": asked.minutes, "steps": asked.steps, "epochs": None}
    )
    config = config.model_copy(update={"training": training})
    settings = [
        f"training.seed={one['seed']}",
        f"training.threads={asked.threads}",
        f"training.device={asked.device}",
        *asked.settings,
        *one["settings"],
    ]
    options = dragoman.TrainOptions(
        asked.data,
        settings,
        resume=(folder / "resolved.toml").exists(),
        callbacks=[ProgressLine(folder.name), spent],
    )
    model = dragoman.train(config, folder, options)
    dev = model.config.data.dev
    names = [dev] if isinstance(dev, str) else list(dev)
    files = tuple(asked.data / name for name in names)
    corpus = model.read(files if len(files) > 1 else files[0])
    found = model.evaluate(corpus, evaluation=EvaluationOptions(num_samples=0)).scores
    result = {
        "scores": {name: float(score.score) for name, score in found.items()},
        # Of the whole training: it may have been gone on with.
        "steps": model.config.training.steps,
        "step_ms": 1000 * spent.seconds / max(1, spent.steps),
    }
    (folder / "result.json").write_text(json.dumps(result, indent=2), encoding="utf-8")


def print_table(asked: argparse.Namespace, metric: str = "bleu") -> None:
    """Print, for people, what each row came to against the first."""
    print(
        f"| part | steps | dev {metric} | against the recipe | ms a step |\n|---|---|---|---|---|"
    )
    first: float | None = None
    for name in asked.parts:
        found = []
        for seed in range(1, asked.seeds + 1):
            path = asked.out / Run(name, PARTS[name], seed).folder / "result.json"
            found += [json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []
        if not found:
            print(f"| {name} | | not finished | | |")
            continue
        score = statistics.mean(one["scores"][metric] for one in found)
        first = score if first is None else first
        steps = statistics.mean(one["steps"] for one in found)
        step_ms = statistics.mean(one["step_ms"] for one in found)
        print(f"| {name} | {steps:,.0f} | {score:.2f} | {score - first:+.2f} | {step_ms:,.0f} |")


if __name__ == "__main__":
    main()
