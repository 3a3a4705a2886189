"""Bundles: what is written, and how damaged ones are refused."""

import hashlib
import pickle
import shutil
import tomllib

import numpy as np
import pytest

from dragoman.config import Config
from dragoman.contracts.tiny import VOCAB, build, sources
from dragoman.errors import BundleError, ExportError
from dragoman.export import write_bundle
from dragoman.loading import load
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.engine import BundleStepper
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from helpers.bundles import SMALL, stepper, tokenizer, write_tiny
from helpers.edits import edit

FILES = {"card.md", "config.toml", "encoder.onnx", "step.onnx", "tokenizer.json", "weights.bin"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("bundle") / "whole")


@pytest.fixture
def bundle(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "bundle")


def fault(folder) -> str:
    with pytest.raises(BundleError) as caught:
        load(folder)
    return str(caught.value)


def test_a_bundle_is_these_files(whole):
    assert {path.name for path in whole.iterdir()} == FILES


def test_every_weight_is_stored_once(tmp_path):
    """Three-way tying: one table, though two graphs and three places use it."""
    shared = SMALL.model_copy(update={"generator": "tied", "tie_embeddings": True})
    for config, tables in ((shared, 1), (shared.model_copy(update={"tie_embeddings": False}), 2)):
        network = build(config)
        count = sum(weight.numel() for weight in network.parameters())
        for int8 in (False, True):
            out = write_tiny(tmp_path / f"{tables}{int8}", network=network, int8=int8)
            size = (out / "weights.bin").stat().st_size
            matrices = sum(one.numel() for one in network.parameters() if one.ndim == 2)
            outputs = sum(one.shape[0] for one in network.parameters() if one.ndim == 2)
            vectors = count - matrices
            # An LSTM's two biases become one; what begins on a multiple of 64 leaves gaps.
            most = matrices * (1 if int8 else 4) + 4 * vectors + (8 * outputs if int8 else 0)
            assert size < most + 64 * 30


def test_two_tokenizers_are_two_files(tmp_path):
    other = Tokenizer.train(["ABCDEFGHIJKLMNOP"], TokenizerOptions("char", VOCAB))
    write_bundle(build(SMALL), Config(model=SMALL), (tokenizer(), other), tmp_path / "two")
    found = read_bundle(tmp_path / "two")
    assert found.src_tokenizer.encode("a") != found.src_tokenizer.encode("A")
    assert found.tgt_tokenizer.encode("A") != found.tgt_tokenizer.encode("a")
    assert not (tmp_path / "two" / "tokenizer.json").exists()


def test_exporting_again_replaces_a_bundle_and_nothing_else(bundle, tmp_path):
    write_tiny(bundle, int8=True)
    assert read_bundle(bundle).int8
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    with pytest.raises(ExportError, match="something other than a bundle"):
        write_tiny(tmp_path / "mine")
    with pytest.raises(ExportError, match="is a file"):
        write_tiny(tmp_path / "mine" / "diary.txt")


@pytest.mark.parametrize("name", sorted(FILES - {"config.toml"}))
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    assert fault(bundle) == f"{bundle / name}: is missing; copy the bundle anew."


