"""The estimators: each a way to train a model on lists, and to use it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from dragoman.api import TrainOptions, load, train
from dragoman.disk import write_atomically
from dragoman.errors import InputError, ModelError
from dragoman.evaluation.metrics import METRICS
from dragoman.model import Model
from dragoman.tasks import TASKS
from dragoman.text.normalise import Normaliser
from dragoman.training.folder import CONFIG, SRC_TOKENIZER, TGT_TOKENIZER, WEIGHTS
from dragoman.translator import TranslateOptions

_FILES = (CONFIG, WEIGHTS, SRC_TOKENIZER, TGT_TOKENIZER)
_OWN = "estimator.json"
_PLAIN = Normaliser()


class InvalidTextError(InputError, ValueError):
    """What is no text, or not as many texts as answers; a ValueError too, as scikit-learn expects."""


class _Estimator(BaseEstimator):
    """What the three share.

    Attributes:
        model_: The model, once fitted.
    """

    _task: ClassVar[str] = ""
    model_: Model
    files_: dict[str, bytes]

    def __init__(
        self,
        epochs: float | None = None,
        minutes: float | None = None,
        hidden_size: int | None = None,
        settings: Mapping[str, Any] | None = None,
        seed: int = 1,
    ) -> None:
        self.epochs, self.minutes = epochs, minutes
        self.hidden_size, self.settings, self.seed = hidden_size, settings, seed

    def fit(self, X: Any, y: Any) -> Self:
        """Train from scratch; a tenth of what is given is held out to choose the best weights by.

        Args:
            X: Texts.
            y: The right answer to each.
        """
        return self._fit(self._sources(X), [_text(one, "y") for one in _sequence(y, "y")])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score by the first of the task's quick metrics that applies, from 0 to 1, more being better.

        Args:
            X: Texts.
            y: The right answer to each.
            sample_weight: Not supported.
        """
        if sample_weight is not None:
            raise InvalidTextError("sample_weight: all texts weigh the same; leave it out.")
        check_is_fitted(self)
        hypotheses = self._outputs(X)
        references = [[one] for one in self._answers(y)]
        _check_lengths(hypotheses, references)
        names = TASKS[self._task_name()].dev_metrics
        name = next(name for name in names if METRICS[name].applies(references))
        score = METRICS[name]().corpus(hypotheses, references).score / 100
        return 1 - score if METRICS[name].lower_is_better else score

    def save(self, folder: str | Path) -> None:
        """Write a model folder, which `dragoman.load` and the command line read as well. No pickle.

        Raises:
            InputError: The folder holds something already.
        """
        check_is_fitted(self)
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder}: exists already; save into a new folder.")
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files_.items():
            write_atomically(folder / name, content)
        own = {"class": type(self).__name__, "params": self.get_params(), **self._state()}
        try:
            text = json.dumps(own, ensure_ascii=False, indent=2)
        except TypeError as error:
            raise InputError(f"a parameter cannot be written as JSON: {error}.") from None
        write_atomically(folder / _OWN, f"{text}\n".encode())

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ModelError: It is missing, damaged, or was saved by another class.
        """
        folder = Path(folder)
        model = load(folder)
        try:
            own = json.loads((folder / _OWN).read_text(encoding="utf-8"))
            made = cls(**own["params"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{folder / _OWN}: cannot be read ({error}); expected what {cls.__name__}.save wrote."
            ) from None
        if own.get("class") != cls.__name__:
            raise ModelError(f"{folder}: was saved by {own.get('class')}, not by {cls.__name__}.")
        made._restore(own)
        return made._set_model(folder, model)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        return tags

    def _task_name(self) -> str:
        return self._task

    def _state(self) -> dict[str, Any]:
        """Give what else `save` must write."""
        return {}

    def _restore(self, state: Mapping[str, Any]) -> None:
        """Take it again."""

    def _sources(self, X: Any) -> list[str]:
        return [_text(one, "X") for one in _sequence(X, "X")]

    def _answers(self, y: Any) -> list[str]:
        return [_text(one, "y") for one in _sequence(y, "y")]

    def _outputs(self, X: Any) -> list[str]:
        """Predict, as texts."""
        check_is_fitted(self)
        found = self.model_.translate(self._sources(X), TranslateOptions(attention=False))
        return [one.text for one in found]

    def _fit(self, sources: Sequence[str], targets: Sequence[str]) -> Self:
        _check_lengths(sources, targets)
        said: dict[str, Any] = {
            "training.seed": self.seed,
            "training.epochs": self.epochs,
            "model.hidden_size": self.hidden_size,
            # What is given to scikit-learn may be shuffled; each text is predicted by itself.
            "model.context_words": 0,
            **(self.settings or {}),
        }
        settings = [f"{key}={json.dumps(one)}" for key, one in said.items() if one is not None]
        options = TrainOptions(settings=settings, minutes=self.minutes, task=self._task_name())
        with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
            out = Path(folder) / "model"
            model = train(zip(sources, targets, strict=True), out, options)
            return self._set_model(out, model)

    def _set_model(self, folder: Path, model: Model) -> Self:
        # The bytes are kept, since the folder of a fit is gone when it ends.
        self.files_ = {name: (folder / name).read_bytes() for name in _FILES}
        self.model_ = model
        return self


class Transducer(_Estimator):
    """Turns one sequence into another: translates, pronounces, inflects, normalises.

    Args:
        task: A row of TASKS whose answers are texts.
        epochs: Passes over the data; chosen from its size unless said.
        minutes: Time to fill instead.
        hidden_size: Width of the recurrent state; chosen unless said.
        settings: Any other setting of a recipe, such as ``{"model.cell": "gru"}``.
        seed: Fixes every random choice.
    """

    def __init__(
        self,
        task: str = "translate",
        epochs: float | None = None,
        minutes: float | None = None,
        hidden_size: int | None = None,
        settings: Mapping[str, Any] | None = None,
        seed: int = 1,
    ) -> None:
        super().__init__(epochs, minutes, hidden_size, settings, seed)
        self.task = task

    def predict(self, X: Any) -> NDArray[np.object_]:
        """Give each text's answer."""
        return np.array(self._outputs(X), dtype=object)

    def _task_name(self) -> str:
        return self.task


