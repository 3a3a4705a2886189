"""What a training of so many minutes is given: rules over what was seen and measured, without a clock."""

from dataclasses import replace

import pytest

from dragoman.data.corpus import Pair
from dragoman.data.profile import Profile, look
from dragoman.sizing import (
    SIZES,
    Budget,
    Speed,
    averaging,
    choose_batch,
    choose_dropout,
    choose_size,
    choose_vocabulary,
    fit_to_time,
)
from dragoman.tasks import TASKS

PROFILE = Profile(2_800, 6.0, 5.0, 28.0, 14.0, 900, 0.7, 0.1, 0.2, True)
LARGE = replace(PROFILE, num_pairs=130_000, alphabet=90, common_letters=0.98, korean=False)


def settings(vocab_size=8000):
    return {
        "text": {"tokenizer": "bpe", "vocab_size": vocab_size},
        "model": {"hidden_size": 512, "embedding_size": 256, "dropout": 0.3},
        "training": {"batch_tokens": 2000, "epochs": 12},
    }


def machine(seconds, tokens, speed=6e9):
    """Measure on a machine whose steps cost what its products do: weights, and the vocabulary's."""

    def budget(values, size):
        weights = 20 * size * size + values["text"]["vocab_size"] * size
        return Budget(seconds, tokens), Speed(size, speed / weights, weights)

    return budget


def fitted(minutes, profile, **more):
    values, reasons = fit_to_time(
        settings(), profile, machine(60 * minutes, 8 * profile.num_pairs, **more)
    )
    return values["text"] | values["model"] | values["training"], reasons


def test_a_profile_by_hand():
    seen = look([Pair("ab cd", "ab x"), Pair("ab cd ef", "ab ab")])
    assert (seen.num_pairs, seen.src_words, seen.tgt_words) == (2, 2.5, 2.0)
    assert (seen.src_letters, seen.tgt_letters, seen.alphabet) == (6.5, 4.5, 4)
    # "ab" three times and "x"; of seven letters one is in no source.
    assert (seen.variety, seen.common_letters) == (0.5, pytest.approx(6 / 7))
    # Matching blocks: "ab " of 5 + 4 letters; "ab " of 8 + 5.
    assert seen.alike == pytest.approx((2 * 3 / 9 + 2 * 3 / 13) / 2)
    assert not seen.korean
    assert look([Pair("a", "나는")]).korean


def test_the_largest_model_that_is_taught_enough():
    speeds = [Speed(128, 4000, 600_000), Speed(256, 2000, 1_500_000), Speed(512, 700, 5_000_000)]
    # 128: any time; 256 needs 2.25 M tokens, 1,125 s; 512 needs 7.5 M, 10,714 s.
    found = [choose_size(speeds, Budget(s, 1e6)).hidden_size for s in (10, 1100, 1130, 10_720)]
    assert found == [128, 128, 256, 512]
    # Of 100,000 tokens thirty passes count: 3 M, not the 7.5 M that are seen.
    assert choose_size(speeds, Budget(10_720, 1e5)).hidden_size == 256


def test_few_pieces_where_each_would_hardly_be_met():
    # 2,800 pairs of 5 words, of which eight passes count: 112,000 tokens, 448 a piece of 250.
    assert choose_vocabulary(PROFILE, 1e9, 8000) == 500
    assert choose_vocabulary(LARGE, 1e9, 8000) == 8000
    assert choose_vocabulary(LARGE, 600_000, 8000) == 2000
    assert choose_vocabulary(LARGE, 1e9, 4000) == 4000


def test_there_are_as_many_pieces_as_characters():
    """But for Hangul, whose 900 syllables are taken apart into letters."""
    chinese = replace(PROFILE, korean=False)
    assert choose_vocabulary(chinese, 1e9, 8000) == 1000
    assert choose_vocabulary(replace(chinese, alphabet=2500), 1e9, 8000) == 4000
    assert choose_vocabulary(replace(chinese, alphabet=2500), 1e9, 2000) == 2000
    assert choose_vocabulary(replace(chinese, alphabet=99_999), 1e9, 8000) == 8000


