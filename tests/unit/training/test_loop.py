"""The training loop: stopped anywhere and resumed, it ends in the same weights, to the bit."""

import math
import random
import time
import tomllib

import numpy as np
import pytest
import torch

from dragoman.config import ModelConfig, TrainingConfig, build_config, dump_config
from dragoman.data.batches import Example, ListDeck, make_batch
from dragoman.errors import CheckpointError, DragomanError
from dragoman.nn.model import Seq2Seq
from dragoman.training import clock, loop
from dragoman.training.callbacks import Callback
from dragoman.training.clock import WallClock
from dragoman.training.job import Job
from dragoman.training.loop import Trainer
from dragoman.training.validation import Validation, Validator, batch_loss

MODEL = ModelConfig(embedding_size=6, hidden_size=8, decoder_layers=2, dropout=0.3)
STEPS = 18
BASE = {
    "steps": STEPS,
    "batch_tokens": 40,
    "validate_every": 5,
    "learning_rate": 0.02,
    "ema_decay": 0.9,
    "stop_metric": "loss",
}


def make_examples(number=40):
    random = np.random.default_rng(1)
    rows = [random.integers(4, 12, random.integers(1, 6)).tolist() for _ in range(number)]
    return [Example(row, row[::-1]) for row in rows]


EXAMPLES = make_examples()


class Dev:
    """Scores by the loss on a few examples, or by what the test says."""

    def __init__(self, losses=None):
        self.losses = losses
        self.calls = 0

    def __call__(self, model):
        self.calls += 1
        if self.losses is not None:
            loss = self.losses[min(self.calls, len(self.losses)) - 1]
        else:
            was = model.training
            model.eval()
            with torch.inference_mode():
                loss = float(batch_loss(model, make_batch(EXAMPLES[:8]), 0.0).cross_entropy)
            model.train(was)
        return Validation(loss, 0.0, 0.0, {})


class Watcher(Callback):
    """Remembers what it is told; stops the training at a step."""

    def __init__(self, stop=None):
        self.stop = stop
        self.steps, self.validations, self.messages, self.seeds = [], [], [], []

    def on_step(self, record):
        self.steps.append(record)
        self.seeds.append(torch.initial_seed())
        if record.step == self.stop:
            raise KeyboardInterrupt

    def on_validation(self, record):
        self.validations.append(record)

    def on_message(self, text):
        self.messages.append(text)


class Run:
    """A training in a folder."""

    def __init__(self, folder, config, dev=None, started=None):
        self.folder, self.config, self.started = folder, config, started
        self.dev = dev or Dev()
        self.best = {}
        self.watcher = Watcher()

    def session(self, *, stop=None, resume=False):
        torch.manual_seed(7)
        self.model = Seq2Seq(MODEL, 12, 12)
        self.watcher = Watcher(stop)
        job = Job(
            ListDeck(EXAMPLES),
            self.dev,
            self._save_best,
            self.folder / "checkpoint.safetensors",
            [self.watcher],
            **({} if self.started is None else {"started": self.started}),
        )
        self.trainer = Trainer(self.model, self.config, job, resume=resume)
        return self.trainer.run()

    def _save_best(self, model, step):
        self.best = {"step": step} | weights_of(model)

    @property
    def result(self):
        """Everything that a training leaves behind."""
        found = {f"model.{name}": one for name, one in weights_of(self.model).items()}
        averages = weights_of(self.trainer.averaged.model)
        return found | {f"averaged.{name}": one for name, one in averages.items()} | self.best


def weights_of(model):
    return {name: one.detach().clone() for name, one in model.named_parameters()}


def check_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, one in wanted.items():
        if name == "step":
            assert found[name] == one
        else:
            assert torch.equal(found[name], one), name


def config_of(**choices):
    return TrainingConfig(**(BASE | choices))


VARIANTS = {
    "adamw": {},
    "accumulate": {"accumulate": 2},
    "sgd-no-ema": {"optimiser": "sgd", "ema_decay": 0.0, "learning_rate": 0.5},
    "plateau": {"schedule": "plateau", "learning_rate": 0.2},
}
whole_runs = {}


@pytest.fixture(params=VARIANTS)
def uninterrupted(request, tmp_path_factory):
    """A training that nobody stops."""
    name = request.param
    if name not in whole_runs:
        run = Run(tmp_path_factory.mktemp(name), config_of(**VARIANTS[name]))
        run.session()
        whole_runs[name] = run
    return whole_runs[name]