class Tagger(_Estimator):
    """Gives each word a label.

    A sentence is a list of words, or a string in which spaces stand between them; its labels likewise. `score` is
    the F1 of chunks where labels are IOB2, else the share of labels that are right.

    Args:
        epochs: Passes over the data; chosen from its size unless said.
        minutes: Time to fill instead.
        hidden_size: Width of the recurrent state; chosen unless said.
        settings: Any other setting of a recipe, such as ``{"model.head": "softmax"}``.
        seed: Fixes every random choice.
    """

    _task = "tag"

    def fit(self, X: Any, y: Any) -> Self:
        """Train from scratch; a tenth of what is given is held out to choose the best weights by.

        Args:
            X: Sentences: lists of words, or strings.
            y: The labels of each.
        """
        return self._fit(self._sources(X), self._answers(y))

    def predict(self, X: Any) -> list[list[str]]:
        """Give each sentence's labels, a list each."""
        return [labels.split() for labels in self._outputs(X)]

    def _sources(self, X: Any) -> list[str]:
        return [_joined(one, "X") for one in _sequence(X, "X")]

    def _answers(self, y: Any) -> list[str]:
        return [_joined(one, "y") for one in _sequence(y, "y")]


class Classifier(ClassifierMixin, _Estimator):
    """Gives each text one of the labels seen in `fit`; `score` is accuracy.

    Args:
        epochs: Passes over the data; chosen from its size unless said.
        minutes: Time to fill instead.
        hidden_size: Width of the recurrent state; chosen unless said.
        settings: Any other setting of a recipe, such as ``{"model.head": "last"}``.
        seed: Fixes every random choice.

    Attributes:
        classes_: The labels, sorted: strings or numbers.
    """

    _task = "classify"
    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any) -> Self:
        """Train from scratch; a tenth of what is given is held out to choose the best weights by.

        Args:
            X: Texts.
            y: The label of each: strings or numbers.
        """
        sources, labels = self._sources(X), np.asarray(_sequence(y, "y"))
        if labels.ndim != 1:
            raise InvalidTextError(f"y has {labels.ndim} dimensions; expected one label a text.")
        self.classes_ = np.unique(labels)
        names = [_name(one) for one in self.classes_.tolist()]
        if len(set(names)) < len(names) or not all(names):
            raise InvalidTextError(
                "y: labels must differ in more than white space, and not be empty."
            )
        return self._fit(sources, [_name(one) for one in labels.tolist()])

    def predict(self, X: Any) -> NDArray[Any]:
        """Give each text's label."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Give the probability of each label, in the order of `classes_`: [texts, labels].

        An empty text says nothing, so all its labels are equally likely.
        """
        check_is_fitted(self)
        column = {_name(one): number for number, one in enumerate(self.classes_.tolist())}
        options = TranslateOptions(nbest=len(column), attention=False)
        found = self.model_.translate(self._sources(X), options)
        table = np.full((len(found), len(column)), 1 / len(column))
        for row, one in zip(table, found, strict=True):
            for guess in (one, *one.alternatives) if one.tokens else ():
                row[column[guess.text]] = guess.probabilities[0]
        return table

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of texts whose label is right."""
        return float(ClassifierMixin.score(self, X, y, sample_weight))

    def _state(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.classes_ = np.array(state["classes"])


def _sequence(values: Any, name: str) -> list[Any]:
    """Make a list of an array, a column of a table, or a list."""
    if values is None:
        raise InvalidTextError(
            f"this estimator requires {name} to be passed, but the target {name} is None"
        )
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise InvalidTextError(f"{name} is one {type(values).__name__}; expected a list of texts.")
    if getattr(values, "ndim", 1) != 1:
        raise InvalidTextError(f"{name} has {values.ndim} dimensions; expected a list of texts.")
    found = list(values)
    if not found:
        raise InvalidTextError(f"{name} is empty; expected at least one text.")
    return found


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidTextError(
            f"{name} holds a {type(value).__name__}, {value!r:.60}; expected texts."
        )
    return value


def _joined(value: Any, name: str) -> str:
    """Write words, or labels, with one space between; what a word is not is settled as in a file."""
    if isinstance(value, str):
        return " ".join(value.split())
    words = [_text(word, name) for word in _sequence(value, name)]
    return " ".join(_PLAIN(word).replace(" ", "_") or "_" for word in words)


def _name(label: Any) -> str:
    """Write a label as a model gives it."""
    return _PLAIN(str(label))


def _check_lengths(sources: Sequence[Any], targets: Sequence[Any]) -> None:
    if len(sources) != len(targets):
        raise InvalidTextError(
            f"X has {len(sources)} texts, y has {len(targets)}; expected as many."
        )
