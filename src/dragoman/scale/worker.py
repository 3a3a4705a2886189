"""What one worker does: a shard read, translated and written; whatever a row does, the others are translated."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dragoman.model import Model
from dragoman.scale.arrow import arrow
from dragoman.scale.rows import PACKED, READERS, SUFFIXES, WRITERS, Answer, Layout, Range, format_of
from dragoman.scale.shards import DONE, ERRORS, TRYING, Shard
from dragoman.scale.stores import Store
from dragoman.translator import TranslateOptions, Translation

# So often may a worker die over one shard before the work is given up.
_MOST_TRIES = 4


@dataclass(frozen=True)
class Job:
    """What every worker is told.

    Attributes:
        model: The files of the model, by name: a worker may be on a machine that does not have them.
        load: Reads a model folder.
        source: Names the inputs.
        out: The folder of the outputs.
        column: What is to be translated.
        form: A row of WRITERS.
        layout: What outputs look like.
        options: How to translate.
    """

    model: Mapping[str, bytes]
    load: Callable[[Path], Model]
    source: str
    out: str
    column: str
    form: str
    layout: Layout
    options: TranslateOptions


@dataclass(frozen=True)
class Report:
    """What became of a shard.

    Attributes:
        number: Which.
        rows: How many rows it has.
        errors: How many of them have an error.
        size: The bytes of its output.
        seconds: How long it took.
        cpu_s: Processor time of that.
        fault: Why it was given up; "" if it was not.
    """

    number: int
    rows: int = 0
    errors: int = 0
    size: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    fault: str = ""


class Worker:
    """Translates shards, one after the other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        with TemporaryDirectory(prefix="dragoman-bulk-") as folder:
            for name, content in job.model.items():
                (Path(folder) / name).write_bytes(content)
            self.model = job.load(Path(folder))
        self.source, self.out = Store.open(job.source), Store.open(job.out)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Do a shard; a fault of its files comes back as a report, for the one who asked to tell."""
        shard = Shard.of(row)
        try:
            return asdict(self.translate(shard))
        except (arrow().ArrowException, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            return asdict(Report(shard.number, fault=f"{shard.file.path}: {reason}"))

    def translate(self, shard: Shard) -> Report:
        """Translate a shard, and leave its output and then its report, each whole.

        Raises:
            OSError: It cannot be read or written.
        """
        began, cpu_began = time.monotonic(), time.process_time()
        trying = shard.name(".json", TRYING)
        tries = self.out.read_json(trying) or 0
        if tries >= _MOST_TRIES:
            rows = f"rows {shard.start:,} to {shard.start + shard.rows - 1:,}"
            return Report(
                shard.number,
                fault=f"{shard.file.path}: {rows} ended {tries} workers, by their memory or a fault of a library",
            )
        self.out.write_json(trying, tries + 1)
        if self.source.look(shard.file.path) != shard.file:
            return Report(
                shard.number, fault=f"{shard.file.path}: was changed since the work began."
            )
        name = shard.name(SUFFIXES[self.job.form])
        errors: list[dict[str, Any]] = []
        rows = 0
        with self.out.writing(name) as file:
            writer = WRITERS[self.job.form](file, self.job.layout)
            for piece in self._read(shard):
                first = shard.first + rows
                answers = self.answers(piece.texts, piece.faults)
                errors += [
                    {"row_id": number, "error": answer.error}
                    for number, answer in enumerate(answers, first)
                    if answer.error
                ]
                writer.write(piece, first, answers)
                rows += len(answers)
            writer.close()
        self._note(shard, errors)
        written = self.out.look(self.out.at(name))
        report = Report(
            shard.number,
            rows,
            len(errors),
            written.size if written else 0,
            time.monotonic() - began,
            time.process_time() - cpu_began,
        )
        self.out.write_json(shard.name(".json", DONE), asdict(report))
        self.out.fs.delete_file(self.out.at(trying))
        return report

    def _note(self, shard: Shard, errors: Sequence[dict[str, Any]]) -> None:
        """Where outputs are lines of text, errors have no column; they get a file."""
        if self.job.form == "text" and errors:
            with self.out.writing(shard.name(".jsonl", ERRORS)) as file:
                file.write("".join(f"{json.dumps(one)}\n" for one in errors).encode())

    def _read(self, shard: Shard) -> Any:
        """Yield a shard's rows in pieces."""
        path, fs = shard.file.path, self.source.fs
        reader = READERS[format_of(path)]
        part = Range(shard.start, shard.rows, shard.offset, shard.length)
        stream = fs.open_input_stream if path.endswith(PACKED) else fs.open_input_file
        with stream(path) as file:
            if shard.offset:
                file.seek(shard.offset)
            yield from reader(file, part, self.job.column)

    def answers(self, texts: Sequence[str | None], faults: Sequence[str]) -> list[Answer]:
        """Translate rows; those that have no text, or cannot be translated, have an error instead."""
        good = [number for number, fault in enumerate(faults) if not fault]
        found = self._translate([texts[number] or "" for number in good])
        answers = [Answer(None, error=fault) for fault in faults]
        for number, one in zip(good, found, strict=True):
            answers[number] = one
        return answers

    def _translate(self, texts: Sequence[str]) -> list[Answer]:
        """Translate all, or each half by itself if that fails, down to the row that is at fault."""
        try:
            return [self._answer(one) for one in self.model.translate(texts, self.job.options)]
        except Exception as error:
            if len(texts) == 1:
                return [Answer(None, error=f"{type(error).__name__}: {error}")]
        middle = len(texts) // 2
        return self._translate(texts[:middle]) + self._translate(texts[middle:])

    def _answer(self, made: Translation) -> Answer:
        best = [(one.text, one.score) for one in (made, *made.alternatives)]
        cut = f"longer than the model reads: {made.num_cut} tokens were not read"
        return Answer(
            made.text,
            made.score,
            cut if made.num_cut else None,
            tuple(best) if self.job.layout.nbest else (),
        )


def files_of(folder: Path) -> dict[str, bytes]:
    """Read the files that make a model, for workers elsewhere."""
    wanted = (".toml", ".json", ".onnx", ".bin", ".safetensors", ".md")
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix in wanted and not path.name.startswith(("checkpoint.", "scores."))
    }


def done(out: Store, shard: Shard, form: str) -> Report | None:
    """Give the report of a shard that is finished and still there, whole."""
    values = out.read_json(shard.name(".json", DONE))
    if values is None:
        return None
    with contextlib.suppress(TypeError):
        report = Report(**values)
        written = out.look(out.at(shard.name(SUFFIXES[form])))
        if written is not None and written.size == report.size and report.rows == shard.rows:
            return report
    return None