@pytest.mark.parametrize("name", sorted(FILES - {"config.toml"}))
def test_a_flipped_bit_is_noticed(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    assert str(bundle / name) in fault(bundle)


def test_all_faults_are_told_at_once(bundle):
    (bundle / "encoder.onnx").unlink()
    (bundle / "weights.bin").write_bytes(b"")
    (bundle / "step.onnx").write_bytes(pickle.dumps({"model": 1}))
    lines = fault(bundle).splitlines()
    assert len(lines) == 3
    assert "encoder.onnx: is missing" in lines[0]
    assert "step.onnx: is a pickle or an archive" in lines[1]
    assert "weights.bin: is not the file that was exported" in lines[2]


def test_another_models_tokenizer_is_recognised(bundle):
    other = Tokenizer.train(["qrstuvwxyz"], TokenizerOptions("char", VOCAB))
    (bundle / "tokenizer.json").write_text(other.to_json(), encoding="utf-8")
    assert "another model's tokenizer" in fault(bundle)


def change(bundle, old: str, new: str) -> None:
    path = bundle / "config.toml"
    assert old in path.read_text(encoding="utf-8")
    edit(path, old, new)


def resign(bundle, name: str) -> None:
    """Make the checksum fit a file that was changed."""
    sums = tomllib.loads((bundle / "config.toml").read_text())["bundle"]["sha256"]
    now = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    change(bundle, sums[name], now)


def test_settings_are_checked(bundle):
    change(bundle, "format = 1", "format = 2")
    assert "format 2; this version of dragoman reads format 1" in fault(bundle)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[bundle", "[bundles", "has no [bundle]"),
        ("num_weights", "num_wieghts", "bundle.num_weights is missing"),
        ('cell = "lstm"', 'sell = "lstm"', "unknown key model.sell"),
        ('"weights.bin"', '"../weights.bin"', "is no name of a file"),
        ("tgt_vocab_size = 20", "tgt_vocab_size = 21", "the graphs 21"),
        ("format = 1", "format =", "damaged"),
    ],
)
def test_damaged_settings_are_told(bundle, old, new, said):
    change(bundle, old, new)
    assert said in fault(bundle)


def test_settings_that_list_too_little_are_told(bundle):
    lines = (bundle / "config.toml").read_text(encoding="utf-8").splitlines()
    change(bundle, next(line for line in lines if line.startswith('"step.onnx"')), "")
    assert "lists no step.onnx" in fault(bundle)


def test_what_is_no_onnx_is_told(bundle):
    (bundle / "encoder.onnx").write_bytes(b"certainly not a graph")
    resign(bundle, "encoder.onnx")
    assert "encoder.onnx: is no ONNX graph" in fault(bundle)


def test_a_graph_of_other_shapes_is_told(bundle, tmp_path):
    """Another model's step, weights and all."""
    other = write_tiny(tmp_path / "other", SMALL.model_copy(update={"hidden_size": 12}))
    for name in ("step.onnx", "weights.bin"):
        shutil.copy(other / name, bundle / name)
        resign(bundle, name)
    assert "step.onnx" in fault(bundle)


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        read_bundle(tmp_path / "nowhere")


def test_select_keeps_one_copy_of_a_sentence(whole):
    engine = BundleStepper(read_bundle(whole))
    state = engine.start(sources())
    both = engine.select(state, np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    assert both.rows.shape[:2] == (4, 2)
    assert both.seen is state.seen
    fewer = engine.select(both, np.array([1, 0, 7, 6]))
    assert fewer.rows.shape[:2] == (2, 2)
    assert len(fewer.seen["keys"]) == 2
    uneven = engine.select(both, np.array([0, 2, 3]))
    assert uneven.rows.shape[:2] == (3, 1)
    assert len(uneven.seen["keys"]) == 3


def test_look_shows_memory_and_hidden_state(whole):
    engine = stepper(whole)
    memory, hidden = engine.look(engine.start(sources()))
    assert memory.shape == (sources().shape[1], 8)
    assert hidden.shape == (8,)


def test_what_happens_to_the_folder_afterwards_changes_nothing(bundle):
    """Files that are overwritten under a running model: it goes on as it was, and does not mix old with new."""
    engine = stepper(bundle)
    before = engine.step(np.array([2]), engine.start(sources()[:1])).distribution.all()
    assert set(engine.parameters())
    for name in ("weights.bin", "encoder.onnx", "step.onnx"):
        (bundle / name).write_bytes(b"")
    after = engine.step(np.array([2]), engine.start(sources()[:1])).distribution.all()
    np.testing.assert_array_equal(before, after)
    with pytest.raises(BundleError, match="has changed since the model was loaded"):
        engine.parameters()
