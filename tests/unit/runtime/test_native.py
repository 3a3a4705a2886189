"""The kernel says what ONNX Runtime says, and what it does not know is left to that."""

import os
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dragoman.cli.main import main
from dragoman.config import ModelConfig
from dragoman.contracts.tiny import SOURCES, VOCAB, build, sources
from dragoman.data.batches import pad_sources
from dragoman.export.shortlist import Shortlist
from dragoman.loading import load, open_stepper
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.engine import BundleStepper
from dragoman.runtime.native import library
from dragoman.runtime.native import stepper as native_stepper
from dragoman.runtime.native.search import OwnSearch
from dragoman.runtime.native.stepper import NativeStepper, open_native
from dragoman.runtime.native.words import WordTable
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.filters import Forbid, ForcePrefix, MinLength, NoRepeat
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.stepper import ArrayDistribution
from dragoman.text.vocabulary import EOS
from dragoman.translator import TranslateOptions
from dragoman.zoo import shipped
from helpers.bundles import SMALL, stepper, write_tiny

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
LIMITS = Limits([8] * len(SOURCES), attention=True)
CONFIGS = {
    "plain": {"attention": "none", "generator": "softmax", "bridge": "copy"},
    "general": {"attention": "general", "generator": "tied", "bidirectional": True},
    "deep": {"encoder_layers": 2, "decoder_layers": 2, "bidirectional": True, "bridge": "copy"},
    "dot": {"attention": "dot", "bridge": "mean", "decoder_layers": 2, "encoder_layers": 1},
    "words": {"attention": "general", "bridge": "mean", "embedding_size": 7, "word_memory": True},
    "named": {
        "attention": "general",
        "generator": "tied",
        "word_memory": True,
        "context_output": True,
    },
    "found": {"attention": "dot", "generator": "tied", "embedding_size": 5, "context_output": True},
    "dotted": {"attention": "dot", "generator": "tied", "word_memory": True},
    "ssru": {"decoder_cell": "ssru", "attention": "general", "generator": "tied"},
    "ssrus": {"decoder_cell": "ssru", "decoder_layers": 2, "attention": "none", "bridge": "copy"},
    "odd": {"embedding_size": 7, "hidden_size": 10, "attention": "general", "bridge": "dense"},
}


@pytest.fixture(scope="module")
def _compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        assert main(["accelerate"]) == 0
        yield folder


@pytest.fixture(autouse=True)
def _kernel(_compiled, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(_compiled))
    monkeypatch.setenv("DRAGOMAN_NATIVE", "1")
    library.load_kernel.cache_clear()
    yield
    library.load_kernel.cache_clear()


# What each source token offers besides the end, 18 and 19: two or three tokens, some of them on several lists.
SHORT = Shortlist(
    np.array([EOS, 18, 19]),
    np.array([[EOS] * 3] * 4 + [[n, n * 7 % 16 + 4, max(n - 1, 4)] for n in range(4, VOCAB)]),
)


def opened(out, config=SMALL, shortlist=None):
    """Open a tiny int8 bundle on the kernel."""
    write_tiny(out, network=build(config), int8=True, shortlist=shortlist)
    native = open_native(read_bundle(out))
    assert native is not None
    return native


def side_by_side(native, onnx):
    """Take two steps with both, and give what each found."""
    states = native.start(sources()), onnx.start(sources())
    for last in ([2, 2, 2, 2], [7, 5, 11, 6]):
        found, wanted = (
            one.step(np.array(last), state)
            for one, state in zip((native, onnx), states, strict=True)
        )
        yield found, wanted
        states = found.state, wanted.state


@pytest.mark.parametrize("name", list(CONFIGS))
def test_it_computes_what_the_float_graphs_say(name, tmp_path):
    config = SMALL.model_copy(update=CONFIGS[name])
    native = opened(tmp_path / "int8", config)
    onnx = stepper(write_tiny(tmp_path / "float", network=build(config)))
    for found, wanted in side_by_side(native, onnx):
        log_probs = wanted.distribution.all()
        assert np.abs(found.distribution.all() - log_probs).mean() < 0.1 * log_probs.std()
        np.testing.assert_allclose(np.exp(found.distribution.all()).sum(axis=1), 1, atol=1e-5)
        assert np.abs(found.state.rows - wanted.state.rows).mean() < 0.03
        if wanted.weights is not None:
            np.testing.assert_allclose(found.weights, wanted.weights, atol=0.05)
    states = found.state, wanted.state
    real = sources() != 0
    for given in states[1].seen.keys() - {"mask"}:
        found, wanted = (one.seen[given][real] for one in states)
        assert np.abs(found - wanted).mean() < 0.05 * np.abs(wanted).mean() + 0.01


