"""A model folder that two want to write to, whose data has changed, or whose training was killed between two files."""

import hashlib
import json
import subprocess
import sys

import pytest

from dragoman.cli.main import main
from dragoman.errors import ConfigError, DragomanError
from dragoman.training import callbacks
from dragoman.training.lock import LOCK, alone_in
from helpers.cli import Fork, settings, write_pairs

WORDS = [
    "--out",
    "m",
    "--quiet",
    *settings(model__dropout=0.2, training__steps=16, training__validate_every=4),
]
TRAIN = ["train", "pairs.tsv", *WORDS]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    return tmp_path


@pytest.mark.fault(
    "two trainings into one folder", "the second is refused; the lock is free again after `kill -9`"
)
class TestLock:
    def test_the_second_is_refused(self, here, capsys):
        (here / "m").mkdir()
        with alone_in(here / "m"):
            assert main(TRAIN) == 2
            assert "m: another training is writing to it" in capsys.readouterr().err
        assert [*(here / "m").iterdir()] == []
        assert main(TRAIN) == 0
        assert not (here / "m" / LOCK).exists()

    def test_a_killed_holder_holds_nobody_up(self, here):
        code = (
            "import sys, time; from pathlib import Path; from dragoman.training.lock import alone_in\n"
            "with alone_in(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, str(here)], stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(ConfigError, match="another training"), alone_in(here):
                pass
            holder.kill()
        assert (here / LOCK).exists()
        with alone_in(here):
            pass

    def test_a_lock_whose_file_is_gone_is_none(self, here):
        """Who ends removes the file; who had opened it before must not think that it still counts."""
        with alone_in(here):
            (here / LOCK).unlink()
            (here / LOCK).write_bytes(b"")
            with alone_in(here):
                pass


def digest(folder):
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def records(folder):
    return [
        json.loads(line)["step"]
        for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write_pairs(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(TRAIN) == 0
    return folder / "m"


# What ends the process, in the place of a signal that comes at this very moment.
KILLED = """
import os, sys
from dragoman.training import {module}
plain = {module}.{name}
count = 0
def stop(*given, **more):
    global count
    count += 1
    if count == {turn}:
        {before}os._exit(9)
        plain(*given, **more)
        os._exit(9)
    return plain(*given, **more)
{module}.{name} = stop
from dragoman.nn.cells import CELLS
class Other(CELLS["gru"]): ...
CELLS = {{"other": Other}}
"""


@pytest.mark.fault(
    "`kill -9` between two files: of the best weights, a checkpoint, a record, the settings, the tokenizers",
    "resumed, the training ends in the same weights, to the bit, and no record is missing or double",
)
class TestBetweenFiles:
    @pytest.mark.parametrize(
        ("module", "name", "turn"),
        [
            ("session", "prepare", 1),
            ("session", "save_text_side", 1),
            ("session", "save_weights", 2),
            ("loop", "save_checkpoint", 1),
            ("loop", "save_checkpoint", 3),
            ("callbacks.MetricsFile", "on_validation", 2),
            ("session", "save_text_side", 2),
        ],
    )
    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_it(self, here, whole, module, name, turn, moment):
        base = module.partition(".")[0]
        code = KILLED.format(
            module=module, name=name, turn=turn, before="" if moment == "before" else "# "
        )
        (here / "kill.py").write_text(
            code.replace(f"import {module}\n", f"import {base}\n"), "utf-8"
        )
        code, said = Fork([*TRAIN, "--plugin", "kill.py"]).wait()
        assert code == 9, said
        assert main([*TRAIN, "--resume"]) in (0, 2)  # 2: it had finished.
        assert digest(here / "m") == digest(whole)
        assert records(here / "m") == records(whole) == [4, 8, 12, 16]


@pytest.mark.fault(
    "data that changes under a training that was stopped",
    "--resume refuses, and names what has changed",
)
def test_other_pairs(here, monkeypatch, capsys):
    def stop(self, record):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.MetricsFile, "on_validation", stop)
        assert main(TRAIN) == 130
    rows = (here / "pairs.tsv").read_text("utf-8")
    (here / "pairs.tsv").write_text(rows.replace("un\n", "une\n", 1), "utf-8")
    assert main([*TRAIN, "--resume"]) == 2
    assert "data.train has changed since" in capsys.readouterr().err
    (here / "pairs.tsv").write_text(rows, "utf-8")
    assert main([*TRAIN, "--resume"]) == 0


@pytest.mark.fault(
    "a record of validations that was cut off in the middle of a line",
    "it is made again; a damaged one before it is told",
)
def test_a_record_that_was_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    whole = '{"step": 10, "best": true}\n'
    path.write_text(whole + '{"step": 20, "be', "utf-8")
    callbacks.MetricsFile(path, 10)
    assert path.read_text("utf-8") == whole
    path.write_text('{"step": 1' + whole * 2, "utf-8")
    with pytest.raises(DragomanError, match=r"metrics\.jsonl: damaged"):
        callbacks.MetricsFile(path, 10)


@pytest.mark.fault("the same seed on the same machine", "the same weights, to the bit")
def test_two_trainings_are_one(here):
    for name in ("a", "b"):
        assert main(["train", "pairs.tsv", *WORDS, "--out", name]) == 0
    assert digest(here / "a") == digest(here / "b")
    assert main(["train", "pairs.tsv", *WORDS, "--out", "c", "--set", "training.seed=2"]) == 0
    assert digest(here / "c") != digest(here / "a")
