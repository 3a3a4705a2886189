"""Models by name: those that come with the package, and those of a list that can be fetched.

The list is `zoo.json`: for each model its task, licence, scores, and its files with their checksums under one address.
One that has no address yet is made by the command that it names. Nothing is fetched but by `get`.
"""

from __future__ import annotations

import difflib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dragoman.errors import ModelError
from dragoman.runtime.bundle import CONFIG, read_bundle

if TYPE_CHECKING:
    from dragoman.data.catalogue.download import Progress

_HERE = Path(__file__).parent
_BUNDLES, _LIST = _HERE / "bundles", _HERE / "zoo.json"


class Row(BaseModel):
    """A model of the list.

    Attributes:
        name: What it is called.
        about: What it does, in a line.
        task: A row of TASKS.
        licence: Of its weights.
        scores: By metric, on the test set that `about` or its card names.
        made_by: The command that makes it.
        address: The folder its files are fetched from; none if it comes with the package, or has no home yet.
        files: Its files' SHA-256, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    about: str
    task: str
    licence: str
    scores: dict[str, float] = {}
    made_by: str = ""
    address: str | None = None
    files: dict[str, str] = {}

    @property
    def ships(self) -> bool:
        """Whether it comes with the package."""
        return (_BUNDLES / self.name / CONFIG).is_file()


class _List(BaseModel):
    model_config = ConfigDict(extra="forbid")

    models: list[Row]


@dataclass(frozen=True)
class Zoo:
    """A list of models."""

    rows: tuple[Row, ...]

    def find(self, name: str) -> Row:
        """Give the model of a name.

        Raises:
            ModelError: There is none; it names the nearest.
        """
        rows = {row.name: row for row in self.rows}
        if name in rows:
            return rows[name]
        near = difflib.get_close_matches(name.lower(), rows, n=3, cutoff=0.5)
        advice = f"did you mean {', '.join(near)}?" if near else "see `dragoman models list`."
        raise ModelError(f"there is no model {name!r}; {advice}")

    def get(self, name: str, out: Path, progress: Progress | None = None) -> Path:
        """Bring a model into a folder, verified; what is there already is kept.

        Raises:
            ModelError: There is no such model, it has no address yet, or what came is no whole bundle.
            DataError: A file cannot be fetched, or is not what the list says.
        """
        # Here, not above: whoever translates needs nothing of what fetches.
        from dragoman.data.catalogue.download import RemoteFile, fetch, unwritable

        row = self.find(name)
        if row.ships:
            try:
                shutil.copytree(_BUNDLES / row.name, out, dirs_exist_ok=False)
            except FileExistsError:
                raise ModelError(f"{out} is there already; --out names a new folder.") from None
            except OSError as error:
                raise unwritable(out, error) from error
        elif row.address is None:
            raise ModelError(f"{name} has no address yet; it is made by: {row.made_by}")
        else:
            base = row.address.rstrip("/")
            for file, digest in sorted(row.files.items()):
                fetch(RemoteFile(f"{base}/{file}", f"sha256:{digest}", "the list"), out, progress)
        read_bundle(out)
        return out


def open_zoo(path: Path | None = None) -> Zoo:
    """Read the list of models.

    Args:
        path: Another list than the package's.

    Raises:
        ModelError: It cannot be read, or is no such list.
    """
    path = path or _LIST
    try:
        return Zoo(tuple(_List.model_validate_json(path.read_bytes()).models))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ModelError(f"{path}: is no list of models ({where}: {first['msg']}).") from None


def shipped(name: str) -> Path | None:
    """Give the folder of a bundle that comes with the package, if there is one of that name."""
    folder = _BUNDLES / name
    # A name with a slash or dots is a path, which has been looked at.
    return folder if Path(name).name == name and (folder / CONFIG).is_file() else None