@pytest.mark.parametrize("name", ["ssru", "ssrus"])
def test_what_an_ssru_says_has_no_bound(name, tmp_path):
    """It is rounded by its own largest number: cut off at 1, as what an LSTM says may be, it would say other words."""
    network = build(SMALL.model_copy(update=CONFIGS[name]))
    for key, values in network.named_parameters():
        if key.startswith("decoder.layers.") and key.endswith("weight_ih"):
            values.data[8:] *= 40
    write_tiny(tmp_path / "int8", network=network, int8=True)
    native = open_native(read_bundle(tmp_path / "int8"))
    onnx = stepper(write_tiny(tmp_path / "float", network=network))
    assert native is not None
    for found, wanted in side_by_side(native, onnx):
        log_probs = wanted.distribution.all()
        assert np.abs(found.distribution.all() - log_probs).mean() < 0.03 * log_probs.std()
    assert np.abs(wanted.state.rows).max() > 2


@pytest.mark.parametrize("inputs", [7, 8, 320])
@pytest.mark.parametrize("rows", [1, 5, 20])
def test_products_of_whole_numbers_are_exact(inputs, rows):
    """Also where ONNX Runtime's 8-bit products would overflow: the largest numbers side by side."""
    rng = np.random.default_rng(inputs)
    weights = rng.integers(-127, 128, (inputs, 21)).astype(np.int8)
    weights[:, :3] = 127
    numbers = rng.integers(-127, 128, (rows, inputs))
    numbers[0] = 127
    matrix, out = library.Packed(weights, np.ones(21, np.float32)), np.empty((rows, 21), np.float32)
    x = (numbers / 127).astype(np.float32)
    kernel = library.load_kernel()
    assert kernel is not None
    where = [library.address(one) for one in (x, out)]
    assert kernel.dragoman_linear(matrix.struct, where[0], inputs, rows, 1, None, where[1])
    np.testing.assert_allclose(out * 127, numbers @ weights.astype(int), rtol=1e-6, atol=0.01)


@pytest.mark.parametrize("shortlist", [None, SHORT])
@pytest.mark.parametrize("name", list(CONFIGS))
def test_no_sentence_depends_on_its_company(name, shortlist, tmp_path):
    native = opened(tmp_path, SMALL.model_copy(update=CONFIGS[name]), shortlist).short
    options = BeamOptions(beam_size=3)
    greedy = greedy_search(native, sources(extra=2), LIMITS)
    beams = beam_search(native, sources(extra=2), LIMITS, options)
    assert {len(one.ids) for one in greedy} != {8}
    for number, source in enumerate(SOURCES):
        alone = Limits([8], attention=True)
        (found,) = greedy_search(native, pad_sources([source]), alone)
        assert found.ids == greedy[number].ids
        assert found.log_probs == pytest.approx(greedy[number].log_probs, abs=1e-5)
        (several,) = beam_search(native, pad_sources([source]), alone, options)
        assert [one.ids for one in several] == [one.ids for one in beams[number]]
        if shortlist:
            offered = {*shortlist.of([*source, EOS]).tolist()}
            assert all({*one.ids} <= offered for one in (found, *several))


class Stepwise:
    """A stepper without searches of its own."""

    def __init__(self, native):
        self.start, self.step, self.select = native.start, native.step, native.select


def same(found, wanted):
    """Compare hypotheses, to the last digit."""
    assert (found.ids, found.log_probs) == (wanted.ids, wanted.log_probs)
    assert (found.score, found.complete) == (wanted.score, wanted.complete)
    np.testing.assert_array_equal(found.weights, wanted.weights)


