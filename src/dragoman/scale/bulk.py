"""Bulk translation: files cut into shards, shards dealt out to workers by Ray Data, each finished one there to stay."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dragoman.data.files import import_extra
from dragoman.errors import DragomanError, InputError
from dragoman.model import Model
from dragoman.scale.arrow import arrow
from dragoman.scale.rows import WRITERS, Layout, check_columns, format_of
from dragoman.scale.shards import TRYING, Shard, clear, open_plan, restart
from dragoman.scale.stores import Store
from dragoman.scale.worker import Job, Report, Worker, done, files_of
from dragoman.translator import TranslateOptions
from dragoman.workers import num_cores

# What Ray keeps between its processes: here only names and numbers of shards, and the model.
_OBJECT_STORE = 256 << 20


@dataclass(frozen=True)
class Order:
    """What is to be translated.

    Attributes:
        model: A model's folder.
        source: Names the inputs: a path or an address, with ``*`` or without.
        out: The folder of the outputs, likewise.
        column: Of Parquet and JSONL.
        options: How to translate.
        name: Of the new column; its score and error are named after it.
        form: A row of WRITERS; as the input unless said.
        shard_rows: Rows a shard.
        workers: How many; one a core unless said.
        address: Of a Ray cluster; this machine alone unless given.
        restart: Whether to throw away what is there.
    """

    model: Path
    source: str
    out: str
    column: str = "text"
    options: TranslateOptions = field(default_factory=TranslateOptions)
    name: str = "translation"
    form: str | None = None
    shard_rows: int = 10_000
    workers: int | None = None
    address: str | None = None
    restart: bool = False


@dataclass(frozen=True)
class Standing:
    """How far it is.

    Attributes:
        rows: Rows that are translated.
        total: Rows in all.
        errors: Rows that have an error.
        shards: Shards that are finished.
        num_shards: Shards in all.
        rate: Rows a second, since the first worker began.
        cpu_s: Processor time of the workers.
        skipped: Rows that an earlier run had finished.
    """

    rows: int
    total: int
    errors: int
    shards: int
    num_shards: int
    rate: float = 0.0
    cpu_s: float = 0.0
    skipped: int = 0

    @property
    def left_s(self) -> float | None:
        """Seconds left at this rate, if there is one yet."""
        return (self.total - self.rows) / self.rate if self.rate else None

    def plus(self, report: Report, rate: float) -> Standing:
        """Count one more shard."""
        return replace(
            self,
            rows=self.rows + report.rows,
            errors=self.errors + report.errors,
            shards=self.shards + 1,
            rate=rate,
            cpu_s=self.cpu_s + report.cpu_s,
        )


def translate_files(
    order: Order, load: Callable[[Path], Model], tell: Callable[[Standing], None]
) -> Standing:
    """Translate files; what an earlier run of the same order has finished is left as it is.

    Args:
        order: What and how.
        load: Reads a model folder.
        tell: Called with how far it is, at first and after every shard.

    Raises:
        InputError: Inputs, options or the folder of outputs are not what they should be.
        DragomanError: A shard cannot be read or written, or its worker died again and again; finished shards stay.
        KeyboardInterrupt: Ctrl-C; finished shards stay.
    """
    import_extra("ray.data", "bulk translation", "ray")
    source, out = Store.open(order.source), Store.open(order.out)
    files = source.files()
    form = order.form or format_of(files[0].path)
    layout = Layout(order.name, order.options.nbest > 1)
    _check_inputs(order, source, form, layout)
    load(order.model).translate(
        "a", order.options
    )  # What no row could be translated with, is told now.
    model = files_of(order.model)
    if order.restart:
        restart(out)
    shards = open_plan(out, source, _made_by(order, form, model), order.shard_rows)
    out.tidy()
    clear(out, TRYING)
    left: list[Shard] = []
    standing = Standing(0, sum(shard.rows for shard in shards), 0, 0, len(shards))
    for shard in shards:
        report = done(out, shard, form)
        if report is None:
            left.append(shard)
        else:
            standing = standing.plus(replace(report, cpu_s=0.0), 0.0)
    standing = replace(standing, skipped=standing.rows)
    tell(standing)
    if not left:
        return standing
    job = Job(model, load, order.source, order.out, order.column, form, layout, order.options)
    try:
        return _run(order, job, left, (standing, tell))
    finally:
        out.tidy()


def _run(
    order: Order,
    job: Job,
    shards: list[Shard],
    watch: tuple[Standing, Callable[[Standing], None]],
) -> Standing:
    """Deal the shards out, and gather the reports."""
    standing, tell = watch
    before, began = standing.rows, 0.0
    with _connected(order):
        for values in _reports(order, job, shards):
            report, now = Report(**values), time.monotonic()
            if report.fault:
                raise DragomanError(
                    f"{report.fault.removesuffix('.')}. Finished shards stay; run the same command again to go on."
                )
            began = began or now - report.seconds
            rate = (standing.rows + report.rows - before) / max(1e-9, now - began)
            standing = standing.plus(report, rate)
            tell(standing)
    return standing


def _reports(order: Order, job: Job, shards: list[Shard]) -> Iterator[dict[str, Any]]:
    """Let Ray Data's actors do the shards, as they come; a shard whose worker dies goes to another."""
    ray: Any = import_extra("ray", "bulk translation", "ray")
    data: Any = import_extra("ray.data", "bulk translation", "ray")
    cores = int(ray.cluster_resources().get("CPU", 1))
    workers = min(order.workers or cores, len(shards))
    items = [asdict(shard) for shard in shards]
    rows = data.from_items(items, override_num_blocks=len(items)).map(
        Worker,
        fn_constructor_args=[job],
        compute=data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=2),
        num_cpus=1,
    )
    try:
        yield from rows.iter_rows()
    except ray.exceptions.RayError as error:
        raise DragomanError(
            f"a worker failed ({_cause(error)}). Finished shards stay; run the same command again to go on."
        ) from None


