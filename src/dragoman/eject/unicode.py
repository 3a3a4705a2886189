"""The tables of Unicode that a program needs, made from what Python and the tokenizers know."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import regex

from dragoman.eject.literals import ranges, records

_SURROGATES = range(0xD800, 0xE000)
_HANGUL = range(0xAC00, 0xD7A4)
_JOINER = "\u200d"
_PICTURE = "©"
# Where pictures may stand, with room for those that no version of Unicode has yet.
_PICTURES = [range(0xA9, 0xAF), range(0x2000, 0x3300), range(0x1F000, 0x20000)]


def _characters() -> Iterator[str]:
    return (chr(code) for code in range(sys.maxunicode + 1) if code not in _SURROGATES)


def _table(name: str, codes: Iterable[int]) -> str:
    return records("range", name, ranges(codes))


@cache
def composing() -> str:
    """Give the tables of normal form C (UAX 15): classes of marks, what comes apart, what goes together."""
    marks, apart, together = (
        dict[int, list[int]](),
        list[tuple[int, ...]](),
        list[tuple[int, ...]](),
    )
    for character in _characters():
        code, parts = ord(character), unicodedata.decomposition(character)
        if order := unicodedata.combining(character):
            marks.setdefault(order, []).append(code)
        if code in _HANGUL or not parts or parts.startswith("<"):
            continue
        both = [int(part, 16) for part in parts.split()]
        apart.append((code, both[0], both[1] if len(both) == 2 else 0))
        # Those that normal form C itself takes apart are never put together.
        if len(both) == 2 and unicodedata.normalize("NFC", character) == character:
            together.append((*both, code))
    classes = sorted((*span, order) for order, codes in marks.items() for span in ranges(codes))
    return "\n".join(
        [
            "typedef struct {\n    unsigned first, last;\n    int order;\n} class;\n",
            "typedef struct {\n    unsigned whole, first, second;\n} parts;\n",
            "typedef struct {\n    unsigned first, second, whole;\n} pair;\n",
            records("class", "combining", classes),
            records("parts", "apart", apart),
            records("pair", "together", sorted(together)),
        ]
    )


@cache
def lowering() -> str:
    """Give the tables by which Python's `lower` drops case, final sigmas included."""
    capitals: list[list[int]] = []  # first, last, every how many, shift
    cased, ignorable = list[int](), list[int]()
    for character in _characters():
        code, low = ord(character), character.lower()
        if f"1{character}Σ".lower()[-1] == "ς":
            cased.append(code)
        elif f"a{character}Σ".lower()[-1] == "ς":
            ignorable.append(code)
        if len(low) != 1 or low == character or (character == "Σ" and low == "ς"):
            continue
        shift = ord(low) - code
        if capitals and capitals[-1][3] == shift:
            first, last, every, _ = capitals[-1]
            gap = code - last
            if gap <= 2 and (first == last or gap == every):
                capitals[-1] = [first, code, gap, shift]
                continue
        capitals.append([code, code, 1, shift])
    return "\n".join(
        [
            "typedef struct {\n    unsigned first, last, every;\n    int shift;\n} capital;\n",
            records("capital", "capitals", capitals),
            _table("cased", cased),
            _table("ignorable", ignorable),
        ]
    )


@cache
def wording() -> str:
    """Give the tables by which words are cut: letters, and what people count as one character (UAX 29)."""
    from tokenizers import Regex, pre_tokenizers

    whole = pre_tokenizers.Split(Regex(r"\X"), "isolated")

    def is_picture(code: int) -> bool:
        return len(whole.pre_tokenize_str(f"{chr(code)}{_JOINER}{_PICTURE}")) == 1

    classes = {
        "letters": r"[\p{L}\p{M}\p{N}_\u200c\u200d]",
        "controls": r"[\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}]",
        "extending": r"\p{GCB=Extend}",
        "spacing": r"\p{GCB=SpacingMark}",
        "preceding": r"\p{GCB=Prepend}",
    }
    everything = "".join(_characters())
    tables = {
        name: [ord(one) for one in regex.findall(pattern, everything)]
        for name, pattern in classes.items()
    }
    preceding = set(tables["preceding"])
    tables["pictures"] = [
        code for span in _PICTURES for code in span if code not in preceding and is_picture(code)
    ]
    return "\n".join(_table(name, codes) for name, codes in tables.items())