# At 5, 10 and 15 a validation is due: it is made up for.
@pytest.mark.parametrize(
    "stops", [(3,), (7,), (13,), (5,), (10, 15), (1, 2, 3, 17), (STEPS,)], ids=str
)
def test_resumed_it_ends_in_the_same_weights(tmp_path, uninterrupted, stops):
    run = Run(tmp_path, uninterrupted.config)
    validations = []
    for number, stop in enumerate(stops):
        with pytest.raises(KeyboardInterrupt):
            run.session(stop=stop, resume=number > 0)
        validations += run.watcher.validations
    outcome = run.session(resume=True)
    validations += run.watcher.validations
    check_same(run.result, uninterrupted.result)
    wanted = uninterrupted.watcher.validations
    assert [one.step for one in validations] == [one.step for one in wanted]
    assert [one.validation for one in validations] == [one.validation for one in wanted]
    assert [one.best for one in validations] == [one.best for one in wanted]
    assert [one.train_loss for one in validations] == [one.train_loss for one in wanted]
    assert outcome.progress.step == STEPS


def test_it_learns(uninterrupted):
    losses = [one.validation.loss for one in uninterrupted.watcher.validations]
    assert [one.step for one in uninterrupted.watcher.validations] == [5, 10, 15, 18]
    assert min(losses[1:]) < losses[0]
    assert uninterrupted.best["step"] in (5, 10, 15, 18)
    assert [one.step for one in uninterrupted.watcher.steps] == list(range(1, STEPS + 1))
    assert uninterrupted.watcher.steps[-1].done == pytest.approx(1.0)
    assert len(set(uninterrupted.watcher.seeds)) == STEPS  # other dropout at every step


def test_another_seed_is_another_training(tmp_path):
    results = []
    for seed in (1, 2, 1):
        run = Run(tmp_path, config_of(seed=seed))
        run.session()
        results.append(run.result)
    check_same(results[0], results[2])
    first, other = (result["model.generator.bias"] for result in results[:2])
    assert not torch.equal(first, other)


def test_every_seed_drops_out_by_masks_of_its_own(tmp_path):
    """torch heeds 32 bits of a seed on a CPU, so that both numbers must have a part in those."""
    seeds = set()
    for seed in (1, 2):
        run = Run(tmp_path, config_of(seed=seed))
        run.session()
        seeds |= {one % 2**32 for one in run.watcher.seeds}
    assert len(seeds) == 2 * STEPS


def test_no_steps_leave_the_weights_as_they_were(tmp_path):
    run = Run(tmp_path, config_of(steps=0, epochs=None))
    run.session()
    torch.manual_seed(7)
    check_same(weights_of(run.model), weights_of(Seq2Seq(MODEL, 12, 12)))
    assert run.best["step"] == 0


def test_accumulated_batches_are_one_large_batch(tmp_path):
    """Without dropout, two batches' gradients added up are those of the two together."""
    torch.manual_seed(1)
    model = Seq2Seq(MODEL.model_copy(update={"dropout": 0.0}), 12, 12)
    halves = [make_batch(EXAMPLES[:4]), make_batch(EXAMPLES[4:9])]
    tokens = sum(one.num_tokens for one in halves)
    for one in halves:
        (batch_loss(model, one, 0.1).smoothed / tokens).backward()
    summed = [weight.grad.clone() for weight in model.parameters()]
    model.zero_grad()
    (batch_loss(model, make_batch(EXAMPLES[:9]), 0.1).smoothed / tokens).backward()
    for found, weight in zip(summed, model.parameters(), strict=True):
        torch.testing.assert_close(found, weight.grad, atol=1e-6, rtol=1e-4)


def test_every_example_is_seen_once_an_epoch(tmp_path):
    """Over a stop and a resume too."""
    config = config_of(steps=None, epochs=3, validate_every=100)
    run = Run(tmp_path, config)
    with pytest.raises(KeyboardInterrupt):
        run.session(stop=4)
    tokens = sum(one.tokens for one in run.watcher.steps)
    run.session(resume=True)
    tokens += sum(one.tokens for one in run.watcher.steps)
    assert tokens == 3 * sum(len(one.tgt) + 1 for one in EXAMPLES)


def poison(run, steps):
    """Make the gradients of these steps infinite."""
    plain = run.trainer._step

    def step(group):
        if run.trainer.progress.step in steps:
            run.model.generator.bias.register_hook(lambda grad: grad * math.inf)
        plain(group)
        run.model.generator.bias._backward_hooks = None

    run.trainer._step = step


