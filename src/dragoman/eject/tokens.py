"""A bundle's tokenizers as C."""

from __future__ import annotations

import json
from typing import Any

from dragoman.eject.literals import array, numbers, records, text_array
from dragoman.eject.unicode import wording
from dragoman.errors import ExportError
from dragoman.text import tokenizers as kinds
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import UNK

# Which file cuts a text as a pattern does.
_CUTS = {
    kinds.WORDS: "cut_words",
    kinds.CHARACTERS: "cut_characters",
    kinds.SPACED: "cut_spaced",
    kinds.WHOLE: "cut_whole",
    kinds.TAGGED: "cut_tagged",
}
_MODELS = {"WordLevel": "model_words", "BPE": "model_bpe", "Unigram": "model_unigram"}
# What the library takes from the score of the least likely piece for a character that is none.
_PENALTY = 10.0
# Settings of the library's models that change what they do, and what they must say.
_PLAIN = {
    "dropout": (None,),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "fuse_unk": (None, False),
    "byte_fallback": (None, False),
    "ignore_merges": (None, False),
}


class TokenizerWriter:
    """Writes what a program needs to read sources, and to write targets.

    Args:
        src: The source's tokenizer.
        tgt: The target's; it may be the same one.

    Raises:
        ExportError: The source's is none that dragoman trains.
    """

    def __init__(self, src: Tokenizer, tgt: Tokenizer) -> None:
        self.src, self.tgt = src, tgt
        self.pieces: dict[str, Any] = json.loads(src.to_json())["pieces"]
        self.model: dict[str, Any] = self.pieces["model"]
        cutting = self.pieces.get("pre_tokenizer") or {}
        self.pattern = str(cutting.get("pattern", {}).get("Regex"))
        odd = [key for key, plain in _PLAIN.items() if self.model.get(key) not in plain]
        odd += [key for key in ("normalizer", "added_tokens") if self.pieces.get(key)]
        odd += [] if self.model.get("type") in _MODELS else ["model"]
        odd += [] if self.pattern in _CUTS else ["pre_tokenizer"]
        if odd:
            raise ExportError(
                f"the source tokenizer cannot be ejected: its {', '.join(odd)} is none that dragoman trains."
            )

    def parts(self) -> list[str]:
        """Name the files of functions."""
        return ["tokens", _CUTS[self.pattern], _MODELS[self.model["type"]]]

    def settings(self) -> dict[str, Any]:
        """Give the settings."""
        found: dict[str, Any] = {"SILENT": len(self.tgt.silent)}
        if self.model["type"] == "Unigram":
            least = min(score for _, score in self.model["vocab"])
            found["LONGEST_TOKEN"] = max(len(token) for token, _ in self.model["vocab"])
            found["UNKNOWN_SCORE"] = f"({least - _PENALTY!r})"
        return found

    def declarations(self) -> str:
        """Declare tokens, and what cuts a text into them."""
        said = self.tgt.tokens(range(self.tgt.vocab_size))
        known = self.src.tokens(range(self.src.vocab_size))
        parts = [_strings("tgt", said)]
        same = said == known
        parts.append(
            "#define src_tokens tgt_tokens\n#define src_starts tgt_starts\n"
            if same
            else _strings("src", known)
        )
        order = sorted(range(len(known)), key=lambda number: known[number].encode())
        parts.append(array("unsigned", "sorted", numbers(order)))
        if self.model["type"] == "BPE":
            parts.append(self._merges())
        if self.model["type"] == "Unigram":
            scores = numbers(repr(float(score)) for _, score in self.model["vocab"])
            parts.append(array("double", "token_scores", scores))
        if _CUTS[self.pattern] == "cut_words":
            parts.append(wording())
        return "\n".join(parts)

    def _merges(self) -> str:
        """Declare which pairs are merged: (first, second, rank, what they make), sorted."""
        vocabulary: dict[str, int] = self.model["vocab"]
        rows: list[tuple[int, int, int, int]] = []
        for rank, pair in enumerate(self.model["merges"]):
            first, second = pair.split(" ") if isinstance(pair, str) else pair
            made = vocabulary[first + second]
            rows.append((vocabulary[first], vocabulary[second], rank, made))
        # An empty array is no C; a pair of unknowns is never merged.
        rows = rows or [(-1, -1, 0, UNK)]
        kind = "typedef struct {\n    int first, second, rank, made;\n} merge;\n"
        return kind + "\n" + records("merge", "merges", sorted(rows))


def _strings(side: str, tokens: list[str]) -> str:
    """Declare tokens as one string, and where each begins."""
    encoded = [token.encode() for token in tokens]
    starts = [0]
    for token in encoded:
        starts.append(starts[-1] + len(token))
    return "\n".join(
        [
            text_array("char", f"{side}_tokens", b"".join(encoded)),
            array("unsigned", f"{side}_starts", numbers(starts)),
        ]
    )