def test_batches_leave_steps_to_learn_in():
    assert choose_batch(1e5, 2000, 1e6) == 250
    assert choose_batch(1.3e6, 2000, 1e6) == 500
    assert choose_batch(1e9, 2000, 1e6) == 2000
    assert choose_batch(1e9, 800, 1e6) == 500
    # However long the training: 25,000 tokens leave 50 steps a pass of 500, and 25 of 1,000.
    assert choose_batch(1e9, 2000, 25_000) == 500


def test_the_more_often_it_is_seen_the_more_is_dropped():
    rates = [choose_dropout(passes) for passes in (0.3, 2, 5, 10, 30, 500)]
    assert rates == sorted(rates)
    assert rates[0] < 0.15
    assert rates[-1] == 0.5


def test_averages_remember_a_twentieth():
    assert averaging(4000) == pytest.approx(1 - 1 / 200, abs=1e-4)
    assert averaging(10) == 0.95
    assert averaging(1e6) == 0.999


def test_tiny_data_gets_few_pieces_much_dropout_and_small_batches():
    found, _ = fitted(5, PROFILE)
    assert found["vocab_size"] == 500
    assert found["dropout"] >= 0.4
    assert found["batch_tokens"] <= 500


def test_large_data_and_few_minutes_get_a_small_model():
    few, _ = fitted(2, LARGE)
    many, _ = fitted(600, LARGE)
    assert few["hidden_size"] <= 192
    assert many["hidden_size"] == 512
    assert few["vocab_size"] < many["vocab_size"] == 8000
    assert few["dropout"] <= 0.2 < many["dropout"]
    assert "epochs" not in few


@pytest.mark.parametrize("profile", [PROFILE, LARGE])
def test_more_time_never_gives_less_of_a_model(profile):
    sizes = [fitted(minutes, profile)[0]["hidden_size"] for minutes in (0.5, 2, 5, 20, 60, 600)]
    assert sizes == sorted(sizes)
    fast, _ = fitted(5, profile, speed=6e10)
    assert fast["hidden_size"] >= sizes[2]


def test_what_was_chosen_is_said_with_the_reason():
    found, reasons = fitted(5, LARGE)
    assert [line.split(":")[0] for line in reasons] == ["data", "vocabulary", "model", "training"]
    assert f"{found['hidden_size']} wide" in reasons[2]
    assert f"{found['batch_tokens']} tokens" in reasons[3]


def test_a_size_that_the_user_has_said_is_the_only_one_tried():
    tried = []

    def budget(values, size):
        tried.append(size)
        return Budget(600, 1e6), Speed(300, 5000, 2_000_000)

    values, _ = fit_to_time(settings(), LARGE, budget)
    assert values["model"]["hidden_size"] == 300
    assert len(tried) <= 3
    assert set(tried) == {SIZES[0]}


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if not task.labels])
def test_where_there_is_time_the_task_has_its_way(name):
    """A few words, and a day for them: what was found to suit the task, but for how long it takes."""
    wanted = TASKS[name].suggest([Pair("<N>ab cd", "a b")] * 50).values

    def budget(values, size):
        return Budget(86_400, 500), Speed(size, 5000, 20 * size * size)

    found, reasons = fit_to_time(wanted, PROFILE, budget)
    for section, part in wanted.items():
        for key in set(part) - {"epochs", "ema_decay", "warmup"}:
            assert found[section][key] == part[key], key
    assert "epochs" not in found["training"]
    assert f"time for the {wanted['training']['epochs']} passes" in reasons[2]


@pytest.mark.parametrize("name", ["g2p", "inflect", "normalise", "transliterate", "summarise"])
def test_other_tasks_keep_their_tokens(name):
    before = TASKS[name].suggest([Pair("<N>ab", "a b")] * 50).values
    after, _ = fit_to_time(before, PROFILE, machine(300, 1e5))
    kept = [name for name in after["text"] if name != "vocab_size"]
    assert all(after["text"][one] == before["text"][one] for one in kept)
