"""A bulk translation on Ray whose worker is killed, that is stopped with Ctrl-C, and whose disk is full."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dragoman.cli.main import main
from dragoman.loading import load
from dragoman.scale.bulk import Standing
from dragoman.scale.rows import Layout
from dragoman.scale.shards import plan
from dragoman.scale.stores import Store
from dragoman.scale.worker import Job, Worker, done, files_of
from dragoman.translator import TranslateOptions
from dragoman.zoo import shipped

pytestmark = pytest.mark.fault(
    "a bulk translation that is killed, stopped, or fills the disk",
    "gone on with, every row is there once",
)

ROWS, SHARD = 8_000, 400
BUNDLE = shipped("phrasebook-en-fr")


def sentences():
    words = [
        "I am a student.",
        "Where is the station?",
        "We drink cold water.",
        "The cat is black.",
    ]
    return [f"{words[n % 4]} {words[n // 4 % 4]} {words[n // 16 % 4]}" for n in range(ROWS)]


def wait_for(condition, what, seconds=240):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, what
        time.sleep(0.05)
    return found


def workers_of(program):
    """Give the processes that translate; Ray names them after what they run."""
    family = []
    for process in psutil.Process(program.pid).children(recursive=True):
        try:
            family.append((process, " ".join(process.cmdline())))
        except psutil.Error:
            continue
    return [process for process, name in family if "MapWorker" in name]


@pytest.mark.timeout(600)
def test_killed_worker_then_ctrl_c_then_on_to_the_same_lines(tmp_path):
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in sentences()))
    out = tmp_path / "out"
    words = ["bulk", "phrasebook-en-fr", "--input", "in.txt", "--output", "out", "--beam", "1"]
    command = [
        sys.executable,
        "-m",
        "dragoman",
        *words,
        "--shard-rows",
        str(SHARD),
        "--workers",
        "1",
    ]
    program = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )

    def finished():
        return len(list(out.glob("_done-*")))

    try:
        wait_for(lambda: finished() >= 1, "no shard was finished")
        (victim, *_) = workers_of(program)
        victim.kill()
        before = finished()
        wait_for(lambda: finished() >= before + 2, "nobody took over")
        assert program.poll() is None
        program.send_signal(signal.SIGINT)
        said = program.communicate(timeout=120)[1]
    finally:
        program.kill()
    assert program.returncode == 130, said
    assert b"Traceback" not in said, said
    assert not list(out.glob(".*"))  # Nothing is half written.
    # What is left is done here: on Ray it would be the same, and slower to start.
    source, store = Store.open(str(tmp_path / "in.txt")), Store.open(str(out))
    shards = plan(source, SHARD)
    left = [shard for shard in shards if done(store, shard, "text") is None]
    assert 0 < len(left) < len(shards) - 2
    options = TranslateOptions(beam_size=1, attention=False)
    where = str(tmp_path / "in.txt"), str(out), "text", "text", Layout("translation", False)
    worker = Worker(Job(files_of(BUNDLE), load, *where, options))
    for shard in left:
        worker({**shard.__dict__, "file": shard.file.__dict__})
    made = [line for path in sorted(out.glob("part-*")) for line in path.read_text().splitlines()]
    known = dict(
        zip(sentences()[:64], load(BUNDLE).translate(sentences()[:64], options), strict=True)
    )
    assert made == [known[line].text for line in sentences()]


def test_ctrl_c_that_falls_into_a_finalizer_is_not_forgotten(tmp_path, monkeypatch, capsys):
    class Finalized:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def finalizing(order, load, tell):
        ended = Finalized()
        with monkeypatch.context() as patch:  # pytest would make the dropped exception a warning.
            patch.setattr(sys, "unraisablehook", dropped.append)
            del ended
        tell(Standing(0, 2, 0, 0, 2))

    dropped = []
    monkeypatch.setattr("dragoman.scale.bulk.translate_files", finalizing)
    assert main(["bulk", "phrasebook-en-fr", "--input", "a", "--output", str(tmp_path)]) == 130
    assert [one.exc_type for one in dropped] == [KeyboardInterrupt]
    assert capsys.readouterr().err == "interrupted\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if (
        sys.platform != "linux"
        or subprocess.run(mounting, capture_output=True, check=False).returncode
    ):
        pytest.skip("mounting a small disk is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_disk_full_while_bulk_writing(tmp_path, small_disk):
    lines = [f"{'we drink cold water ' * 3}{n}" for n in range(40_000)]
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in lines))

    class Echo:
        def translate(self, texts, options):
            from dragoman.translator import Translation

            return [Translation(text, text, 0.0, 0.0, (), (), ()) for text in texts]

    source = Store.open(str(tmp_path / "in.txt"))
    where = str(tmp_path / "in.txt"), str(small_disk), "text", "text", Layout("translation", False)
    worker = Worker(Job({}, lambda _: Echo(), *where, TranslateOptions()))
    shards = plan(source, 2_000)
    reports = [worker({**shard.__dict__, "file": shard.file.__dict__}) for shard in shards]
    whole = [report for report in reports if not report["fault"]]
    assert 0 < len(whole) < len(shards)
    assert all("No space left" in report["fault"] for report in reports if report["fault"])
    store = Store.open(str(small_disk))
    kept = [shard for shard in shards if done(store, shard, "text")]
    assert [shard.number for shard in kept] == [report["number"] for report in whole]
    for shard in kept:
        text = (Path(small_disk) / shard.name(".txt")).read_text()
        assert text.splitlines() == lines[shard.start : shard.start + shard.rows]
