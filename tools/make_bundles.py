"""Make the two bundles that come with the package anew: train, export, score, and write their scores into the list.

    python tools/make_bundles.py [--keep FOLDER]

About ten minutes on two cores. FOLDER keeps the model folders, and one that is finished is not trained again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import dragoman
from dragoman.api import export_bundle
from dragoman.data import phrasebook
from dragoman.training.folder import load_config_of

ROOT = Path(__file__).parents[1]
ZOO = ROOT / "src" / "dragoman" / "zoo"
RECIPES = {"phrasebook-en-fr": "attention", "phrasebook-en-fr-plain": "plain"}


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--keep", type=Path)
    with tempfile.TemporaryDirectory() as scratch:
        models = parser.parse_args().keep or Path(scratch)
        scores = {name: make(name, recipe, models) for name, recipe in RECIPES.items()}
    path = ZOO / "zoo.json"
    listed = json.loads(path.read_text(encoding="utf-8"))
    for row in listed["models"]:
        row["scores"] = scores.get(row["name"], row.get("scores", {}))
    path.write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def make(name: str, recipe: str, models: Path) -> dict[str, float]:
    """Train one, unless it is there, and export it; return its scores on the held-out sentences."""
    folder, out = models / recipe, ZOO / "bundles" / name
    if not (folder / "resolved.toml").exists() or not load_config_of(folder).made.get("finished"):
        resume = (folder / "resolved.toml").exists()
        dragoman.train(
            ROOT / "recipes" / f"{recipe}.toml", folder, dragoman.TrainOptions(resume=resume)
        )
    export_bundle(folder, out, int8=True)
    found = dragoman.load(out).evaluate(phrasebook.pairs("en", "fr", "test")).scores
    return {metric: round(found[metric].score, 1) for metric in ("exact_match", "bleu")}


if __name__ == "__main__":
    main()
