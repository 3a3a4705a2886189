"""The weights of the best validations, kept, and averaged at the end (checkpoint averaging).

What is averaged is what validations see: the moving averages, where there are any. Those kept are whole model folders,
`best/SCORE_LOSS/`, so that they can also vote as an ensemble (``dragoman translate ... --with``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dragoman.config import Config
from dragoman.training.checkpoints import load_tensors
from dragoman.training.folder import WEIGHTS, Tokenizers, save_text_side, save_weights
from dragoman.training.loop import worth
from dragoman.training.validation import Validation

BEST = "best"


@dataclass(frozen=True)
class BestKept:
    """Scores a model, and keeps its weights while they are among the best.

    Attributes:
        out: The model folder.
        config: The recipe; `training.average_best` says how many are kept.
        tokenizers: What each kept folder holds besides weights.
        validate: Scores a model on dev.
    """

    out: Path
    config: Config
    tokenizers: Tokenizers
    validate: Callable[[Any], Validation]

    def clear(self) -> None:
        """Forget what a training that began in this folder before has left."""
        shutil.rmtree(self.out / BEST, ignore_errors=True)

    def __call__(self, model: nn.Module) -> Validation:
        """Score a model; keep it, named by its score, so that a validation made again leaves the same."""
        found = self.validate(model)
        score = worth(found, self.config.training.stop_metric)
        folder = self.out / BEST / f"{score:.6f}_{found.loss:.6f}"
        folder.mkdir(parents=True, exist_ok=True)
        save_text_side(folder, self.config, self.tokenizers)
        save_weights(folder, model, 0)
        for worse in self.kept()[self.config.training.average_best :]:
            shutil.rmtree(worse)
        return found

    def kept(self) -> list[Path]:
        """Give the folders, best first."""

        def rank(folder: Path) -> tuple[float, float]:
            score, loss = folder.name.split("_")
            return float(score), -float(loss)

        found = [path.parent for path in (self.out / BEST).glob(f"*/{WEIGHTS}")]
        return sorted(found, key=rank, reverse=True)

    def finish(self, model: nn.Module, best: tuple[float, float], step: int) -> str:
        """Save the average of all that were kept, if it is better than the best of them.

        Args:
            model: Any of this shape; its weights are overwritten.
            best: The best validation's score, and its loss, negative.
            step: The training's last.

        Returns:
            What came of it, in a line.
        """
        folders = self.kept()
        if len(folders) < 2:
            return f"training.average_best: {len(folders)} validation, nothing to average."
        mean = average([load_tensors(folder / WEIGHTS)[0] for folder in folders])
        with torch.no_grad():
            for name, weight in model.named_parameters():
                weight.copy_(mean[name])
        found = self.validate(model)
        score = worth(found, self.config.training.stop_metric)
        better = (score, -found.loss) > best
        if better:
            save_weights(self.out, model, step)
        verdict = "better than the best of them, and saved" if better else "no better; not saved"
        return (
            f"the average of the {len(folders)} best: score {score:.4f}, loss {found.loss:.4f}; "
            f"the best of them {best[0]:.4f}, {-best[1]:.4f}: {verdict}."
        )


def average(models: list[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each weight."""
    return {
        name: torch.stack([weights[name].double() for weights in models]).mean(dim=0).float()
        for name in models[0]
    }