@pytest.mark.parametrize("shortlist", [None, SHORT])
@pytest.mark.parametrize("filters", [[], [Forbid((0, 1, 2))], [MinLength(5), Forbid((4, 1))]])
@pytest.mark.parametrize("name", list(CONFIGS))
def test_its_own_searches_say_what_those_in_python_say(name, filters, shortlist, tmp_path):
    """The same words, scores and attention, whatever ends when, also where a sentence has fewer words than a beam."""
    rng = np.random.default_rng(7)
    config = SMALL.model_copy(update=CONFIGS[name])
    native = opened(tmp_path, config, shortlist).short
    src = pad_sources([rng.integers(3, 12, rng.integers(1, 9)).tolist() for _ in range(16)])
    for attention, longest in ((True, 9), (False, 20)):
        limits = Limits(rng.integers(0, longest, 16).tolist(), filters, attention, 0.7)
        greedy = native.own.greedy(src, limits)
        for found, wanted in zip(greedy, greedy_search(Stepwise(native), src, limits), strict=True):
            same(found, wanted)
        for options in (BeamOptions(1), BeamOptions(4, 0.0, nbest=2), BeamOptions(11, 1.3)):
            beams = native.own.beam(src, limits, options)
            assert max(map(len, beams)) == (options.nbest or options.beam_size)
            plain = beam_search(Stepwise(native), src, limits, options)
            for several, wanted in zip(beams, plain, strict=True):
                for pair in zip(several, wanted, strict=True):
                    same(*pair)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_a_shortlist_shares_out_what_the_graphs_share_out(name, tmp_path):
    """A sentence's own words are all that may follow, as likely as on ONNX Runtime; asked for all, it weighs all."""
    native = opened(tmp_path, SMALL.model_copy(update=CONFIGS[name]), SHORT)
    assert isinstance(native.short.own, OwnSearch)
    onnx = BundleStepper(read_bundle(tmp_path))
    found, wanted = (
        one.step(np.full(4, 2), one.start(sources())).distribution.all()
        for one in (native.short, onnx.short)
    )
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(wanted))
    np.testing.assert_allclose(np.exp(found), np.exp(wanted), atol=0.02)
    every = native.step(np.full(4, 2), native.start(sources())).distribution.all()
    assert np.isfinite(every).all()
    # Of two hypotheses a sentence each row knows whose words it may say.
    twice = native.select(native.short.start(sources()), np.array([1, 1, 3, 3]))
    several = native.short.step(np.full(4, 2), twice).distribution.all()
    np.testing.assert_array_equal(several, found[[1, 1, 3, 3]])


@pytest.mark.parametrize(
    "spoil",
    [
        {"shortlist.always": None},
        {"shortlist.always": np.array([18], np.int32)},
        {"shortlist": np.full((VOCAB, 3), VOCAB, np.int32)},
        {"shortlist": np.full((VOCAB, 3), -1, np.int32)},
        {"shortlist": np.full((VOCAB - 1, 3), EOS, np.int32)},
    ],
)
def test_a_shortlist_of_another_model_is_left_to_onnx_runtime(spoil, tmp_path, monkeypatch):
    opened(tmp_path, shortlist=SHORT)
    read = native_stepper.tensors_of

    def spoilt(*asked):
        found = {**read(*asked), **spoil}
        return {name: one for name, one in found.items() if one is not None}

    monkeypatch.setattr(native_stepper, "tensors_of", spoilt)
    assert open_native(read_bundle(tmp_path)) is None


def test_what_its_own_searches_do_not_know_python_does(tmp_path):
    native = opened(tmp_path)
    assert native.own.beam(sources(), LIMITS, BeamOptions(2, coverage_penalty=0.1)) is None
    for restrict in (NoRepeat(2), ForcePrefix([[5]] * 4), Forbid((99,))):
        assert native.own.greedy(sources(), replace(LIMITS, filters=[restrict])) is None
    forced = replace(LIMITS, filters=[ForcePrefix([[5, 6]] * 4)])
    assert all(one.ids[:2] == (5, 6) for one in greedy_search(native, sources(), forced))
    steps = []
    beam_search(native, sources(), LIMITS, BeamOptions(2), steps.append)
    assert steps


