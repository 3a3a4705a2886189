"""Everything that can be wrong with what the user has: one clear message, exit code 2, and nothing lost."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import safetensors.torch

from dragoman.cli.main import main
from dragoman.training import checkpoints
from helpers.cli import Fork, feed, settings, write_pairs
from helpers.edits import edit


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path)
    return tmp_path


@pytest.fixture
def copy(model, here):
    return Path(shutil.copytree(model, here / "copy"))


@pytest.fixture
def fails(capsys, monkeypatch):
    """Run the program, and give its message after a look that it is one, and alone."""

    def call(*words, code=2, content=b""):
        feed(monkeypatch, content)
        assert main([*map(str, words)]) == code
        said = capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        assert said.err.count("error: ") == 1
        return said.err.partition("error: ")[2]

    return call


@pytest.mark.fault(
    "a corpus that is empty, misaligned, wrongly encoded, missing",
    "one clear sentence, exit code 2",
)
class TestData:
    @pytest.mark.parametrize(
        ("content", "wanted"),
        [
            (b"", "data.tsv is empty"),
            (b"\n \n", "data.tsv is empty"),
            (
                b"one\ntwo\nthree\n" * 9,
                "has one column, as have 27 of 27 lines; expected source<TAB>target",
            ),
            ("하나\tone\n".encode("cp949") * 30, "--encoding cp949"),
            ("été\tsummer\n".encode("latin-1") * 30, "--encoding cp1252"),
            (b"\x1f\x8b\x08\x00garbage", "data.tsv.gz"),
        ],
    )
    def test_a_bad_file(self, here, fails, content, wanted):
        (here / "data.tsv").write_bytes(content)
        said = fails("train", "data.tsv", "--out", "m")
        assert wanted in said
        assert "data.tsv" in said
        assert not any((here / "m").iterdir())

    def test_a_path_that_leads_nowhere(self, here, fails):
        assert "did you mean pairs.tsv?" in fails("train", "pairs.tvs", "--out", "m")
        assert "does not exist" in fails("train", "nowhere/pairs.tsv", "--out", "m2")
        (here / "folder").mkdir()
        assert "is a folder" in fails("train", "folder", "--out", "m3")
        assert "cannot be read" in fails("train", f"{'x' * 300}.tsv", "--out", "m4")

    def test_parallel_files_that_are_not(self, here, fails):
        (here / "short.fr").write_text("un\n", "utf-8")
        assert "has 100 lines and" in fails("train", "pairs.en", "short.fr", "--out", "m")

    def test_columns_that_are_not_there(self, here, fails):
        assert "column" in fails("train", "pairs.tsv", "--out", "m", "--columns", "1,3")
        assert "expected two" in fails("train", "pairs.tsv", "--out", "m", "--columns", "1,2,3")

    def test_an_unknown_corpus_that_ships(self, here, fails):
        assert "choose two of" in fails("train", "phrasebook-en-de", "--out", "m")


@pytest.mark.fault(
    "a recipe, setting or plugin that is wrong", "every fault at once, each a sentence, exit code 2"
)
class TestRecipes:
    @pytest.mark.parametrize(
        ("recipe", "wanted"),
        [
            (
                "[model]\nhiden_size = 3",
                "unknown key model.hiden_size; did you mean 'hidden_size'?",
            ),
            ("[modle]\n", "unknown key modle; did you mean 'model'?"),
            ("[model]\ncell = 'gru6'", "model.cell = 'gru6'"),
            ("[model]\ndropout = 2", "model.dropout = 2"),
            ("[training]\nschedule = 'cosin'", "did you mean 'cosine'?"),
            ("[training\n", "not valid TOML"),
            ("", "data.train is not set"),
            ("[data]\ntrain = ['a']", "--data DIR"),
            ("[data]\ntrain = 'nowhere.tsv'", "nowhere.tsv, which is not in"),
        ],
    )
    def test_a_bad_recipe(self, here, fails, recipe, wanted):
        if "[data]" not in recipe and recipe:
            recipe = f"[data]\ntrain = 'pairs.tsv'\n{recipe}"
        (here / "r.toml").write_text(recipe, "utf-8")
        assert wanted in fails("train", "r.toml", "--out", "m")
        assert wanted in fails("train", "r.toml", "--out", "m", "--data", ".") or "--data" in wanted

    def test_all_faults_at_once(self, here, fails):
        words = ("--set", "model.cell=gruu", "--set", "training.optimiser=adam_w")
        said = fails("train", "pairs.tsv", "--out", "m", *words)
        assert "did you mean 'gru'?" in said
        assert "did you mean 'adamw'?" in said

    def test_a_setting_that_is_none(self, here, fails):
        for wrong, wanted in (
            ("model", "expected KEY=VALUE"),
            ("model.cels=gru", "did you mean 'cell'?"),
            ("model.cell.x=1", "unknown key"),
            ("training.epochs=-1", "greater than 0"),
        ):
            said = fails("train", "pairs.tsv", "--out", "m", "--set", wrong)
            assert wanted in said or "is a value" in said or "valid string" in said

    def test_a_recipe_that_is_not_there(self, here, fails):
        assert "no such recipe" in fails("train", "r.toml", "--out", "m")
        (here / "folder.toml").mkdir()
        assert "is a folder" in fails("train", "folder.toml", "--out", "m")
        assert "no such recipe" in fails("reproduce", "r.toml")

    def test_a_plugin(self, here, fails):
        words = ("train", "pairs.tsv", "--out", "m", "--plugin", "mine.py")
        assert "no such plugin" in fails(*words)
        (here / "mine.py").write_text("1 / 0", "utf-8")
        assert "ZeroDivisionError" in fails(*words)
        (here / "mine.py").write_text("CELL = {}", "utf-8")
        assert "adds no rows" in fails(*words)


@pytest.mark.fault(
    "a model folder that is missing, cut short, mixed or of another version",
    "one clear sentence, exit code 2",
)
class TestFolders:
    def test_out(self, here, copy, fails):
        assert "holds a model already" in fails("train", "pairs.tsv", "--out", "copy")
        assert "is a file" in fails("train", "pairs.tsv", "--out", "pairs.tsv")
        assert "cannot be made" in fails("train", "pairs.tsv", "--out", "pairs.tsv/m")
        assert "no checkpoint" in fails("train", "pairs.tsv", "--out", "m", "--resume")

    @pytest.mark.parametrize("command", ["translate", "info"])
    def test_a_model_that_is_none(self, here, fails, command):
        assert "no such model folder" in fails(command, "nowhere")
        assert "not a model folder" in fails(command, ".")
        said = fails(command, "pairs.tsv")
        assert "pairs.tsv" in said

    @pytest.mark.parametrize("keep", [0, 7, 100, 0.5, 0.99])
    def test_truncated_weights(self, copy, fails, keep):
        path = copy / "model.safetensors"
        content = path.read_bytes()
        path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
        assert "model.safetensors: damaged or truncated" in fails("translate", copy, "one")

    def test_missing_parts(self, copy, fails):
        (copy / "src.tokenizer.json").rename(copy / "src")
        assert "src.tokenizer.json: cannot be read" in fails("translate", copy, "one")
        (copy / "src").rename(copy / "src.tokenizer.json")
        (copy / "model.safetensors").unlink()
        assert "model.safetensors is missing" in fails("translate", copy, "one")

    @pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"\xff", b'{"version": "x"}'])
    def test_a_damaged_tokenizer(self, copy, fails, content):
        (copy / "tgt.tokenizer.json").write_bytes(content)
        assert "tgt.tokenizer.json" in fails("translate", copy, "one")

    def test_another_models_vocabulary(self, here, copy, fails, capsys):
        """Vocabularies of other sizes do not fit the weights."""
        (here / "other.tsv").write_text("a b\tc d\ne\tf\ng\th\ni\tj\n", "utf-8")
        words = ["train", "other.tsv", "--out", "other", "--quiet", *settings(training__steps=1)]
        assert main(words) == 0
        shutil.copy(here / "other" / "src.tokenizer.json", copy)
        said = fails("translate", copy, "one")
        assert "do not fit resolved.toml and the vocabularies" in said
        assert "has shape" in said

    def test_swapped_vocabularies(self, copy, fails):
        """They are of the same size; only their content tells."""
        src, tgt = copy / "src.tokenizer.json", copy / "tgt.tokenizer.json"
        kept = src.read_bytes()
        src.write_bytes(tgt.read_bytes())
        tgt.write_bytes(kept)
        said = fails("translate", copy, "one")
        assert "another vocabulary than src.tokenizer.json and tgt.tokenizer.json" in said

    def test_settings_of_another_model(self, copy, fails):
        path = copy / "resolved.toml"
        edit(path, "hidden_size = 16", "hidden_size = 18")
        assert "has shape" in fails("translate", copy, "one")
        edit(path, 'cell = "lstm"', 'cell = "mine"')
        assert "--plugin" in fails("translate", copy, "one")

    def test_a_model_of_another_version(self, copy, fails):
        path = copy / "model.safetensors"
        tensors, values = checkpoints.load_tensors(path)
        checkpoints.save_tensors(path, tensors, values | {"format": "9"})
        said = fails("translate", copy, "one")
        assert "weights of format 9; this version of dragoman reads format 1" in said

    @pytest.mark.parametrize("written", [{}, {"dragoman": "9"}, {"dragoman": "{"}])
    def test_weights_of_somebody_else(self, copy, fails, written):
        path = copy / "model.safetensors"
        tensors, _ = checkpoints.load_tensors(path)
        safetensors.torch.save_file(tensors, path, written)
        assert "model.safetensors: damaged" in fails("translate", copy, "one")

    def test_a_damaged_checkpoint(self, here, fails):
        words = ("train", "pairs.tsv", "--out", "m", *settings(training__steps=4))
        assert main([*words, "--quiet"]) == 0
        path = here / "m" / "resolved.toml"
        # As if it had not been finished.
        edit(path, "finished = true", "")
        (here / "m" / "checkpoint.safetensors").write_bytes(b"x" * 99)
        again = ("--set", "training.validate_every=4", "--set", "training.epochs=200")
        assert fails(*words, *again, "--resume") != ""

    def test_resuming_with_other_settings(self, here, fails):
        words = ("train", "pairs.tsv", "--out", "m")
        stop_at_once(here, words)
        said = fails(*words, *settings(model__cell="gru"), "--resume")
        assert "model.cell was 'lstm', is 'gru'" in said


def stop_at_once(here, words):
    """Leave a training as Ctrl-C would, after its first step."""
    (here / "stop.py").write_text(
        "from dragoman.nn.cells import CELLS\n"
        "from dragoman.training.callbacks import ProgressLine\n"
        "def stop(self, record): raise KeyboardInterrupt\n"
        "ProgressLine.on_step = stop\n"
        "class Other(CELLS['gru']): ...\n"
        "CELLS = {'other': Other}\n",
        "utf-8",
    )
    code, said = Fork([*words, *settings(), "--plugin", "stop.py"]).wait()
    assert code == 130, said
    assert "To go on:\n  dragoman train pairs.tsv" in said
    assert "--resume" in said


@pytest.mark.fault(
    "a disk that is full or may not be written to", "one clear sentence; files of before are intact"
)
class TestDisk:
    @contextmanager
    def small(self, folder, size="200k"):
        if os.geteuid() != 0:
            pytest.skip("only root can mount")
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("cannot mount here")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)

    def test_a_full_disk_while_training(self, here, fails):
        with self.small(here / "disk", "64k") as disk:
            said = fails("train", "pairs.tsv", "--out", disk / "m", *settings())
            assert "No space left on device" in said
            assert str(disk) in said

    def test_a_disk_that_fills_up_loses_nothing(self, here, fails, monkeypatch):
        """The file that was there stays, and the training can be gone on with."""
        words = ("train", "pairs.tsv", "--out", "m", *settings(training__validate_every=10))
        real, count = os.fsync, iter(range(99))

        def full(descriptor):
            if next(count) >= 9:
                raise OSError(28, "No space left on device")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        said = fails(*words)
        assert "No space left on device" in said
        assert "--resume" in said
        assert not list((here / "m").glob("*.part"))
        monkeypatch.setattr(os, "fsync", real)
        assert main([*words, "--resume", "--quiet"]) == 0

    def test_an_output_that_does_not_fit(self, here, model, fails):
        with self.small(here / "disk", "4k") as disk:
            said = fails(
                *("translate", model, "--output", disk / "out", "--beam", 1, "--json"),
                content=b"one two three\n" * 20,
            )
            assert "out: cannot be written (No space left on device)" in said
            assert list(disk.iterdir()) == []

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_standard_output_that_is_full(self, model):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "dragoman", "translate", str(model), "one two"],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr == b"error: standard input or output: No space left on device.\n"

    def test_no_permission(self, here, model, fails, monkeypatch):
        def refuse(path, *_args, **_more):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "mkdir", refuse)
        said = fails("train", "pairs.tsv", "--out", "m")
        assert "m: cannot be made (Permission denied)" in said
        monkeypatch.undo()
        monkeypatch.setattr(Path, "read_bytes", refuse)
        said = fails("train", here / "pairs.tsv", "--out", here / "m")
        assert "Permission denied" in said

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
    def test_no_permission_in_earnest(self, here, model, fails):
        (here / "shut").mkdir(mode=0o500)
        assert "Permission denied" in fails("train", "pairs.tsv", "--out", "shut/m")
        assert "Permission denied" in fails("translate", model, "one", "--output", "shut/out")


@pytest.mark.fault(
    "a fault of our own, a missing extra, Ctrl-C", "a sentence and an exit code, never a traceback"
)
class TestProgram:
    def test_a_fault_of_our_own(self, model, fails, capsys, monkeypatch):
        def broken(self):
            raise ZeroDivisionError("what a pity")

        monkeypatch.setattr("dragoman.api.Model.info", broken)
        said = fails("info", model, code=1)
        assert said.startswith("ZeroDivisionError: what a pity\nPlease report it at http")
        assert "DRAGOMAN_DEBUG=1" in said
        monkeypatch.setenv("DRAGOMAN_DEBUG", "1")
        with pytest.raises(ZeroDivisionError):
            main(["info", str(model)])

    def test_debugging_shows_where(self, capsys, monkeypatch):
        monkeypatch.setenv("DRAGOMAN_DEBUG", "1")
        assert main(["info", "nowhere"]) == 2
        assert "Traceback" in capsys.readouterr().err

    def test_without_the_extra(self, model):
        for module in ("torch", "safetensors"):
            program = (
                f"import sys; sys.modules['{module}'] = None\n"
                "from dragoman.cli.main import main; sys.exit(main(sys.argv[1:]))"
            )
            done = subprocess.run(
                [sys.executable, "-c", program, "info", str(model)],
                capture_output=True,
                check=False,
            )
            assert done.returncode == 2
            wanted = f"error: this needs {module}, which is not installed: pip install 'dragoman[train]'\n"
            assert done.stderr.decode() == wanted

    def test_ctrl_c(self, model, monkeypatch, capsys):
        def stop(self):
            raise KeyboardInterrupt

        monkeypatch.setattr("dragoman.api.Model.info", stop)
        assert main(["info", str(model)]) == 130
        assert capsys.readouterr().err == "interrupted\n"
