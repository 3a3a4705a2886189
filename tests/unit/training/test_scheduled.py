"""Scheduled sampling feeds the model's own likeliest words in the right places, as often as the schedule says."""

import numpy as np
import pytest
import torch

from dragoman import api
from dragoman.config import ModelConfig, build_config
from dragoman.data.batches import Example, make_batch
from dragoman.errors import ConfigError
from dragoman.nn.model import Seq2Seq
from dragoman.tables import check_config
from dragoman.text.vocabulary import EOS, SOS
from dragoman.training.averaging import BestKept, average
from dragoman.training.checkpoints import load_tensors
from dragoman.training.folder import WEIGHTS, load_tokenizers
from dragoman.training.scheduled import ScheduledSampling
from dragoman.training.validation import Validation

BATCH = make_batch([Example([4, 5, 6], [7, 8, 9]), Example([6], [5, 4, 9, 9, 10])])


def network(generator="softmax"):
    torch.manual_seed(3)
    sizes = {"embedding_size": 6, "hidden_size": 6, "dropout": 0.0, "generator": generator}
    return Seq2Seq(ModelConfig(**sizes), 12, 12)


def test_at_first_all_words_are_right():
    assert ScheduledSampling(0.9)(network(), BATCH, 0.0) is BATCH


@pytest.mark.parametrize("generator", ["softmax", "pointer"])
def test_its_own_words_stand_where_it_would_say_them(generator):
    model = network(generator)
    with torch.no_grad():  # Not all ends: half of the words.
        model.generator.bias[7] += 0.5
    mixed = ScheduledSampling(1.0)(model, BATCH, 1.0)
    src, tgt_in = torch.from_numpy(BATCH.src), torch.from_numpy(BATCH.tgt_in)
    said = model.log_probs(model(src, tgt_in), src).argmax(2).numpy()
    for row, ids in enumerate(BATCH.tgt_in):
        for place, right in enumerate(ids):
            own = said[row, place - 1] if place else SOS
            wanted = right if place == 0 or right == 0 or own <= EOS else own
            assert mixed.tgt_in[row, place] == wanted
    assert (mixed.tgt_in != BATCH.tgt_in).any()
    assert mixed.tgt_out is BATCH.tgt_out


def test_an_end_is_never_read_on_from():
    model = network()
    with torch.no_grad():
        model.generator.bias[EOS] += 100
    assert np.array_equal(ScheduledSampling(1.0)(model, BATCH, 1.0).tgt_in, BATCH.tgt_in)


def test_the_share_rises_in_a_straight_line():
    model = network()
    with torch.no_grad():
        model.generator.bias[11] += 100
    many = make_batch([Example([4], [5] * 20)] * 100)
    for done in (0.25, 1.0):
        torch.manual_seed(1)
        own = ScheduledSampling(0.5)(model, many, done).tgt_in == 11
        assert own.sum() / 2000 == pytest.approx(0.5 * done, abs=0.03)


def test_a_decoder_along_the_source_refuses_it():
    recipe = {"model": {"decoder": "monotonic"}, "training": {"scheduled_sampling": 0.1}}
    with pytest.raises(ConfigError, match="scheduled_sampling replaces words"):
        check_config(build_config(recipe))


PAIRS = [("a" * n, "b" * n) for n in range(1, 13)]
SETTINGS = ["training.steps=8", "training.threads=1", "text.vocab_size=20", "model.hidden_size=8"]


def test_both_reach_the_training(tmp_path):
    plain = api.train(PAIRS, tmp_path / "plain", api.TrainOptions(settings=SETTINGS))
    settings = [
        *SETTINGS,
        "training.scheduled_sampling=0.9",
        "training.average_best=2",
        "training.validate_every=2",
    ]
    mixed = api.train(PAIRS, tmp_path / "mixed", api.TrainOptions(settings=settings))
    files = [(one.folder / WEIGHTS).read_bytes() for one in (plain, mixed)]
    assert files[0] != files[1]
    kept = sorted((mixed.folder / "best").iterdir())
    assert 1 <= len(kept) <= 2
    # Each of those kept is a model of its own, so that they can vote.
    assert api.load(kept[0]).translate("aa").source == "aa"


def test_the_best_are_kept_and_averaged(tmp_path):
    out = tmp_path / "model"
    api.train(PAIRS, out, api.TrainOptions(settings=["training.steps=1", *SETTINGS[1:]]))
    config = build_config(
        {"training": {"average_best": 2, "stop_metric": "chrf"}, "model": {"hidden_size": 8}}
    )
    before = load_tensors(out / WEIGHTS)[0]
    scores = iter([(10.0, 1.0), (30.0, 3.0), (20.0, 2.0), (30.0, 2.5), (5.0, 1.0), (40.0, 1.0)])

    def validate(model):
        score, loss = next(scores)
        return Validation(loss, 0.0, 0.0, {"chrf": score})

    kept = BestKept(out, config, load_tokenizers(out), validate)
    model = api.load(out).translator.stepper.model
    weights = dict(model.named_parameters())
    for number in range(5):
        with torch.no_grad():
            for weight in weights.values():
                weight.fill_(number)
        kept(model)
    # Of equal scores, the one with less loss comes first: numbers 3 and 1.
    assert [folder.name for folder in kept.kept()] == ["30.000000_2.500000", "30.000000_3.000000"]
    said = kept.finish(model, (30.0, -2.5), 9)
    assert "better than the best of them, and saved" in said
    after, values = load_tensors(out / WEIGHTS)
    assert all(torch.equal(after[name], torch.full_like(after[name], 2.0)) for name in before)
    assert values["step"] == 9


def test_the_average_by_hand():
    found = average([{"w": torch.tensor([1.0, 4.0])}, {"w": torch.tensor([2.0, -4.0])}])
    assert torch.equal(found["w"], torch.tensor([1.5, 0.0]))
