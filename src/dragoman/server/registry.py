"""The models that are served: by name, each with an id that every answer carries, replaced all at once."""

from __future__ import annotations

import hashlib
import math
import re
import shutil
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from dragoman.errors import ConfigError, DragomanError, ModelError
from dragoman.inspection.contexts import shipped_sentences
from dragoman.model import Model
from dragoman.server.refusals import UnknownModelError
from dragoman.zoo import shipped

_PAIR = re.compile(r"(?:^|[-_./])([a-z]{2,3})[-_]([a-z]{2,3})(?:$|[-_./])")
_SPEC = re.compile(r"(?P<folder>.+)@(?P<src>[a-z]{2,3})-(?P<tgt>[a-z]{2,3})")
_WEIGHTS = (".safetensors", ".onnx", ".bin", ".toml", ".json")
_SKIPPED = ("checkpoint.", "scores.")
_ID_LENGTH = 12

Load = Callable[[Path], Model]


@dataclass(frozen=True)
class Spec:
    """A model that is to be served.

    Attributes:
        name: What requests call it.
        folder: Where it lies.
        languages: The codes of its source's and its target's language.
    """

    name: str
    folder: Path
    languages: tuple[str, str] | None = None

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Read ``FOLDER`` or ``FOLDER@en-fr``; a bundle that comes with the package goes by its name."""
        found = _SPEC.fullmatch(text)
        folder = Path(text if found is None else found["folder"])
        # Its own name, also where it is a link to another folder: that may change.
        name = folder.name if folder.name not in ("", "..") else folder.resolve().name
        return cls(name, folder, None if found is None else (found["src"], found["tgt"]))


@dataclass(frozen=True)
class Check:
    """A stored sentence that a model must translate, and how, if that matters."""

    source: str
    expected: str | None = None


@dataclass(frozen=True, eq=False)
class Served:
    """A model in use.

    Attributes:
        name: What requests call it.
        id: A hash of its files: another model has another.
        model: It.
        languages: The codes of its source's and its target's language.
        examples: Sentences that it can be tried on.
    """

    name: str
    id: str
    model: Model
    languages: tuple[str, str]
    examples: tuple[str, ...] = field(repr=False, default=())


class Registry:
    """The models that are served.

    Args:
        specs: Which; nothing else is ever read.
        load: How to read one.
        checks: What a model must be able to do before it is used.
        examples: Sentences to try, for every model; those of the corpus that ships where a model knows it.

    Raises:
        ConfigError: Two have the same name.
        ModelError: One cannot be read, or fails a check.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        load: Load,
        checks: Sequence[Check] = (),
        examples: Sequence[str] = (),
    ) -> None:
        names = [spec.name for spec in specs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"two models are called {twice[0]}; rename one's folder.")
        self._specs, self._load = tuple(specs), load
        self._checks, self._examples = tuple(checks), tuple(examples)
        self._before: dict[str, Served] | None = None
        self._now = self._read_all()

    @property
    def served(self) -> tuple[Served, ...]:
        """All of them, in the order in which they were named."""
        return tuple(self._now.values())

    def find(self, name: str | None = None) -> Served:
        """Find a model; the first one unless named.

        Raises:
            UnknownModelError: There is no such model.
        """
        models = self._now
        if name is None:
            return next(iter(models.values()))
        if name not in models:
            raise UnknownModelError(f"no model is called {name!r}; expected {', '.join(models)}.")
        return models[name]

    def between(self, source: str, target: str) -> Served:
        """Find a model by its languages.

        Raises:
            UnknownModelError: There is none.
        """
        for one in self._now.values():
            if one.languages == (source, target):
                return one
        known = ", ".join("-".join(one.languages) for one in self._now.values())
        raise UnknownModelError(f"no model translates {source} to {target}; expected {known}.")

    def reload(self) -> None:
        """Read all models anew beside the old ones, check them, and use them from the next request on.

        Raises:
            ModelError: One cannot be read or fails a check; the old ones stay in use.
        """
        self._before, self._now = self._now, self._read_all()

    def roll_back(self) -> bool:
        """Use the models before the last change again; say whether there were any."""
        if self._before is None:
            return False
        self._before, self._now = self._now, self._before
        return True

    def _read_all(self) -> dict[str, Served]:
        return {spec.name: self._read(spec) for spec in self._specs}

    def _read(self, spec: Spec) -> Served:
        copy = _snapshot(spec.folder)
        try:
            return self._read_copy(spec, copy)
        except DragomanError as error:
            shutil.rmtree(copy, ignore_errors=True)
            raise type(error)(str(error).replace(str(copy), str(spec.folder))) from None

    def _read_copy(self, spec: Spec, copy: Path) -> Served:
        model = self._load(copy)
        model.folder = spec.folder
        languages = spec.languages or _guess_languages(spec, model)
        examples = self._examples or shipped_sentences(str(model.config.data.train))
        served = Served(spec.name, fingerprint(copy), model, languages, examples)
        weakref.finalize(served, shutil.rmtree, copy, ignore_errors=True)
        _check(served, self._checks or tuple(Check(text) for text in examples[:4]))
        return served


def _snapshot(folder: Path) -> Path:
    """Copy a model's files: what is looked into is read from them again, when the folder may hold others."""
    if not folder.exists():
        folder = shipped(str(folder)) or folder
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; give a model folder or a bundle.")
    copy = Path(mkdtemp(prefix="dragoman-"))
    try:
        for path in folder.iterdir():
            if path.is_file() and not path.name.startswith(_SKIPPED):
                shutil.copyfile(path, copy / path.name)
    except OSError as error:
        shutil.rmtree(copy, ignore_errors=True)
        raise ModelError(f"{folder}: cannot be read ({error.strerror}).") from None
    return copy


def fingerprint(folder: Path) -> str:
    """Hash a model's files; short."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _WEIGHTS and not path.name.startswith(_SKIPPED):
            digest.update(path.name.encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:_ID_LENGTH]


def read_checks(path: Path) -> list[Check]:
    """Read stored sentences: one a line, and after a tab what the model must make of it.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}).") from None
    rows = (line.split("\t") for line in lines if line.strip())
    return [Check(row[0], row[1] if len(row) > 1 else None) for row in rows]


def _check(served: Served, checks: Sequence[Check]) -> None:
    found = served.model.translate([check.source for check in checks])
    for check, made in zip(checks, found, strict=True):
        if not math.isfinite(made.log_prob):
            raise ModelError(
                f"{served.model.folder}: gives a stored sentence the log-probability {made.log_prob}; "
                "it is damaged, and was not put to use."
            )
        if check.expected is not None and made.text != check.expected:
            raise ModelError(
                f"{served.model.folder}: makes {made.text!r} of the stored sentence {check.source!r}, expected "
                f"{check.expected!r}; it was not put to use."
            )


def _guess_languages(spec: Spec, model: Model) -> tuple[str, str]:
    """Read the languages off the name of the corpus or the folder."""
    corpus = str(model.config.data.train)
    for text in (corpus, spec.name):
        found = _PAIR.search(text)
        if found is not None:
            return found[1], found[2]
    return "src", "tgt"
