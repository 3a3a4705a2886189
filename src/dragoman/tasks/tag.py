"""Tagging: a label for each word, such as names of people and places (in IOB2) or parts of speech."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from dragoman.data.corpus import Corpus, Pair, Problem, ReadOptions, read_corpus
from dragoman.data.files import content_suffix, decode_lines, read_bytes
from dragoman.data.formats import FORMATS, Column
from dragoman.errors import DataError
from dragoman.tasks.task import Files, Suggestion, Task
from dragoman.text.normalise import Normaliser, is_korean

_PLAIN = Normaliser()
_DOCUMENT = "-DOCSTART-"
_CHUNK = re.compile(r"(?:O|[BI]-.+)$")
# Files of pairs rather than of columns; a .tsv of tags has a word a line, too.
_OF_PAIRS = frozenset(FORMATS) - {".tsv", ".tab", ".txt"}
# CoNLL-U numbers its words, and gives contractions and left-out words numbers of their own: 3-4, 5.1.
_NO_WORD = re.compile(r"\d+[-.]\d+$")


def read(files: Files, options: ReadOptions) -> Corpus:
    """Read CoNLL columns: a word and its labels a line, a blank line after each sentence.

    The word is in the first column, its label in the last; ``--columns 2,4`` says otherwise, counted from 1.
    Columns are separated by tabs or, where there is none, by any white space. IOB1 becomes IOB2. JSONL, CSV,
    Parquet and two parallel files hold a sentence a line instead: words, and as many labels, with one space between.
    """
    if isinstance(files, tuple) or content_suffix(files) in _OF_PAIRS:
        corpus = read_corpus(files, options)
    else:
        lines = decode_lines(str(files), read_bytes(files), options.encoding)
        corpus = _read_columns(lines, str(files), options)
    return _to_iob2(_aligned(corpus))


def _read_columns(lines: Iterable[str], path: str, options: ReadOptions) -> Corpus:
    word, label = _two_columns(options.columns)
    corpus = Corpus([], [], path)
    numbered = enumerate((line.strip("\r\n") for line in lines), 1)
    for blank, group in groupby(numbered, lambda one: not one[1].strip()):
        rows = [] if blank else [(number, _cells(line)) for number, line in group]
        rows = [row for row in rows if not _is_aside(row[1], numbered=word > 1)]
        short = [number for number, cells in rows if len(cells) < max(2, word, label)]
        if short:
            corpus.problems.append(
                Problem(path, short[0], "has too few columns; expected a word and its label")
            )
        elif rows:
            words = [_one_word(cells[word - 1]) for _, cells in rows]
            labels = [_one_word(cells[label - (label > 0)]) for _, cells in rows]
            corpus.pairs.append(Pair(" ".join(words), " ".join(labels)))
            corpus.lines.append(rows[0][0])
    if not corpus.pairs or len(corpus.problems) > len(corpus.pairs):
        first = f"; the first: {corpus.problems[0]}" if corpus.problems else ""
        raise DataError(
            f"{path}: holds no sentences in columns; expected a word and its label a line, and a blank line "
            f"after each sentence{first}."
        )
    return corpus


def _two_columns(columns: Sequence[Column] | None) -> tuple[int, int]:
    """Give the columns of word and label; the last is -1."""
    if columns is None:
        return 1, -1
    numbers = [int(column) for column in columns if str(column).isdecimal()]
    if len(numbers) != 2 or len(columns) != 2 or min(numbers) < 1:
        given = ",".join(map(str, columns))
        raise DataError(f"--columns {given}: expected the numbers, from 1, of word and label: 2,4.")
    return numbers[0], numbers[1]


def _cells(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _is_aside(cells: Sequence[str], *, numbered: bool) -> bool:
    """Say whether a line is no word: CoNLL's mark of a document, CoNLL-U's ``# text = ...`` or contraction.

    A lone # with a label is a word.
    """
    comment = cells[0].startswith("# ") or (cells[0] == "#" and "=" in cells[1:3])
    return comment or cells[0] == _DOCUMENT or (numbered and bool(_NO_WORD.match(cells[0])))


def _one_word(cell: str) -> str:
    """Write a cell so that it counts as one word: no white space, and something to see."""
    return _PLAIN(cell).replace(" ", "_") or "_"


def fault_of(pair: Pair) -> str:
    """Say what is wrong with a sentence and its labels; "" if nothing."""
    words, labels = len(_PLAIN(pair.src).split()), len(pair.tgt.split())
    return "" if words == labels else f"has {words} words and {labels} labels; expected one each"


def _aligned(corpus: Corpus) -> Corpus:
    """Put sentences aside that have not as many labels as words."""
    faults = [fault_of(pair) for pair in corpus.pairs]
    kept = [number for number, fault in enumerate(faults) if not fault]
    bad = [Problem(corpus.path, line, f) for line, f in zip(corpus.lines, faults, strict=True) if f]
    if len(bad) > len(kept):
        raise DataError(f"{bad[0]}. {len(bad)} of {len(faults)} sentences are so.")
    return Corpus(
        [corpus.pairs[number] for number in kept],
        [corpus.lines[number] for number in kept],
        corpus.path,
        [*corpus.problems, *bad],
    )


def _to_iob2(corpus: Corpus) -> Corpus:
    """Have every chunk begin with B-, if the labels are those of chunks."""
    if not is_chunked(pair.tgt for pair in corpus.pairs):
        return corpus
    pairs = [Pair(src, " ".join(iob2(tgt.split()))) for src, tgt in corpus.pairs]
    return Corpus(pairs, corpus.lines, corpus.path, corpus.problems)


def is_chunked(targets: Iterable[str]) -> bool:
    """Say whether all labels are O, B-something or I-something, and not all O."""
    labels = {label for target in targets for label in target.split()}
    return len(labels) > 1 and all(map(_CHUNK.match, labels))


def iob2(labels: Sequence[str]) -> list[str]:
    """Write chunks as IOB2, where B- begins each; in IOB1 only one right after another of its kind has it."""
    found: list[str] = []
    before = "O"
    for label in labels:
        begins = label.startswith("I-") and before[2:] != label[2:]
        found.append(f"B-{label[2:]}" if begins else label)
        before = label
    return found


def suggest(pairs: Sequence[Pair]) -> Suggestion:
    """Words by their letters, in both directions, and labels that know their neighbours."""
    size = sum(len(pair.src.split()) for pair in pairs)
    chunked = is_chunked(pair.tgt for pair in pairs)
    found = labeller_settings(pairs, size)
    found["text"] |= {"tgt_tokenizer": "spaced"}
    found["model"] |= {"head": "crf", "dropout": 0.5 if size < 100_000 else 0.4}
    found["training"] |= {
        "batch_tokens": batch_size(pairs, 3000),
        "epochs": 40 if size < 20_000 else 20 if size < 300_000 else 8,
        "stop_metric": "f1" if chunked else "token_accuracy",
    }
    kind = "chunks (IOB2), scored by F1" if chunked else "one a word, scored by accuracy"
    return Suggestion(
        found,
        [
            "tokens: words, each read whole, in pieces and by its letters; a CRF chooses their labels together",
            f"labels: {kind}",
        ],
    )


def batch_size(pairs: Sequence[Pair], most: int) -> int:
    """Return a batch's size, in the sources' characters: small enough for sixty steps an epoch, if possible."""
    return min(most, max(300, sum(len(pair.src) + 2 for pair in pairs) // 60))


def labeller_settings(pairs: Sequence[Pair], size: int) -> dict[str, dict[str, Any]]:
    """Return settings that suit both kinds of labels.

    Args:
        pairs: What there is to learn from.
        size: Words, or texts where those are labelled.
    """
    words = len({word for pair in pairs for word in pair.src.split()})
    hangul = "jamo" if is_korean(pair.src for pair in pairs) else "syllables"
    return {
        # Sources are counted in characters.
        "data": {"max_length": 4000},
        "text": {"src_tokenizer": "char", "vocab_size": 8000, "hangul": hangul},
        "model": {
            "reader": "words",
            "word_buckets": min(60_000, max(2000, 4 * words)),
            "word_dropout": 0.5,
            "embedding_size": 200,
            "hidden_size": 128 if size < 10_000 else 256,
        },
        "training": {
            "learning_rate": 0.003,
            "label_smoothing": 0.0,
        },
    }


TAG = Task(
    about="a label for each word: names (IOB2), parts of speech",
    layout="word<TAB>label, a blank line after each sentence",
    read=read,
    suggest=suggest,
    metrics=("f1", "token_accuracy"),
    dev_metrics=("f1", "token_accuracy"),
    labels=True,
    fault=fault_of,
)