class Poisoned(Run):
    """A training of which some steps' gradients are not finite."""

    def __init__(self, folder, config, steps):
        super().__init__(folder, config)
        self.bad = steps

    def session(self, **options):
        plain = Trainer.run

        def run(trainer):
            self.trainer = trainer
            poison(self, self.bad)
            return plain(trainer)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Trainer, "run", run)
            return super().session(**options)


def test_a_gradient_that_is_not_finite_is_skipped_and_reported(tmp_path):
    run = Poisoned(tmp_path, config_of(), {3, 4})
    run.session()
    assert [message.split(":")[0] for message in run.watcher.messages] == ["step 3", "step 4"]
    assert all("not finite" in message for message in run.watcher.messages)
    assert all(torch.isfinite(one).all() for one in weights_of(run.model).values())
    assert len(run.watcher.steps) == STEPS
    assert run.trainer.progress.bad_steps == 0


def test_a_skipped_step_leaves_the_weights(tmp_path):
    clean, bad = Run(tmp_path, config_of(steps=1)), Poisoned(tmp_path, config_of(steps=1), {0})
    torch.manual_seed(7)
    first = weights_of(Seq2Seq(MODEL, 12, 12))
    bad.session()
    assert all(torch.equal(one, first[name]) for name, one in weights_of(bad.model).items())
    clean.session()
    assert not all(torch.equal(one, first[name]) for name, one in weights_of(clean.model).items())


def test_it_gives_up_after_many_bad_steps(tmp_path):
    run = Poisoned(tmp_path, config_of(steps=100), set(range(7, 100)))
    with pytest.raises(DragomanError, match="20 steps"):
        run.session()
    assert len(run.watcher.steps) == 26
    assert run.best["step"] in (5, 10, 15, 20, 25)


def test_patience_stops_early(tmp_path):
    run = Run(
        tmp_path,
        config_of(steps=100, patience=3),
        Dev([3.0, 2.0, 2.5, 2.5, 1.9, 2.0, 2.0, 2.0, 1.0]),
    )
    outcome = run.session()
    assert [one.best for one in run.watcher.validations] == [
        *(True, True, False, False, True),
        *(False, False, False),
    ]
    assert outcome.progress.step == 40
    assert outcome.progress.best_step == 25
    assert run.best["step"] == 25
    assert outcome.frozen.steps == 40


def test_a_plateau_halves_the_rate(tmp_path):
    config = config_of(schedule="plateau", learning_rate=0.1, warmup=0.0)
    run = Run(tmp_path, config, Dev([2.0, 3.0, 1.0, 4.0]))
    run.session()
    rates = [one.learning_rate for one in run.watcher.steps]
    assert rates == pytest.approx([0.1] * 10 + [0.05] * (STEPS - 10))


def test_the_warm_up_and_the_cosine(tmp_path):
    run = Run(tmp_path, config_of(warmup=0.5, learning_rate=0.1))
    run.session()
    rates = [one.learning_rate for one in run.watcher.steps]
    assert rates[: STEPS // 2] == pytest.approx([1e-4] + [0.1 * n / 9 for n in range(1, 9)])
    assert rates[9] == pytest.approx(0.1)
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] < 0.01


def test_resuming_nothing_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="without --resume"):
        Run(tmp_path, config_of()).session(resume=True)


def reread(config):
    """Through resolved.toml and back."""
    whole = build_config({"training": config.model_dump(exclude_none=True)})
    return build_config(tomllib.loads(dump_config(whole))).training


class Ticking:
    """A `time` that goes on a little whenever it is looked at, so that no load can disturb it."""

    def __init__(self):
        self.now, self.chance = 0.0, random.Random(1)

    def monotonic(self):
        self.now += self.chance.uniform(0.001, 0.005)
        return self.now


@pytest.fixture
def ticking(monkeypatch):
    fake = Ticking()
    for module in (loop, clock):
        monkeypatch.setattr(module, "time", fake)
    return fake


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
@pytest.mark.parametrize("kind", ["ticking", "real"])
def test_what_a_clock_decided_is_made_again_without_one(tmp_path, request, schedule, kind):
    """A --minutes run's frozen settings give the same weights, best model and validations."""
    watch = request.getfixturevalue("ticking") if kind == "ticking" else time
    choices = {"steps": None, "minutes": 0.03, "validate_every": None, "schedule": schedule}
    config = config_of(**choices, learning_rate=0.1)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    timed = Run(tmp_path / "a", config, started=watch.monotonic())
    outcome = timed.session()
    if kind == "ticking":
        assert outcome.progress.step > 30
        assert len(outcome.frozen.progress) > 3
        assert timed.trainer.clock.done(outcome.progress.step) == pytest.approx(1.0, abs=0.1)
    again = Run(tmp_path / "b", reread(outcome.frozen))
    assert again.config.minutes is None
    assert again.config.steps == outcome.progress.step
    assert reread(again.session().frozen) == reread(outcome.frozen)
    check_same(again.result, timed.result)
    found, wanted = again.watcher.validations, timed.watcher.validations
    assert [(one.step, one.validation) for one in found] == [
        (one.step, one.validation) for one in wanted
    ]
    assert [one.learning_rate for one in again.watcher.steps] == [
        one.learning_rate for one in timed.watcher.steps
    ]


