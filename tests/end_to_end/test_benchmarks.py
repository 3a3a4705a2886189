"""Benchmarks that need a machine which is not here run, at least, on this one."""

import importlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dragoman.contracts.test_models import check_steps
from dragoman.contracts.tiny import sources, targets_in, tensor_of

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPT = BENCHMARKS / "gpu.py"


def test_the_gpu_benchmark_runs_without_a_gpu():
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert '"beam_5"' in done.stdout


def test_a_peer_hears_that_its_time_is_up_though_we_are_deaf_to_it(tmp_path, monkeypatch):
    """A shell's background jobs ignore Ctrl-C, which is how some peers are asked to save."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    running = importlib.import_module("peers.running")
    saves = "import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: print('saved')"
    command = running.Command([sys.executable, "-c", saves], tmp_path / "log")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ended = running.run(command, running.Limits(1, seconds=2, stop=signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.log == "saved\n"


@pytest.fixture
def transformer(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("transformer")


def test_the_peers_steps_are_its_whole_sequence_whatever_the_padding(transformer):
    torch.manual_seed(1)
    shape = transformer.Shape(2, 16, 32, 4, 0.001, decoder_layers=1)
    network = transformer.Transformer(shape, 20, 20, tied=True).eval()
    check_steps(network)
    src, tgt_in = tensor_of(sources()), targets_in()
    with torch.no_grad():
        wanted = network(src, tgt_in).outputs
        padded = network(tensor_of(sources(extra=3)), tgt_in).outputs
        other = network(src.roll(1, 0), tgt_in).outputs
    torch.testing.assert_close(padded, wanted, atol=1e-5, rtol=1e-5)
    assert ((wanted - other).abs().amax(dim=(1, 2)) > 1e-3).all()


def test_the_peers_layers_are_pytorchs(transformer):
    """With the same weights, norms first: what it reads and what it writes."""
    torch.manual_seed(1)
    shape = transformer.Shape(1, 16, 32, 4, 0.001)
    x, memory, mask = torch.randn(3, 5, 16), torch.randn(3, 4, 16), torch.ones(3, 1, 1, 4).bool()
    for decodes, kind in (
        (False, torch.nn.TransformerEncoderLayer),
        (True, torch.nn.TransformerDecoderLayer),
    ):
        ours = transformer.Layer(shape, decodes=decodes).eval()
        theirs = kind(16, 4, 32, batch_first=True, norm_first=True).eval()
        attentions = [(ours.own, theirs.self_attn)]
        attentions += [(ours.cross, theirs.multihead_attn)] if decodes else []
        with torch.no_grad():
            for mine, other in attentions:
                other.in_proj_weight.copy_(torch.cat([mine.q.weight, mine.kv.weight]))
                other.in_proj_bias.copy_(torch.cat([mine.q.bias, mine.kv.bias]))
                other.out_proj.load_state_dict(mine.out.state_dict())
            theirs.linear1.load_state_dict(ours.maps[0].state_dict())
            theirs.linear2.load_state_dict(ours.maps[3].state_dict())
            if decodes:
                found, _ = ours.decode(x, None, ours.cross.keys(memory), mask)
                later = torch.ones(5, 5).triu(1).bool()
                wanted = theirs(x, memory, tgt_mask=later)
            else:
                found, wanted = ours.encode(x, None), theirs(x)
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_the_small_transformer_learns_as_ours_does(tmp_path):
    """On a few pairs and for a few seconds, with settings that are chosen where there is no recipe."""
    words = ["one", "two", "three", "four", "five"]
    pairs = [f"{a} {b} {c}\t{c} {b} {a}\n" for a in words for b in words for c in words]
    for name, lines in (("train", pairs), ("dev", pairs[::25])):
        (tmp_path / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    script = str(BENCHMARKS / "small_transformer.py")
    command = [sys.executable, script, "--data", str(tmp_path), "--pair", "toy"]
    command += ["--minutes", "0.05", "--who", "tiny"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "| tiny | 1." in done.stdout
    assert done.stdout.count("| dev |") == 1
