"""Networks to hold: every pair of choices in a few of them, or every choice with every other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations, product
from typing import Any

from dragoman.config import ModelConfig
from dragoman.contracts.rows import is_held
from dragoman.nn.decoders import DECODERS
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
    "decoder_cell": (None, "lstm", "ssru"),
    "bidirectional": (True, False),
    "input_feeding": (False, True),
    "encoder_layers": (1, 2),
    "decoder_layers": (1, 2, 3),
    "reverse_source": (False, True),
    "context_every_step": (False, True),
    "tie_embeddings": (False, True),
    "coverage": (False, True),
    "deep_output": (False, True),
    "residual": (False, True),
    "transitions": (1, 2),
    "zoneout": (0.0, 0.25),
    "word_memory": (False, True),
    "context_output": (False, True),
    "attention_norm": ("softmax", "entmax15", "sparsemax"),
}
_CROSSED = ("cell", "bridge", "attention", "generator")
_SIZES: Choice = {"embedding_size": 6, "hidden_size": 8, "attention_heads": 2, "dropout": 0.0}


@cache
def pairwise() -> tuple[ModelConfig, ...]:
    """Return few networks in which every pair of choices meets."""
    return _configs(_cover_pairs, _SWITCHES)


@cache
def full_product() -> tuple[ModelConfig, ...]:
    """Return every cell x bridge x attention x generator; what else there is to choose changes from one to the next."""
    switches = {name: _SWITCHES[name] for name in ("bidirectional", "input_feeding")}
    return _configs(_all_of, switches)


def name_of(config: ModelConfig) -> str:
    """Name a network by its choices, for pytest."""
    names = [getattr(config, part) for part in PARTS if len(TABLES[PARTS[part]]) > 1]
    names += [f"to-{config.decoder_cell}"] if config.decoder_cell else []
    names.append("bi" if config.bidirectional else "uni")
    names.append(f"{config.encoder_layers}to{config.decoder_layers}")
    names += [config.attention_norm] if config.attention_norm != "softmax" else []
    names += [f"{config.transitions}deep"] if config.transitions > 1 else []
    flags = (
        "input_feeding",
        "reverse_source",
        "context_every_step",
        "tie_embeddings",
        "coverage",
        "deep_output",
        "residual",
        "zoneout",
        "word_memory",
        "context_output",
    )
    return "-".join([*names, *(flag for flag in flags if getattr(config, flag))])


def _configs(choose: Any, switches: Mapping[str, Sequence[Any]]) -> tuple[ModelConfig, ...]:
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
    return tuple(ModelConfig.model_validate(_SIZES | choice) for choice in found)


def _all_of(choices: Mapping[str, Sequence[Any]]) -> list[Choice]:
    """Go through the product; give each network, of what fits, the rest that its choices have met least often."""
    met: Counter[tuple[Any, ...]] = Counter()
    rests = [name for name in choices if name not in _CROSSED]
    found: list[Choice] = []
    for values in product(*(choices[name] for name in _CROSSED)):
        crossed: Choice = dict(zip(_CROSSED, values, strict=True))
        fitting = [
            choice
            for rest in product(*(choices[name] for name in rests))
            if _goes_together(choice := crossed | dict(zip(rests, rest, strict=True)))
        ]
        if fitting:
            found.append(min(fitting, key=lambda one: sum(met[each] for each in _triples(one))))
            met.update(_triples(found[-1]))
    return found


def _triples(choice: Choice) -> list[tuple[Any, ...]]:
    """Give all that three of a network's choices are."""
    return list(combinations(choice.items(), 3))


def _goes_together(choice: Choice) -> bool:
    """Say whether a recipe may choose so; see `dragoman.tables.check_config`."""
    attends = choice.get("attention") != "none"
    decoder = DECODERS[choice.get("decoder", "recurrent")]
    asks = any(choice.get(key) for key in ("coverage", "deep_output", "context_output"))
    if (choice.get("input_feeding") or asks or decoder.needs_attention) and not attends:
        return False
    if asks and not decoder.attends:
        return False
    if choice.get("decoder_layers", decoder.least_layers) < decoder.least_layers:
        return False
    generator = GENERATORS[choice.get("generator", "tied")]
    if choice.get("context_output") and not generator.reads_context:
        return False
    copies = "generator" in choice and GENERATORS[choice["generator"]].copies
    if copies and choice.get("attention_norm", "softmax") != "softmax":
        return False
    # A monotonic decoder or a transducer always looks at one token; which decoder it is may not have been chosen yet.
    return not copies or attends or ("decoder" in choice and not decoder.attends)


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
