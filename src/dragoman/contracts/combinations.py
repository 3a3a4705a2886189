"""Networks to hold: every pair of choices in a few of them, or every choice with every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

from dragoman.config import ModelConfig
from dragoman.contracts.rows import is_held
from dragoman.nn.generators import GENERATORS
from dragoman.tables import TABLES

Choice = dict[str, Any]

# Which field of a ModelConfig names a row of which table.
PARTS = {
    "cell": "CELLS",
    "encoder": "ENCODERS",
    "bridge": "BRIDGES",
    "attention": "ATTENTIONS",
    "decoder": "DECODERS",
    "generator": "GENERATORS",
}
_SWITCHES: dict[str, Sequence[Any]] = {
    "bidirectional": (True, False),
    "input_feeding": (False, True),
    "encoder_layers": (1, 2),
    "decoder_layers": (1, 2, 3),
    "reverse_source": (False, True),
    "context_every_step": (False, True),
    "tie_embeddings": (False, True),
    "coverage": (False, True),
}
_SIZES: Choice = {"embedding_size": 6, "hidden_size": 8, "attention_heads": 2, "dropout": 0.0}


def pairwise() -> list[ModelConfig]:
    """Return few networks in which every pair of choices meets."""
    return _configs(_cover_pairs, _SWITCHES)


def full_product() -> list[ModelConfig]:
    """Return every cell x direction x bridge x attention x input feeding x generator."""
    switches = {name: _SWITCHES[name] for name in ("bidirectional", "input_feeding")}
    return _configs(_all_of, switches)


def name_of(config: ModelConfig) -> str:
    """Name a network by its choices, for pytest."""
    names = [getattr(config, part) for part in PARTS if len(TABLES[PARTS[part]]) > 1]
    names.append("bi" if config.bidirectional else "uni")
    names.append(f"{config.encoder_layers}to{config.decoder_layers}")
    flags = ("input_feeding", "reverse_source", "context_every_step", "tie_embeddings", "coverage")
    return "-".join([*names, *(flag for flag in flags if getattr(config, flag))])


def _configs(choose: Any, switches: Mapping[str, Sequence[Any]]) -> list[ModelConfig]:
    """Choose among all rows; where plugins have added some, only networks with one of those."""
    choices: dict[str, Sequence[Any]] = {part: list(TABLES[table]) for part, table in PARTS.items()}
    choices["attention"] = [*choices["attention"], "none"]
    choices |= switches
    found: list[Choice] = []
    if all(is_held(table, name) for table in PARTS.values() for name in TABLES[table]):
        found = choose(choices)
    else:
        for part, table in PARTS.items():
            for name in TABLES[table]:
                found += choose(choices | {part: [name]}) if is_held(table, name) else []
    return [ModelConfig.model_validate(_SIZES | choice) for choice in found]


def _all_of(choices: Mapping[str, Sequence[Any]]) -> list[Choice]:
    everything = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return [choice for choice in everything if _goes_together(choice)]


def _goes_together(choice: Choice) -> bool:
    """Say whether a recipe may choose so; see `dragoman.tables.check_config`."""
    attends = choice.get("attention") != "none"
    recurrent = choice.get("decoder", "recurrent") == "recurrent"
    if (choice.get("input_feeding") or choice.get("coverage")) and not attends:
        return False
    if choice.get("coverage") and not recurrent:
        return False
    copies = "generator" in choice and GENERATORS[choice["generator"]].copies
    # A monotonic decoder or a transducer always looks at one token; which decoder it is may not have been chosen yet.
    return not copies or attends or choice.get("decoder") not in (None, "recurrent")


def _cover_pairs(choices: Mapping[str, Sequence[Any]]) -> list[Choice]:
    """Cover all pairs, each network taking the value that meets most pairs not yet met."""
    missing: set[tuple[tuple[str, Any], tuple[str, Any]]] = {
        (left, right)
        for a, b in combinations(choices, 2)
        for left, right in product(
            [(a, value) for value in choices[a]], [(b, v) for v in choices[b]]
        )
        if _goes_together(dict([left, right]))
    }
    found: list[Choice] = []
    while missing:
        first, second = min(missing, key=repr)
        choice: Choice = dict([first, second])
        for name in choices:
            if name not in choice:
                choice[name] = max(
                    (value for value in choices[name] if _goes_together({**choice, name: value})),
                    key=lambda value: sum(
                        set(pair) <= {*choice.items(), (name, value)} for pair in missing
                    ),
                )
        missing -= {pair for pair in missing if set(pair) <= set(choice.items())}
        found.append({name: choice[name] for name in choices})
    return found
