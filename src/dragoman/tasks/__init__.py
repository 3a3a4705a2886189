"""Tasks: what else turns one sequence into another, each with its files, tokens, model and scores."""

from __future__ import annotations

from dragoman.tasks.classify import CLASSIFY
from dragoman.tasks.g2p import G2P
from dragoman.tasks.inflect import INFLECT
from dragoman.tasks.normalise import NORMALISE
from dragoman.tasks.summarise import SUMMARISE
from dragoman.tasks.tag import TAG
from dragoman.tasks.task import Task
from dragoman.tasks.translate import TRANSLATE
from dragoman.tasks.transliterate import TRANSLITERATE

__all__ = ["TASKS", "Task"]

TASKS: dict[str, Task] = {
    "translate": TRANSLATE,
    "g2p": G2P,
    "transliterate": TRANSLITERATE,
    "inflect": INFLECT,
    "normalise": NORMALISE,
    "summarise": SUMMARISE,
    "tag": TAG,
    "classify": CLASSIFY,
}
