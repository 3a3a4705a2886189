"""Score a model of raw text as the papers score Multi30k: lowercased, normalised, tokenised files, BLEU on their words.

    pip install sacremoses
    python benchmarks/multi30k_tok.py MODEL --data FOLDER --pair en-de [--split test_2016_flickr]

FOLDER holds raw/ and tok/, each with the files of the split. The model reads and writes raw text; that is then
lowercased, normalised and tokenised as the references in tok/ were. That it is the same way is checked first, on the
references themselves: raw/ must become tok/. Papers (Caglayan et al. 2017; Wu et al. 2021, arXiv:2105.14462) report
this score by multi-bleu.perl; sacreBLEU gives the same with `--tokenize none`. Beside it: sacreBLEU on raw text.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import sacrebleu
from sacremoses import MosesPunctNormalizer, MosesTokenizer

from dragoman import TranslateOptions, load

MOST_UNLIKE = 0.002  # of the references


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pair", default="en-de")
    parser.add_argument("--split", default="test_2016_flickr")
    parser.add_argument("--beam", type=int, default=5)
    asked = parser.parse_args()
    src, tgt = asked.pair.split("-")
    sources, references, words = (
        lines(asked.data / kind / f"{asked.split}.{side}")
        for kind, side in (("raw", src), ("raw", tgt), ("tok", tgt))
    )
    cut = Cutter(tgt)
    unlike = sum(cut(raw) != tok.split() for raw, tok in zip(references, words, strict=True))
    if unlike > MOST_UNLIKE * len(words):
        raise SystemExit(f"{unlike} of {len(words)} raw references do not become those in tok/")
    options = TranslateOptions(beam_size=asked.beam, attention=False)
    outputs = [one.text for one in load(asked.model).translate(sources, options)]
    tok = sacrebleu.BLEU(tokenize="none", force=True)
    raw = sacrebleu.BLEU()
    for name, metric, found, known in (
        ("tok", tok, [" ".join(cut(text)) for text in outputs], words),
        ("raw", raw, outputs, references),
    ):
        print(f"{name} {metric.corpus_score(found, [known]).score:.2f} {metric.get_signature()}")
    print(f"{unlike} of {len(words)} raw references differ from those in tok/")


class Cutter:
    """Lowercases, normalises and tokenises text of one language."""

    def __init__(self, language: str) -> None:
        self._tokenizer = MosesTokenizer(language)
        self._normaliser = MosesPunctNormalizer(language)

    def __call__(self, text: str) -> list[str]:
        """Cut a text into words."""
        return self._tokenizer.tokenize(self._normaliser.normalize(text.strip().lower()))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


if __name__ == "__main__":
    main()