def _cause(error: Exception) -> str:
    """Give the line of Ray's report that says most: the last one of a traceback, the first one of a death."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if any("Traceback" in line for line in lines) else lines[0])[:300]


@contextmanager
def _connected(order: Order) -> Generator[None]:
    """Start Ray here, or join a cluster; where somebody has done so already, leave it to them."""
    for name, value in (
        ("RAY_USAGE_STATS_ENABLED", "0"),  # Nothing is sent anywhere.
        ("RAY_BACKEND_LOG_LEVEL", "fatal"),
        ("RAY_worker_niceness", "0"),
        ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"),
    ):
        os.environ.setdefault(name, value)
    ray: Any = import_extra("ray", "bulk translation", "ray")
    data: Any = import_extra("ray.data", "bulk translation", "ray")
    mine = not ray.is_initialized()
    if mine:
        here: dict[str, Any] = {
            "num_cpus": order.workers or num_cores(),
            "object_store_memory": _OBJECT_STORE,
            "include_dashboard": False,
        }
        try:
            with _silent():
                ray.init(
                    **({"address": order.address} if order.address else here),
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = f"--address {order.address}: no cluster" if order.address else "Ray"
            raise InputError(f"{where} can be reached ({str(error).splitlines()[0]}).") from None
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    data.DataContext.get_current().enable_progress_bars = False
    try:
        yield
    finally:
        if mine:
            ray.shutdown()


@contextmanager
def _silent() -> Generator[None]:
    """Keep what Ray's C++ side says of its own settings from stderr; errors come as exceptions."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _check_inputs(order: Order, source: Store, form: str, layout: Layout) -> None:
    """See that every input has the column and can become what is asked for.

    Raises:
        InputError: One does not.
    """
    if form not in WRITERS:
        raise InputError(f"--format {form}: expected one of {', '.join(WRITERS)}.")
    for file in source.files():
        kind = format_of(file.path)
        if kind == "jsonl" and form == "parquet":
            raise InputError(
                f"{file.path}: the fields of JSON have no fixed types, as Parquet needs; write --format jsonl."
            )
        try:
            with _open(source, file.path) as opened:
                check_columns(opened, file.path, order.column, layout)
        except (arrow().ArrowException, OSError) as error:
            raise InputError(f"{file.path}: cannot be read ({error}).") from None


def _open(source: Store, path: str) -> Any:
    if format_of(path) == "parquet":
        return source.fs.open_input_file(path)
    return source.fs.open_input_stream(path)


def _made_by(order: Order, form: str, model: dict[str, bytes]) -> dict[str, Any]:
    """Say all that makes an output what it is."""
    sums = hashlib.sha256()
    for name, content in sorted(model.items()):
        sums.update(name.encode() + hashlib.sha256(content).digest())
    options = {name: value for name, value in asdict(order.options).items() if value is not None}
    return {
        "dragoman": version("dragoman"),
        "model_sha256": sums.hexdigest(),
        "column": order.column,
        "name": order.name,
        "format": form,
        "options": options,
    }
