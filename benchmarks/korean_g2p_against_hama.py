"""Korean words: our model beside hama 1.7, at equal phones.

    python benchmarks/korean_g2p_against_hama.py MODEL --data kor_test.tsv --peer PYTHON

The data (SIGMORPHON 2020, from WikiPron) is narrow: it writes voicing between vowels, unreleased stops, length,
palatal allophones. hama writes phonemes: one letter for each of the language's consonants and vowels. All three,
answers, our outputs and hama's, are mapped to phonemes by the table below before they are compared; a phoneme's
allophones are all that it merges, and e and ae, which most speakers no longer tell apart and hama writes alike. So
"mapped" is a test of the sound rules between letters (tensing, nasalisation, liaison) and not of phonetic detail.
MODEL is one of benchmarks/sigmorphon2020_g2p.py's; PYTHON has hama (benchmarks/peers/setup_hama.sh).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

# Allophone -> phoneme, after diacritics of length, height, rounding and release are taken off.
PHONEMES = {
    **dict.fromkeys(("k", "ɡ", "g", "ɣ"), "g"),
    **dict.fromkeys(("t", "d"), "d"),
    **dict.fromkeys(("p", "b"), "b"),
    **dict.fromkeys(("tɕ", "dʑ"), "tɕ"),
    **dict.fromkeys(("s", "sʰ", "ɕ", "ɕʰ", "ʃʰ"), "s"),
    **dict.fromkeys(("s͈", "ɕ͈"), "s͈"),
    **dict.fromkeys(("ɾ", "ɭ", "ʎ", "l", "r"), "l"),
    **dict.fromkeys(("n", "ɲ"), "n"),
    **dict.fromkeys(("h", "ɦ", "x", "ʝ", "ɸ", "β"), "h"),
    **dict.fromkeys(("ʌ", "ɘ"), "ʌ"),
    **dict.fromkeys(("e", "ɛ"), "e"),
    **dict.fromkeys(("w", "ɥ"), "w"),
    **dict.fromkeys(("ɯ", "ɰ"), "ɯ"),
}
TENSE, ASPIRATED = "\u0348", "ʰ"
_STARTS = ("tɕ", "dʑ")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer", type=Path, required=True)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    answers: dict[str, list[str]] = {}
    for line in asked.data.read_text(encoding="utf-8").splitlines():
        word, said = line.split("\t")
        answers.setdefault(word, []).append(said)
    ours, our_rate = ask_ours(asked.model, list(answers))
    theirs, their_rate = ask_hama(asked.peer, list(answers))
    found = {
        "words": len(answers),
        "dragoman": {
            "wer": wer(ours, answers, lambda text: text.replace(" ", "")),
            "mapped_wer": wer(ours, answers, phonemes),
            "words_per_s": round(our_rate),
        },
        "hama": {"mapped_wer": wer(theirs, answers, phonemes), "words_per_s": round(their_rate)},
    }
    print(json.dumps(found, indent=2))


def wer(outputs: list[str], answers: dict[str, list[str]], view) -> float:
    """Return the share of words, in percent, that equal none of their answers as `view` sees them."""
    wrong = sum(
        view(said) not in {view(one) for one in right}
        for said, right in zip(outputs, answers.values(), strict=True)
    )
    return round(100 * wrong / len(answers), 2)


def phonemes(text: str) -> tuple[str, ...]:
    """Cut IPA into phonemes, whatever stands between them."""
    kept = [
        letter
        for letter in unicodedata.normalize("NFD", text.replace("ç", "x"))
        if letter in (TENSE, ASPIRATED)
        or not (letter.isspace() or unicodedata.category(letter) in ("Mn", "Lm", "Sk"))
    ]
    # The friction in which an aspirated k ends before i and u (written kx, for k\u02b0) is no h of its own.
    plain = "".join(kept).replace("kx", f"k{ASPIRATED}")
    found: list[str] = []
    while plain:
        size = 2 if plain.startswith(_STARTS) else 1
        while plain[size : size + 1] in (TENSE, ASPIRATED) and plain[size : size + 1]:
            size += 1
        one, plain = plain[:size], plain[size:]
        found.append(PHONEMES.get(one, one))
    return tuple(found)


def ask_ours(folder: Path, words: list[str]) -> tuple[list[str], float]:
    """Return our outputs, and how many a second."""
    import dragoman

    model = dragoman.load(folder)
    model.translate(words[:5])
    began = time.monotonic()
    said = [one.text for one in model.translate(words)]
    return said, len(words) / (time.monotonic() - began)


_PEER = """
import json, sys, time
from hama import G2PModel
words = json.load(sys.stdin)
model = G2PModel()
model.predict(words[0])
began = time.monotonic()
said = [model.predict(word).ipa for word in words]
print(json.dumps([said, time.monotonic() - began]))
"""


def ask_hama(python: Path, words: list[str]) -> tuple[list[str], float]:
    """Return hama's outputs, and how many a second."""
    done = subprocess.run(
        [str(python), "-c", _PEER],
        input=json.dumps(words),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(f"hama failed: {done.stderr[-500:]}")
    said, seconds = json.loads(done.stdout)
    return said, len(words) / seconds


if __name__ == "__main__":
    main()
