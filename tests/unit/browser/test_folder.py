"""The folder that runs in a browser: what is in it, and what is refused."""

import json
import subprocess
import sys

import pytest

from dragoman.browser import copy_bundle, write_web
from dragoman.browser.folder import PAGE_FILES, RUNTIME_FILES
from dragoman.cli.main import main
from dragoman.config import Config, SearchConfig
from dragoman.contracts.tiny import build
from dragoman.errors import ExportError
from dragoman.export import write_bundle
from dragoman.runtime.bundle import read_bundle
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.zoo import shipped
from helpers.bundles import SMALL, tokenizer, write_tiny

BUNDLE = "phrasebook-en-fr"


@pytest.fixture
def runtime(tmp_path):
    """A folder that looks like the npm package."""
    dist = tmp_path / "onnxruntime-web" / "dist"
    dist.mkdir(parents=True)
    for name in (*RUNTIME_FILES, "ort.all.js"):
        (dist / name).write_text(name)
    return dist.parent


@pytest.mark.parametrize("inside", ["", "dist"])
def test_a_bundle_and_its_page(runtime, inside, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--web", "--web-runtime", str(runtime / inside)]
    assert main(["export", BUNDLE, "--to", str(out), *options]) == 0
    assert "python -m http.server" in capsys.readouterr().out
    assert {path.name for path in (out / "web" / "ort").iterdir()} == set(RUNTIME_FILES)
    for name in ("encoder.onnx", "step.onnx", "weights.bin"):
        assert (out / "web" / name).read_bytes() == (shipped(BUNDLE) / name).read_bytes()
    settings = json.loads((out / "web" / "model.json").read_text(encoding="utf-8"))
    bundle = read_bundle(out)  # The copy is whole.
    assert settings["src"]["cut"] == "words"
    assert settings["src"]["tokens"][:4] == ["<pad>", "<unk>", "<sos>", "<eos>"]
    assert len(settings["tgt"]["tokens"]) == bundle.tgt_tokenizer.vocab_size
    assert settings["search"]["beam_size"] == bundle.config.search.beam_size


def test_without_a_runtime_nothing_is_fetched_and_it_is_said(tmp_path, capsys):
    assert main(["export", BUNDLE, "--to", str(tmp_path / "out"), "--web"]) == 0
    assert "--web-runtime" in capsys.readouterr().out
    written = {path.name for path in (tmp_path / "out" / "web").iterdir()}
    assert written == {*PAGE_FILES, "model.json", "encoder.onnx", "step.onnx", "weights.bin"}


def test_a_page_of_a_bundle_needs_no_torch(tmp_path):
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from dragoman.cli.main import main\n"
        f"sys.exit(main(['export', '{BUNDLE}', '--to', sys.argv[1], '--web']))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "out")], check=True)


def test_a_bundle_to_its_own_folder(tmp_path):
    out = write_tiny(tmp_path / "out")
    copy_bundle(out, out)
    assert not write_web(out).has_runtime


def test_nothing_else_is_overwritten(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="holds something other than a bundle"):
        copy_bundle(shipped(BUNDLE), tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--web", "--web-runtime", "nowhere"], "has no ort.wasm.min.mjs"),
        (["--web-runtime", "nowhere"], "add --web"),
        (["--web", "--int8"], "is a bundle already"),
    ],
)
def test_what_cannot_be_asked(options, said, tmp_path, capsys):
    assert main(["export", BUNDLE, "--to", str(tmp_path / "out"), *options]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("decoder", ["gnmt", "conditional"])
def test_the_page_runs_whatever_looks_at_the_source(decoder, tmp_path):
    config = SMALL.model_copy(update={"decoder": decoder, "attention": "general"})
    assert not write_web(write_tiny(tmp_path / "out", network=build(config))).has_runtime


@pytest.mark.parametrize(
    ("kind", "search", "model", "said"),
    [
        ("unigram", {}, {}, "which the page cannot read"),
        ("char", {"coverage_penalty": 0.2}, {}, "coverage_penalty is not 0"),
        ("char", {}, {"generator": "pointer", "attention": "additive"}, "copies no words"),
        ("char", {}, {"decoder": "monotonic"}, "decoder is 'monotonic'"),
    ],
)
def test_what_the_page_does_not_do(kind, search, model, said, tmp_path):
    both = tokenizer()
    if kind == "unigram":
        both = Tokenizer.train(["ab cd ef gh"] * 3, TokenizerOptions(kind, both.vocab_size))
    network = build(SMALL.model_copy(update=model))
    config = Config(model=network.config, search=SearchConfig(**search))
    write_bundle(network, config, (both, both), tmp_path / "out")
    with pytest.raises(ExportError, match=said):
        write_web(tmp_path / "out")
