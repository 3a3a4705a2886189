"""What is suggested gives way to what the user has said."""

import pytest

from dragoman.data.corpus import Pair
from dragoman.defaults import suggest_config
from dragoman.errors import ConfigError
from dragoman.tables import check_config

PAIRS = [Pair(f"a man walks by house {n}", f"un homme passe la maison {n}") for n in range(200)]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ([], {"word_memory", "context_output", "guided_attention", "lexical_start"}),
        (["model.attention=none"], {"word_memory"}),
        (["model.decoder=monotonic"], {"word_memory"}),
        (["model.generator=softmax"], {"word_memory", "guided_attention"}),
        (["model.word_memory=false"], {"context_output", "guided_attention"}),
        (["training.risk_samples=2"], {"word_memory", "context_output", "lexical_start"}),
    ],
)
def test_suggestions_that_the_users_settings_leave_no_room_for_are_left_out(said, left):
    config, _ = suggest_config(PAIRS, said)
    check_config(config)
    both = config.model.model_dump() | config.training.model_dump()
    keys = ("word_memory", "context_output", "guided_attention", "lexical_start")
    assert {key for key in keys if both[key]} == left


def test_what_the_user_has_said_is_never_left_out():
    config, _ = suggest_config(PAIRS, ["model.attention=none", "model.context_output=true"])
    with pytest.raises(ConfigError, match=r"model\.context_output = true needs"):
        check_config(config)
