"""A hard monotonic model learns spelling with silent letters in seconds, and says where each sound comes from."""

import random
from pathlib import Path

import pytest

import dragoman
from dragoman.errors import InputError

pytestmark = pytest.mark.usefixtures("unchecked")

SETTINGS = [
    "model.decoder=monotonic",
    "model.hidden_size=48",
    "model.embedding_size=16",
    "model.dropout=0.0",
    "training.steps=250",
    "training.validate_every=125",
    "training.threads=1",
    "training.batch_tokens=600",
    "training.learning_rate=0.01",
    "training.ema_decay=0.9",
]


def say(word: str) -> str:
    """Every letter its sound; an h after a consonant is silent."""
    kept = [c for at, c in enumerate(word) if not (c == "h" and at and word[at - 1] not in "aeiou")]
    return " ".join(kept).upper()


def test_silent_letters(tmp_path: Path) -> None:
    draw = random.Random(1)
    words = {"".join(draw.choices("aeiouptkhs", k=draw.randrange(3, 9))) for _ in range(1200)}
    pairs = [(word, say(word)) for word in sorted(words)]
    options = dragoman.TrainOptions(settings=SETTINGS, task="g2p")
    model = dragoman.train(pairs[:-100], tmp_path / "model", options)
    held_out = pairs[-100:]
    found = model.translate([word for word, _ in held_out])
    right = sum(one.text == sound for one, (_, sound) in zip(found, held_out, strict=True))
    assert right >= 97, right
    one = model.translate("pha")
    assert one.text == "P A"
    # <step> p <step> <step> a: "P" was said while looking at p, "A" at a.
    looked = {
        token: one.src_tokens[row.argmax()]
        for token, row in zip(one.tokens, one.attention, strict=True)
        if token in "PA"
    }
    assert looked == {"P": "p", "A": "a"}
    # A text alone does not say where its steps were.
    with pytest.raises(InputError, match="it has no score"):
        model.score("pha", "P A")
