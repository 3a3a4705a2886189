"""Where sentences lie: their context vectors, projected to the plane that holds most of their variance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dragoman.data import phrasebook
from dragoman.errors import InputError
from dragoman.inspection.trace import ContextMap, Place
from dragoman.inspection.tracer import Subject

_LEAST = 3


def shipped_sentences(corpus: str, number: int = 60) -> tuple[str, ...]:
    """Give test sentences, short ones first, of a corpus that ships; none of another.

    Args:
        corpus: Its name, such as ``phrasebook-en-fr``.
        number: At most so many.
    """
    parts = corpus.split("-")
    if parts[0] != "phrasebook" or len(parts) != 3:
        return ()
    sources = dict.fromkeys(source for source, _ in phrasebook.pairs(parts[1], parts[2], "test"))
    texts = sorted(sources, key=len)
    return tuple(texts[:: max(1, len(texts) // number)][:number])


def context_map(subject: Subject, texts: Sequence[str], own: Sequence[str] = ()) -> ContextMap:
    """Project context vectors to the plane (as in Sutskever et al. 2014, figure 2).

    The axes are those of `texts` alone, so that the map stays where it is when a person adds a sentence.

    Args:
        subject: The model.
        texts: The sentences that make the map.
        own: Sentences to place on it.

    Raises:
        InputError: There are fewer than three different sentences, or one is empty.
    """
    texts = list(dict.fromkeys(text for text in texts if text not in own))
    if len(texts) < _LEAST:
        raise InputError(
            f"a map needs at least {_LEAST} different sentences besides your own, found {len(texts)}."
        )
    vectors = np.stack([context_vector(subject, text) for text in (*texts, *own)])
    axes, explained = principal_axes(vectors[: len(texts)])
    flat = (vectors - vectors[: len(texts)].mean(axis=0)) @ axes.T
    return ContextMap(
        places=tuple(
            Place(text=text, x=x, y=y, own=number >= len(texts))
            for number, (text, (x, y)) in enumerate(zip((*texts, *own), flat.tolist(), strict=True))
        ),
        explained=(explained[0], explained[1]),
    )


def context_vector(subject: Subject, text: str) -> NDArray[np.float64]:
    """Read a sentence; give the decoder's first hidden state, top layer: [hidden]."""
    state = subject.start(subject.encode(text))
    return subject.stepper.look(state)[1].astype(np.float64)


def principal_axes(
    vectors: NDArray[np.float64],
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Find the two directions of the largest variance (Pearson 1901), by the singular value decomposition.

    Args:
        vectors: [sentences, size], at least two.

    Returns:
        The axes, [2, size], each of length 1, its largest entry positive; and the share of the variance
        that each holds.
    """
    centred = vectors - vectors.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    axes = axes * np.where(largest < 0, -1.0, 1.0)[:, None]
    total = float((values**2).sum()) or 1.0
    first, second = ((values[:2] ** 2) / total).tolist()
    return axes, (first, second)
