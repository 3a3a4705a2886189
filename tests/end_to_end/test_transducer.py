"""A transducer learns a spelling reform in seconds, and copies letters that it has never seen."""

import random
from pathlib import Path

import pytest

import dragoman

pytestmark = pytest.mark.usefixtures("unchecked")

SETTINGS = [
    "model.decoder=transducer",
    "model.generator=pointer",
    "model.copy_bias=2",
    "model.hidden_size=48",
    "model.embedding_size=16",
    "model.dropout=0.0",
    "training.steps=200",
    "training.validate_every=100",
    "training.threads=1",
    "training.batch_tokens=600",
    "training.learning_rate=0.01",
    "training.ema_decay=0.9",
]


def reform(word: str) -> str:
    """Write f for ph, kw for q, and no h at the end."""
    return word.removesuffix("h").replace("ph", "f").replace("q", "kw")


def test_a_spelling_reform(tmp_path: Path) -> None:
    draw = random.Random(1)
    syllables = ["pha", "qo", "tah", "si", "lu", "po", "he"]
    words = {"".join(draw.choices(syllables, k=draw.randrange(1, 4))) for _ in range(900)}
    pairs = [(word, reform(word)) for word in sorted(words)]
    draw.shuffle(pairs)
    options = dragoman.TrainOptions(settings=SETTINGS, task="normalise")
    model = dragoman.train(pairs[:-50], tmp_path / "model", options)
    found = model.translate([word for word, _ in pairs[-50:]])
    right = sum(one.text == new for one, (_, new) in zip(found, pairs[-50:], strict=True))
    assert right >= 48, right
    # No vocabulary has these letters.
    assert [one.text for one in model.translate(["siжlu", "phaß"])] == ["siжlu", "faß"]
    both = dragoman.ensemble([model, model]).translate(["phaß"])
    assert both[0].text == "faß"