def test_a_time_too_short_for_a_reading_still_leaves_a_model(tmp_path):
    """Whatever happens, there is a validation, and with it a best model."""
    config = config_of(steps=None, minutes=0.0001, validate_every=None)
    run = Run(tmp_path, config, started=time.monotonic())
    outcome = run.session()
    assert outcome.progress.step == 0
    assert run.best["step"] == 0
    # Five steps, then the time is up.
    run = Run(tmp_path, config_of(steps=None, minutes=1.0, validate_every=None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WallClock, "over", lambda clock, step: step >= 5)
        outcome = run.session()
    assert outcome.progress.step == 5
    assert run.best["step"] == 5
    again = Run(tmp_path, reread(outcome.frozen))
    again.session()
    check_same(again.result, run.result)


def test_a_stopped_clock_run_goes_on(tmp_path, ticking):
    config = config_of(steps=None, minutes=0.05, validate_every=None)
    run = Run(tmp_path, config, started=ticking.monotonic())
    with pytest.raises(KeyboardInterrupt):
        run.session(stop=25)
    spent = run.trainer.progress.elapsed_s
    assert spent > 0
    run.started = ticking.monotonic()
    outcome = run.session(resume=True)
    assert outcome.progress.step > 25
    assert spent < outcome.progress.elapsed_s < 0.05 * 60
    assert outcome.frozen.progress is not None
    assert outcome.frozen.steps == outcome.progress.step


def test_interrupted_in_a_validation_it_is_made_up_for(tmp_path):
    """A best model that was not saved yet is saved after the resume."""
    run = Run(tmp_path, config_of())
    plain, calls = run._save_best, []

    def interrupted(model, step):
        calls.append(step)
        if len(calls) == 1:
            raise KeyboardInterrupt
        plain(model, step)

    run._save_best = interrupted
    with pytest.raises(KeyboardInterrupt):
        run.session()
    run.session(resume=True)
    assert calls[:2] == [5, 5]
    whole = Run(tmp_path, config_of())
    whole.session()
    check_same(run.result, whole.result)


def test_validation_by_hand():
    """The validator's figures, of a model that has learned nothing and of the right answers."""
    torch.manual_seed(1)
    model = Seq2Seq(MODEL, 12, 12).train()
    texts = [" ".join(map(str, one.tgt)) for one in EXAMPLES]
    validator = Validator(
        EXAMPLES,
        lambda ids, unknown: " ".join(map(str, ids)),
        [[text] for text in texts],
        num_free_running=10,
    )
    found = validator(model)
    assert model.training
    assert found.loss == pytest.approx(math.log(12), abs=0.5)
    with torch.inference_mode():
        model.eval()
        scored = batch_loss(model, make_batch(EXAMPLES), 0.0)
    tokens = make_batch(EXAMPLES).num_tokens
    assert found.loss == pytest.approx(float(scored.cross_entropy) / tokens, rel=1e-5)
    assert found.accuracy_teacher_forced == pytest.approx(int(scored.num_right) / tokens)
    assert [one.reference for one in found.samples] == [texts[one.example] for one in found.samples]
    assert len({one.example for one in found.samples}) == 3
    assert 0 <= found.accuracy_free_running <= 1
    assert found.scores["bleu"] < 50


def test_auto_precision_asks_the_processor_the_size_and_the_threads(monkeypatch):
    from dragoman.training.machine import choose_precision

    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    auto = TrainingConfig()
    assert choose_precision(auto, cpu, 6_000_000) == "bfloat16"
    assert choose_precision(auto, cpu, 2_000_000) == "float32"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert choose_precision(auto, cpu, 2_000_000) == "bfloat16"
    assert choose_precision(TrainingConfig(precision="float32"), cpu, 6_000_000) == "float32"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {}, raising=False)
    assert choose_precision(auto, cpu, 6_000_000) == "float32"