@pytest.mark.parametrize("processor", ["-march=native", "-mno-avx2"])
def test_no_network_brings_it_down(processor, tmp_path):
    """Random networks, also of numbers that are none, under the sanitizers."""
    if processor == "-mno-avx2" and platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("no such processor")
    check = Path(__file__).with_name("kernel_check.c").read_text(encoding="utf-8")
    (tmp_path / "check.c").write_text(library.source() + check, encoding="utf-8")
    command = ["cc", "-O0", "-std=gnu99", processor, "-Wall", "-Wextra", "-Werror"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "check.c", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    subprocess.run([tmp_path / "a.out", "60"], env=environment, check=True)


def test_numbers_of_16_bits_are_those_of_numpy(tmp_path):
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(0, scale, 500) for scale in (1, 1e-3, 1e-6, 1e-8, 3e4)])
    words, scales = np.full((len(values), 1), 1, np.int8), values.astype(np.float32)
    one = np.ones((1, 1), np.int8), np.ones(1, np.float32)
    table = WordTable(library.load_kernel(), (words, scales), one, np.zeros(1, np.float32))
    ids = np.arange(len(values))
    table.meet(ids)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(table.rows[:, 0], scales.astype(np.float16))
    with pytest.raises(IndexError):
        table.meet(np.array([len(values)]))


def test_distributions_are_those_of_arrays(tmp_path):
    native = opened(tmp_path)
    step = native.step(np.full(4, 2), native.start(sources())).distribution.forbid((0, 1, 2))
    plain = ArrayDistribution(step.all())
    assert np.isneginf(step.all()[:, :3]).all()
    for k in (1, 5, 100):
        for found, wanted in zip(step.top(k), plain.top(k), strict=True):
            np.testing.assert_array_equal(found[:, :17], wanted[:, :17])
    ids = np.array([4, 1, 9, 3])
    np.testing.assert_array_equal(step.gather(ids), plain.gather(ids))
    for found, wanted in (
        (step.only({1: [5, 6]}), plain.only({1: [5, 6]})),
        (step.forbid({2: [8]}), plain.forbid({2: [8]})),
    ):
        np.testing.assert_array_equal(found.all(), wanted.all())


def test_equal_scores_come_in_the_order_of_their_ids(tmp_path):
    native = opened(tmp_path)
    made = native.step(np.full(1, 2), native.start(sources()[:1])).distribution
    scores = np.array([[0, 3, 1, 3, 1, 3, 0, 0, 0, 1, 5, 3]], np.float32)
    _, ids = replace(made, scores=scores, log_sums=np.zeros(1, np.float32)).top(6)
    assert ids.tolist() == [[10, 1, 3, 5, 11, 2]]


@pytest.mark.parametrize(
    ("change", "int8"),
    [
        ({"cell": "gru"}, True),
        ({"input_feeding": True}, True),
        ({"attention": "additive"}, True),
        ({"encoder": "alternating"}, True),
        ({"transitions": 2}, True),
        ({"zoneout": 0.1}, True),
        ({}, False),
    ],
)
def test_what_it_does_not_know_runs_on_onnx_runtime(change, int8, tmp_path):
    config = ModelConfig(**{**SMALL.model_dump(), **change})
    bundle = read_bundle(write_tiny(tmp_path, network=build(config), int8=int8))
    assert open_native(bundle) is None
    assert not isinstance(open_stepper(bundle), NativeStepper)


def test_it_can_be_switched_off_and_removed(tmp_path, monkeypatch, capsys):
    bundle = read_bundle(write_tiny(tmp_path, int8=True))
    assert isinstance(open_stepper(bundle), NativeStepper)
    monkeypatch.setenv("DRAGOMAN_NATIVE", "0")
    library.load_kernel.cache_clear()
    assert not isinstance(open_stepper(bundle), NativeStepper)
    monkeypatch.setenv("DRAGOMAN_NATIVE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    library.load_kernel.cache_clear()
    assert main(["accelerate", "--remove"]) == 0
    assert open_native(bundle) is None
    monkeypatch.setenv("CC", "no-such-compiler")
    assert main(["accelerate"]) == 2
    assert "no C compiler" in capsys.readouterr().err


def test_the_phrasebook_says_the_same(monkeypatch):
    texts = ["I am a student.", "Where is the station?", "We have two cats.", "", "zxq &"] * 3
    folder = shipped("phrasebook-en-fr")
    native = load(folder, threads=1)
    assert isinstance(native.translator.stepper, NativeStepper)
    monkeypatch.setenv("DRAGOMAN_NATIVE", "0")
    library.load_kernel.cache_clear()
    onnx = load(folder, threads=1)
    for beam in (1, 5):
        found, wanted = (
            one.translate(texts, TranslateOptions(beam_size=beam)) for one in (native, onnx)
        )
        assert [one.text for one in found] == [one.text for one in wanted]
        assert [one.score for one in found] == pytest.approx(
            [one.score for one in wanted], abs=0.02
        )
