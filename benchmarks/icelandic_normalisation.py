"""Icelandic normalisation from 25,000 tokens: single models, and their ensemble, word accuracy on dev.

    python benchmarks/icelandic_normalisation.py --data FOLDER [--seeds 3] [--out DIR] [--set KEY=VALUE ...]

FOLDER holds icelandic-icepahc.train.txt and icelandic-icepahc.dev.txt (Bollmann 2019, arXiv:1904.02036): old<TAB>new,
a token a line. The first 25,000 lines of the first are what is learned from. Each model is trained on one thread, one
after the other; one that is finished already is not trained again. "single" is the mean of the seeds, "ensemble" lets
them vote. "stretches" are the 13 parts of dev, 500 lines each: how often the first model is right, how often the old
spelling is the answer, and how many of the words are "contrary": known from training, where their answer never occurs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.data.corpus import Pair

RECIPE = Path(__file__).parents[1] / "recipes" / "histnorm-icelandic.toml"
TOKENS = 25_000
STRETCH = 500


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/icelandic"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    prepare(asked.data, asked.out)
    folders = [train(asked, seed) for seed in range(1, asked.seeds + 1)]
    print(json.dumps(score(folders, asked.out / "dev.tsv"), indent=2))


def prepare(data: Path, out: Path) -> None:
    """Write what the recipe names."""
    out.mkdir(parents=True, exist_ok=True)
    with (data / "icelandic-icepahc.train.txt").open(encoding="utf-8") as lines:
        (out / "train.tsv").write_text("".join(islice(lines, TOKENS)), encoding="utf-8")
    shutil.copyfile(data / "icelandic-icepahc.dev.txt", out / "dev.tsv")


def train(asked: argparse.Namespace, seed: int) -> Path:
    """Train a model by the recipe."""
    import dragoman
    from dragoman.training.folder import load_config_of

    folder = asked.out / f"seed-{seed}"
    begun = (folder / "resolved.toml").exists()
    if begun and load_config_of(folder).made.get("finished"):
        return folder
    settings = [f"training.seed={seed}", *asked.settings]
    began = time.monotonic()
    dragoman.train(RECIPE, folder, dragoman.TrainOptions(asked.out, settings, resume=begun))
    print(f"{folder.name} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return folder


def score(folders: list[Path], dev: Path) -> dict:
    """Score the single models and their ensemble."""
    import dragoman
    from dragoman.evaluation.report import EvaluationOptions

    models = [dragoman.load(folder) for folder in folders]
    corpus = models[0].read(dev)

    def measured(model: dragoman.Model, samples: int) -> tuple[list[str], dict]:
        evaluation = EvaluationOptions(num_samples=samples)
        outputs, found = model.evaluate_with_outputs(corpus, evaluation=evaluation)
        return outputs, found.to_dict()

    measures = [measured(model, 0) for model in models]
    singles = [found["accuracy"] for _, found in measures]
    learned = models[0].read(dev.with_name("train.tsv")).pairs
    return {
        "seeds": [round(one, 2) for one in singles],
        "single": round(statistics.mean(singles), 2),
        "ensemble": measured(dragoman.ensemble(models), 1000)[1],
        "stretches": stretches(measures[0][0], corpus.pairs, learned),
    }


def stretches(outputs: list[str], pairs: Sequence[Pair], learned: Sequence[Pair]) -> list[dict]:
    """Return what is right in each part of dev, and how much of it training could not show."""
    answers: dict[str, set[str]] = {}
    for src, tgt in learned:
        answers.setdefault(src, set()).add(tgt)
    rows = [
        (text == tgt, src == tgt, src in answers and tgt not in answers[src])
        for text, (src, tgt) in zip(outputs, pairs, strict=True)
    ]
    return [
        {
            "from": start,
            **{
                name: round(100 * statistics.mean(values), 1)
                for name, values in zip(
                    ("right", "copied", "contrary"),
                    zip(*rows[start : start + STRETCH], strict=True),
                    strict=True,
                )
            },
        }
        for start in range(0, len(rows), STRETCH)
    ]


if __name__ == "__main__":
    main()
