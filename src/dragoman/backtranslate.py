"""Back-translation: target-language text becomes pairs, by a model of the other direction.

The method is that of Sennrich et al. 2016 (P16-1009): the source of such a pair is a machine's and the target a
person's. Drawn sources teach more than those of a beam where there is enough real data (Edunov et al. 2018,
arXiv:1808.09381); a tag before each synthetic source lets the model tell the two apart (Caswell et al. 2019,
arXiv:1906.06442). Several sources of each target of the training pairs, learned beside the pairs themselves, are half
of data diversification (Nguyen et al. 2020, arXiv:1911.01986); the other half are several targets of each source, by a
model of the direction that is to be learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dragoman.answers import Progress, Question, ask, near
from dragoman.data.corpus import Pair
from dragoman.errors import ConfigError
from dragoman.model import Model
from dragoman.search.sampling import SamplingOptions
from dragoman.translator import TranslateOptions


@dataclass(frozen=True)
class BacktranslateOptions:
    """How the sources are made.

    Attributes:
        beam_size: Of the search; it has no meaning where sources are drawn.
        seed: Draw the sources, with this seed, instead of searching.
        tag: What stands before each synthetic source; "" for nothing.
        max_ratio: A source is left out that is so many times longer or shorter than its target, in characters.
        outputs: How many sources are made of a line: the best of the beam.
        forward: The lines are sources, and what the model says of them the targets.
    """

    beam_size: int = 5
    seed: int | None = None
    tag: str = ""
    max_ratio: float = 3.0
    outputs: int = 1
    forward: bool = False

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ConfigError(f"beam_size is {self.beam_size}; expected at least 1.")
        if not self.max_ratio >= 1:
            raise ConfigError(f"max_ratio is {self.max_ratio}; expected at least 1.")
        if not 1 <= self.outputs <= self.beam_size:
            raise ConfigError(
                f"outputs is {self.outputs}; expected 1 to {self.beam_size}, what the beam holds."
            )
        if self.seed is not None and self.outputs > 1:
            raise ConfigError(
                "outputs takes the best of a beam, and a seed draws without one; set one."
            )
        if self.forward and self.tag:
            raise ConfigError(
                "forward makes targets, and a tag stands before a source that was made; set one."
            )


def backtranslate_pairs(
    model: Model,
    texts: Sequence[str],
    notes: Path,
    options: BacktranslateOptions,
    progress: Progress | None = None,
) -> list[Pair]:
    """Find the other side of every line, once; leave out what was cut off, empty, or of a length that cannot be right.

    Args:
        model: From the lines' language to the other; a model, a bundle or an ensemble.
        texts: In the language that the trained model will write, or, forward, will read; blank lines are left out.
        notes: A file that keeps what was said already, so that a run can be gone on with.
        options: How.
        progress: Told how many lines are done, of how many.

    Raises:
        ConfigError: `notes` was made with other options.
    """
    lines = list(dict.fromkeys(line for line in texts if line.strip()))
    drawing = None if options.seed is None else SamplingOptions(seed=options.seed)
    how = TranslateOptions(
        beam_size=options.beam_size, nbest=options.outputs, sampling=drawing, attention=False
    )
    settings = {"beam_size": options.beam_size, "seed": options.seed}
    several = {"outputs": options.outputs} if options.outputs > 1 else {}
    said = ask(model, lines, notes, Question(settings | several, how), progress)
    tag = f"{options.tag} " if options.tag else ""
    return [
        Pair(line, one.text) if options.forward else Pair(f"{tag}{one.text}", line)
        for line in lines
        for one in (said[line], *said[line].others)
        if one.complete and one.text.strip() and near(one.text, line, options.max_ratio)
    ]
