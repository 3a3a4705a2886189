"""Bits that flip, files that are cut short, files that are something else: told in a sentence, and never believed."""

import pickle
import random
import shutil
from pathlib import Path

import onnx
import pytest

from dragoman.config import load_config
from dragoman.data.corpus import read_corpus
from dragoman.disk import fault_of, seal
from dragoman.errors import DragomanError
from dragoman.loading import load
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.engine import BundleStepper
from dragoman.training.checkpoints import load_checkpoint
from dragoman.training.folder import CHECKPOINT
from helpers.bundles import write_tiny
from helpers.edits import edit, resign

# All that a model needs, and what its training says of itself; pictures and TensorBoard's file are made from these.
FILES = [
    "resolved.toml",
    "src.tokenizer.json",
    "tgt.tokenizer.json",
    "model.safetensors",
    "metrics.jsonl",
    "data_report.txt",
]
BUNDLE = ["config.toml", "encoder.onnx", "step.onnx", "weights.bin", "tokenizer.json", "card.md"]


def damages(content: bytes, number: int, seed: int):
    """Give flips of a bit, one in each of so many stretches, among them the first and last byte; and cuts."""
    rng = random.Random(seed)
    stretch = max(1, len(content) // number)
    places = {0, len(content) - 1} | {
        min(start + rng.randrange(stretch), len(content) - 1)
        for start in range(0, len(content), stretch)
    }
    for at in sorted(places):
        flipped = bytearray(content)
        flipped[at] ^= 1 << rng.randrange(8)
        yield f"bit at {at}", bytes(flipped)
    for left in (0, 1, len(content) // 2, len(content) - 1, *(content.rfind(b"\n", 0, -1) + 1,)):
        yield f"cut to {left}", content[:left]


def refusal(read) -> str:
    """Give what is said where something is refused; "" where it is not."""
    try:
        read()
    except DragomanError as error:
        return str(error)
    return ""


def undetected(path: Path, number: int, read) -> list[str]:
    """Damage a file in many ways; name those that `read` does not refuse in a sentence."""
    content, missed = path.read_bytes(), []
    for what, damaged in damages(content, number, len(content)):
        path.write_bytes(damaged)
        said = refusal(read)
        if path.name not in said and path.parent.name not in said:
            missed.append(f"{what}: {said or 'believed'}")
    path.write_bytes(content)
    read()
    return missed


@pytest.fixture(scope="module")
def copy(model, tmp_path_factory):
    return Path(shutil.copytree(model, tmp_path_factory.mktemp("damage") / "copy"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("damage") / "tiny")


@pytest.mark.fault(
    "a flipped bit, or a cut, in any file of a model folder",
    "refused in a sentence that names the file",
)
@pytest.mark.parametrize("name", FILES)
def test_every_file_of_a_model_folder(copy, name):
    assert undetected(copy / name, 40, lambda: load(copy)) == []


@pytest.mark.fault(
    "a flipped bit, or a cut, in a checkpoint", "refused in a sentence that names the file"
)
def test_a_checkpoint(copy):
    path = copy / CHECKPOINT
    assert undetected(path, 60, lambda: load_checkpoint(path)) == []


@pytest.mark.fault(
    "a flipped bit, or a cut, in any file of a bundle", "refused in a sentence that names the file"
)
@pytest.mark.parametrize("name", BUNDLE)
def test_every_file_of_a_bundle(bundle, name):
    assert {path.name for path in bundle.iterdir()} == set(BUNDLE)
    assert undetected(bundle / name, 80, lambda: read_bundle(bundle)) == []


@pytest.mark.fault(
    "settings changed by hand",
    "refused, with how to say that it was meant; then they count, and must still fit the weights",
)
class TestByHand:
    def test_a_change_is_refused_until_it_is_signed(self, bundle, tmp_path):
        mine = Path(shutil.copytree(bundle, tmp_path / "mine"))
        path = mine / "config.toml"
        text = path.read_text("utf-8")
        path.write_text(text.replace("beam_size = 5", "beam_size = 2"), "utf-8")
        with pytest.raises(DragomanError, match="changed by hand, let its last line read"):
            read_bundle(mine)
        path.write_text(text, "utf-8")
        edit(path, "beam_size = 5", "beam_size = 2")
        assert read_bundle(mine).config.search.beam_size == 2

    def test_the_file_says_how(self, bundle):
        first, *_, last = (bundle / "config.toml").read_text("utf-8").splitlines()
        assert first.startswith("# Written by dragoman")
        assert "changed by hand" in first
        assert last.startswith("# sha256: ")

    def test_a_recipe_needs_no_seal(self, tmp_path):
        assert fault_of("[model]\ncell = 'gru'\n") == ""
        text = seal("[model]\ncell = 'gru'\n")
        assert fault_of(text) == ""
        assert "cut short" in fault_of(text[: text.rindex("# sha256")])
        assert "differs" in fault_of(text.partition("\n")[2])
        (tmp_path / "r.toml").write_text(text.replace("\n", "\r\n"), newline="")
        assert load_config(tmp_path / "r.toml").model.cell == "gru"


class Bomb:
    """What would make a file if it were unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.fault(
    "a pickle in the place of any file", "refused in a sentence, and nothing of it is executed"
)
class TestPickles:
    @pytest.mark.parametrize("protocol", [0, 2, 5])
    def test_in_a_model_folder_and_a_bundle(self, copy, bundle, tmp_path, protocol):
        content = pickle.dumps(Bomb(tmp_path / "executed"), protocol)
        readers = [(copy / name, lambda: load(copy)) for name in FILES]
        readers += [(copy / CHECKPOINT, lambda: load_checkpoint(copy / CHECKPOINT))]
        readers += [(bundle / name, lambda: read_bundle(bundle)) for name in BUNDLE]
        for path, read in readers:
            kept = path.read_bytes()
            path.write_bytes(content)
            with pytest.raises(DragomanError):
                read()
            path.write_bytes(kept)
        assert not (tmp_path / "executed").exists()

    @pytest.mark.parametrize(
        "suffix", ["tsv", "csv", "jsonl", "parquet", "tsv.gz", "tsv.zst", "toml"]
    )
    def test_as_data_or_a_recipe(self, tmp_path, suffix):
        path = tmp_path / f"a.{suffix}"
        path.write_bytes(pickle.dumps(Bomb(tmp_path / "executed")))
        with pytest.raises(DragomanError):
            load_config(path) if suffix == "toml" else read_corpus(path)
        assert not (tmp_path / "executed").exists()

    def test_a_torch_file_in_the_place_of_weights(self, copy, tmp_path):
        import torch

        path = copy / "model.safetensors"
        kept = path.read_bytes()
        torch.save({"a": Bomb(tmp_path / "executed")}, path)
        with pytest.raises(DragomanError, match="damaged"):
            load(copy)
        path.write_bytes(kept)
        assert not (tmp_path / "executed").exists()


def changed(bundle: Path, change) -> None:
    """Let `change` edit the weights' entries in the encoder's graph."""
    graph = onnx.load_from_string((bundle / "encoder.onnx").read_bytes())
    for tensor in graph.graph.initializer:
        for entry in tensor.external_data:
            change(tensor, entry)
    resign(bundle, "encoder.onnx", graph.SerializeToString())


@pytest.mark.fault(
    "an ONNX graph that names files outside of its bundle", "refused; no such file is read"
)
@pytest.mark.parametrize(
    "place", ["/etc/passwd", "../secret.bin", "secret.bin", "./weights.bin", ""]
)
def test_weights_from_elsewhere(bundle, tmp_path, place, monkeypatch):
    mine = Path(shutil.copytree(bundle, tmp_path / "mine"))
    for folder in (tmp_path, mine):
        (folder / "secret.bin").write_bytes((bundle / "weights.bin").read_bytes())
    monkeypatch.chdir(mine)

    def elsewhere(_, entry):
        if entry.key == "location":
            entry.value = place

    changed(mine, elsewhere)
    with pytest.raises(DragomanError, match=r"encoder\.onnx: names a file outside of the bundle"):
        read_bundle(mine)


@pytest.mark.fault(
    "graphs and weights that lie about their sizes", "refused in a sentence, without a crash"
)
class TestLies:
    @pytest.mark.parametrize("key", ["offset", "length"])
    @pytest.mark.parametrize("value", ["-1", "9" * 18, "9" * 40, "x", ""])
    def test_places_in_the_weights(self, bundle, tmp_path, key, value):
        mine = Path(shutil.copytree(bundle, tmp_path / "mine"))

        def lie(_, entry):
            if entry.key == key:
                entry.value = value

        changed(mine, lie)
        with pytest.raises(DragomanError):
            BundleStepper(read_bundle(mine))

    @pytest.mark.parametrize("dims", [[1 << 40], [-1, 4], [1 << 31, 1 << 31], []])
    def test_shapes(self, bundle, tmp_path, dims):
        mine = Path(shutil.copytree(bundle, tmp_path / "mine"))

        def lie(tensor, entry):
            if len(tensor.dims) and entry.key == "location":
                del tensor.dims[:]
                tensor.dims.extend(dims)

        changed(mine, lie)
        with pytest.raises(DragomanError):
            BundleStepper(read_bundle(mine))

    def test_weights_that_are_too_few(self, bundle, tmp_path):
        mine = Path(shutil.copytree(bundle, tmp_path / "mine"))
        resign(mine, "weights.bin", (mine / "weights.bin").read_bytes()[:100])
        with pytest.raises(DragomanError):
            BundleStepper(read_bundle(mine))

    @pytest.mark.parametrize("size", [0, 7, 1 << 31, (1 << 64) - 1])
    def test_a_safetensors_header(self, copy, size):
        path = copy / "model.safetensors"
        kept = path.read_bytes()
        path.write_bytes(size.to_bytes(8, "little") + kept[8:])
        with pytest.raises(DragomanError, match="damaged"):
            load(copy)
        path.write_bytes(kept)

    @pytest.mark.parametrize("places", ["[0, 99999999999]", "[8, 4]", "[-4, 4]"])
    def test_safetensors_offsets(self, copy, places):
        path = copy / "model.safetensors"
        kept = path.read_bytes()
        head = f'{{"a": {{"dtype": "F32", "shape": [1], "data_offsets": {places}}}}}'.encode()
        path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(8))
        with pytest.raises(DragomanError, match="damaged"):
            load(copy)
        path.write_bytes(kept)


@pytest.mark.fault(
    "the files of a model change while it is in use",
    "its answers do not; a bundle's weights are those of its loading",
)
def test_files_that_change_under_a_loaded_model(model, bundle, tmp_path):
    for folder in (model, bundle):
        mine = Path(shutil.copytree(folder, tmp_path / folder.name))
        ready = load(mine)
        before = ready.translate("one two").text
        for path in mine.iterdir():
            if path.is_file():
                path.write_bytes(b"")
        assert ready.translate("one two").text == before
        with pytest.raises(DragomanError):
            load(mine)
