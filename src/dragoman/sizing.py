"""How large a model, how large a vocabulary, how strong a hand: what a training of so many minutes is given.

Rules only: pure functions of what was seen of the data (`Profile`) and measured of the machine (`Speed`). What they
rest on stands in decision 0022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dragoman.data.profile import Profile

SIZES = (96, 128, 192, 256, 384, 512)
"""Hidden sizes that are weighed."""

# A weight is worth having if it is taught by so many tokens, counted as often as they are seen.
_TOKENS_A_WEIGHT = 1.5
# What is seen again teaches less: so many passes count in full.
_COUNTED_PASSES = 30
# A piece of a vocabulary should be met about so often.
_MEETINGS = 250
_VOCABULARIES = (500, 1000, 2000, 4000, 8000)
_STEPS = 2500
_STEPS_A_PASS = 40
_BATCHES = (250, 500, 1000, 2000)
# Passes over the data up to which so much dropout is enough.
_DROPOUTS = ((2, 0.1), (6, 0.2), (15, 0.3), (40, 0.4), (1e9, 0.5))
_WORD_MODEL = 2.0  # words a side, under which it is a task of words, whose tokens are letters


@dataclass(frozen=True)
class Speed:
    """How fast a model of a size learns here.

    Attributes:
        hidden_size: Of the model that was tried.
        tokens_s: Tokens a second, of the longer side of each pair.
        num_weights: How many weights it has.
    """

    hidden_size: int
    tokens_s: float
    num_weights: int


@dataclass(frozen=True)
class Budget:
    """What there is to spend.

    Attributes:
        seconds: For steps alone: what preparation and validations take is off.
        tokens: In one pass over the data, of the longer side of each pair.
        enough: Whether measuring has taken its share of the time.
    """

    seconds: float
    tokens: float
    enough: bool = False

    def passes(self, speed: Speed) -> float:
        """Return how often the data is gone through at a speed."""
        return self.seconds * speed.tokens_s / max(1.0, self.tokens)

    def teaches(self, speed: Speed) -> bool:
        """Say whether every weight is taught by enough tokens."""
        passes = min(self.passes(speed), _COUNTED_PASSES)
        return passes * self.tokens >= _TOKENS_A_WEIGHT * speed.num_weights


def choose_size(speeds: Sequence[Speed], budget: Budget) -> Speed:
    """Choose the largest model whose every weight is taught by enough tokens; the smallest, if none is.

    Args:
        speeds: Of models to choose from, from small to large; at least one.
        budget: The time.
    """
    chosen = speeds[0]
    for speed in speeds[1:]:
        if budget.teaches(speed):
            chosen = speed
    return chosen


def choose_vocabulary(profile: Profile, seen: float, largest: int) -> int:
    """Choose how many pieces a side is cut into: few where each would hardly be met.

    Args:
        profile: The data.
        seen: Target tokens of the whole training, each as often as it is seen.
        largest: What the amount of data allows.
    """
    # What is seen again and again is no new example of a piece: few passes count in full.
    words = profile.num_pairs * max(1.0, profile.tgt_words)
    met = min(seen, 8 * words)
    # What has no piece is unknown: there is one for each character, Hangul's being taken apart.
    least = 0 if profile.korean else profile.alphabet
    fitting = [size for size in _VOCABULARIES if size <= largest and size * _MEETINGS <= met]
    enough = next((size for size in _VOCABULARIES if size > least), _VOCABULARIES[-1])
    return min(largest, max([*fitting, enough]))


def choose_batch(seen: float, largest: int, tokens: float) -> int:
    """Choose target tokens a batch: the largest that leaves enough steps to learn in.

    Args:
        seen: Tokens of the whole training.
        largest: What the task suggests.
        tokens: Of one pass.
    """
    enough = min(seen / _STEPS, tokens / _STEPS_A_PASS)
    fitting = [size for size in _BATCHES if size <= min(largest, enough)]
    return max(fitting, default=min(largest, _BATCHES[0]))


def choose_dropout(passes: float) -> float:
    """Choose how much is dropped: what is seen once cannot be learned by heart."""
    return next(rate for most, rate in _DROPOUTS if passes <= most)


def averaging(steps: float) -> float:
    """Return the decay of averaged weights that remembers about the last twentieth of so many steps."""
    return round(1 - 1 / min(1000.0, max(20.0, steps / 20)), 4)


Values = dict[str, dict[str, Any]]
Measure = Callable[[Values, int], tuple[Budget, Speed]]


def fit_to_time(values: Values, profile: Profile, budget: Measure) -> tuple[Values, list[str]]:
    """Change what a task suggests for data so that it fits into a time.

    Args:
        values: Sections of a recipe: what the task suggests where time does not matter.
        profile: The data.
        budget: Measures settings at a hidden size: the time there is, and the speed.

    Returns:
        The sections as they should be, and a line for each choice, with its reason.
    """
    settings = {name: dict(section) for name, section in values.items()}
    text, model, training = (settings.setdefault(one, {}) for one in ("text", "model", "training"))
    epochs = training.pop("epochs", None)
    smallest = left, speed = budget(settings, SIZES[0])
    if epochs and left.passes(speed) >= epochs and not left.enough:
        # The smallest is fast enough; is what the task suggests?
        left, speed = budget(settings, int(model.get("hidden_size", SIZES[0])))
    if epochs and left.passes(speed) >= epochs:
        why = f"so that there is time for the {epochs:g} passes that the task suggests it for"
    else:
        left, speed = _fit_model(settings, profile, budget, smallest)
        why = f"{left.seconds * speed.tokens_s / 1e6:.2g} M in {left.seconds:.0f} s"
    passes, seen = left.passes(speed), left.seconds * speed.tokens_s
    steps = seen / int(training.get("batch_tokens", 1000))
    training["ema_decay"] = averaging(steps)
    training["warmup"] = round(min(0.1, max(0.03, 40 / max(1.0, steps))), 3)
    return settings, [
        profile.line(),
        f"vocabulary: at most {text.get('vocab_size', 8000):,} tokens",
        f"model: {speed.hidden_size} wide, {speed.num_weights / 1e6:.1f} M weights, since it reads "
        f"{speed.tokens_s:,.0f} tokens a second here, {why}",
        f"training: about {passes:.1f} passes, {steps:,.0f} steps of {training['batch_tokens']} tokens; "
        f"dropout {model['dropout']} for so many passes",
    ]


def _fit_model(
    settings: Values, profile: Profile, budget: Measure, smallest: tuple[Budget, Speed]
) -> tuple[Budget, Speed]:
    """Make settings smaller than a task suggests, in place, as far as time is short."""
    text, model, training = (settings[one] for one in ("text", "model", "training"))
    left, speed = smallest
    if text.get("tokenizer") == "bpe":
        largest = int(text.get("vocab_size", 8000))
        # With fewer pieces it is faster, and sees more: so twice.
        for _ in range(2):
            text["vocab_size"] = choose_vocabulary(profile, left.seconds * speed.tokens_s, largest)
            if left.enough:
                break
            left, speed = budget(settings, SIZES[0])
    speeds = [speed]
    for size, larger in pairwise(SIZES):
        # The user has said a size, or time is short; and larger ones are slower still: no need to try them.
        if speed.hidden_size != size or left.enough or not left.teaches(speed):
            break
        left, speed = budget(settings, larger)
        speeds.append(speed)
    speed = choose_size(speeds, left)
    model["hidden_size"] = speed.hidden_size
    model["embedding_size"] = min(
        int(model.get("embedding_size", 256)), max(128, speed.hidden_size)
    )
    model["dropout"] = choose_dropout(left.passes(speed))
    seen, most = left.seconds * speed.tokens_s, int(training.get("batch_tokens", 1000))
    training["batch_tokens"] = choose_batch(seen, most, left.tokens)
    return left, speed
