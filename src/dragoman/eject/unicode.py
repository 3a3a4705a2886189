"""The tables of Unicode that a program needs, made from what Python and the tokenizers know."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import regex
import tokenizers as library
from tokenizers import pre_tokenizers

from dragoman.eject.literals import ranges, records
from dragoman.text.tokenizers import LETTER

_SURROGATES = range(0xD800, 0xE000)
_HANGUL = range(0xAC00, 0xD7A4)
_JOINER = "\u200d"
_PICTURE = "©"
# Where pictures may stand, with room for those that no version of Unicode has yet.
_PICTURES = "[\u00a9\u00ae\u2000-\u33ff\U0001f000-\U0001ffff]"
_CHUNK = 2048


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
        if len(low) != 1 or low == character or low == "ς":
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
    """Give the tables by which words are cut: letters, and what people count as one character (UAX 29).

    They are of the version of Unicode that the tokenizers library knows, so each character that the newer
    `regex` names is tried.
    """
    one = _split(r"\X", "isolated")
    named = {
        "controls": (r"[\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}]", "{}\u0300"),
        "extending": (r"\p{GCB=Extend}", f"{_PICTURE}{{}}{_JOINER}{_PICTURE}"),
        "spacing": (r"\p{GCB=SpacingMark}", "a{}"),
        "preceding": (r"\p{GCB=Prepend}", "{}a"),
        "pictures": (_PICTURES, f"{{}}{_JOINER}{_PICTURE}"),
    }
    everything = "".join(_characters())
    tables = {"letters": _letters()}
    for name, (pattern, trial) in named.items():
        tables[name] = [
            ord(character)
            for character in regex.findall(pattern, everything)
            if (len(one(trial.format(character))) == 1) != (name == "controls")
        ]
    preceding = {*tables["preceding"]}
    tables["pictures"] = [code for code in tables["pictures"] if code not in preceding]
    return "\n".join(_table(name, codes) for name, codes in tables.items())


def _letters() -> list[int]:
    """Find what a word is made of."""
    cut, found = _split(f"[^{LETTER[1:-1]}]+", "removed"), list[int]()
    characters = list(_characters())
    for at in range(0, len(characters), _CHUNK):
        # The library takes longer the longer the text is.
        for piece, _ in cut("".join(characters[at : at + _CHUNK])):
            found.extend(map(ord, piece))
    return found


def _split(pattern: str, behaviour: str) -> Callable[[str], list[tuple[str, tuple[int, int]]]]:
    return pre_tokenizers.Split(library.Regex(pattern), behaviour).pre_tokenize_str
