"""SIGMORPHON 2020 task 1: spelling to phones in 15 languages, single models and their ensemble.

    python benchmarks/sigmorphon2020_g2p.py --data FOLDER [--seeds 3] [--workers 2] [--languages kor,fre] [--out DIR]

FOLDER holds train/LANG_train.tsv, dev/LANG_dev.tsv and test/LANG_test.tsv. Each model is trained on one thread, as
many at once as there are workers; one that is finished already is not trained again. "single" is the mean of the
seeds, "ensemble" lets them vote. Dev is always scored, test only with --test, which is for the end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

LANGUAGES = [
    "ady",
    "arm",
    "bul",
    "dut",
    "fre",
    "geo",
    "gre",
    "hin",
    "hun",
    "ice",
    "jpn",
    "kor",
    "lit",
    "rum",
    "vie",
]
RECIPE = Path(__file__).parents[1] / "recipes" / "sigmorphon2020-g2p.toml"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/sigmorphon2020"))
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--test", action="store_true")
    asked = parser.parse_args()
    languages = asked.languages.split(",")
    os.environ["OMP_NUM_THREADS"] = "1"
    began = time.monotonic()
    with ProcessPoolExecutor(asked.workers) as pool:
        # Seed by seed, so that what is cut short still has every language.
        jobs = [
            (asked.data, asked.out, language, seed)
            for seed in range(1, asked.seeds + 1)
            for language in languages
        ]
        for number, line in enumerate(pool.map(train, jobs), 1):
            left = (time.monotonic() - began) / number * (len(jobs) - number) / 60
            print(f"{number}/{len(jobs)} {line}; {left:.0f} minutes left", file=sys.stderr)
        rows = list(pool.map(score, [(asked.data, asked.out, lang, asked) for lang in languages]))
    for split in ("dev", "test") if asked.test else ("dev",):
        for kind in ("single", "ensemble"):
            mean = statistics.mean(row[split][kind] for row in rows)
            print(f"{split} {kind}: macro WER {mean:.2f}", file=sys.stderr)
    print(json.dumps(rows, indent=2))


def folder_of(out: Path, language: str, seed: int) -> Path:
    return out / f"{language}-{seed}"


def train(job: tuple[Path, Path, str, int]) -> str:
    """Train one model by the recipe."""
    data, out, language, seed = job
    import dragoman
    from dragoman.training.folder import load_config_of

    folder = folder_of(out, language, seed)
    if (folder / "resolved.toml").exists() and load_config_of(folder).made.get("finished"):
        return f"{folder.name} is there"
    settings = [
        f'data.train="train/{language}_train.tsv"',
        f'data.dev="dev/{language}_dev.tsv"',
        f"training.seed={seed}",
    ]
    began = time.monotonic()
    resume = (folder / "resolved.toml").exists()
    dragoman.train(RECIPE, folder, dragoman.TrainOptions(data, settings, resume=resume))
    return f"{folder.name} in {time.monotonic() - began:.0f} s"


def score(job: tuple[Path, Path, str, argparse.Namespace]) -> dict:
    """Score the single models and the ensemble of a language."""
    data, out, language, asked = job
    import dragoman
    from dragoman.evaluation.report import EvaluationOptions

    models = [dragoman.load(folder_of(out, language, seed)) for seed in range(1, asked.seeds + 1)]
    row: dict = {"language": language}
    for split in ("dev", "test") if asked.test else ("dev",):
        pairs = models[0].read(data / split / f"{language}_{split}.tsv").pairs

        def wer(model: dragoman.Model, pairs: list = pairs) -> tuple[float, float]:
            found = model.evaluate(pairs, evaluation=EvaluationOptions(num_samples=0)).scores
            return found["wer"].score, found["per"].score

        singles = [wer(model) for model in models]
        joined = wer(dragoman.ensemble(models))
        row[split] = {
            "single": round(statistics.mean(one[0] for one in singles), 2),
            "single_per": round(statistics.mean(one[1] for one in singles), 2),
            "seeds": [round(one[0], 2) for one in singles],
            "ensemble": round(joined[0], 2),
            "ensemble_per": round(joined[1], 2),
        }
    return row


if __name__ == "__main__":
    main()
