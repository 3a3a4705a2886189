"""A recipe against other toolkits' attention RNNs: the same cores, tokens and minutes; BLEU on its test set, beam 5.

    python benchmarks/translators.py RECIPE --data FOLDER [--minutes 20] [--threads 2] [--who NAMES] [--side-by-side]

FOLDER holds what the recipe names: train, dev and test; several lines of one source are its references. First
`benchmarks/peers/setup_opennmt.sh` and `setup_joeynmt.sh`. "opennmt" and "joeynmt" have the recipe's sizes, Adam and
input feeding; "opennmt-default" is all its defaults: two layers of 500, SGD. One after the other, or, side by side, at
once, a core each. A peer may use as much processor time as threads times minutes; ours stops by the wall clock, so
that it never has more, and has less on a busy machine. Ours gives the average of its weights; they, their newest.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

sys.path.insert(0, str(Path(__file__).parent))

import sacrebleu
from peers import joeynmt, opennmt

from dragoman import TranslateOptions, load, load_config, train
from dragoman.api import TrainOptions
from dragoman.data.corpus import Pair, group_references, read_corpus
from dragoman.text.tokenizers import Tokenizer
from dragoman.text.vocabulary import SPECIALS
from dragoman.training.callbacks import ProgressLine
from dragoman.training.prepare import train_tokenizers

Test = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Contest:
    """What all of them are given."""

    recipe: Path
    data: Path
    out: Path
    minutes: float
    threads: int
    test: Test

    def pairs(self, split: str) -> list[Pair]:
        """Read one of the recipe's sets."""
        named = getattr(load_config(self.recipe).data, split)
        if isinstance(named, str):
            return list(read_corpus(self.data / named).pairs)
        src, tgt = named
        return list(read_corpus((self.data / src, self.data / tgt)).pairs)


@dataclass(frozen=True)
class Tokenised:
    """The recipe's sets as pieces between spaces, for the peers: files of a folder, by split and side."""

    folder: Path
    sides: tuple[Tokenizer, Tokenizer]

    def file(self, split: str, side: str) -> Path:
        """Give one file."""
        return self.folder / f"{split}.{side}"

    def vocabulary(self, side: int) -> list[str]:
        """Give a side's tokens but the special ones."""
        tokenizer = self.sides[side]
        return tokenizer.tokens(range(len(SPECIALS), tokenizer.vocab_size))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/translators"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--who", default="ours,opennmt,joeynmt", help=", ".join(WHO))
    parser.add_argument("--side-by-side", action="store_true")
    asked = parser.parse_args()
    who = asked.who.split(",")
    if unknown := set(who) - set(WHO):
        parser.error(f"--who: {', '.join(sorted(unknown))}: there are {', '.join(WHO)}")
    threads = 1 if asked.side_by_side else asked.threads
    contest = Contest(asked.recipe, asked.data, asked.out.resolve(), asked.minutes, threads, [])
    contest.test.extend(group_references(contest.pairs("test")))
    cores: Queue[set[int]] = Queue()
    every = sorted(os.sched_getaffinity(0))
    for share in [{core} for core in every] if asked.side_by_side else [set(every)]:
        cores.put(share)

    def compete(name: str) -> dict:
        share = cores.get()
        os.sched_setaffinity(0, share)
        try:
            found = {"system": name, **WHO[name](contest)}
            # At once: what another makes of its turn must not take it away.
            print(json.dumps(found), file=sys.stderr)
            return found
        finally:
            cores.put(share)

    with ThreadPoolExecutor(cores.qsize()) as pool:
        print(json.dumps(list(pool.map(compete, who)), indent=2))


def ours(contest: Contest) -> dict:
    """Train by the recipe, translate the test set."""
    settings = [f"training.threads={contest.threads}"]
    options = TrainOptions(
        contest.data, settings, contest.minutes, callbacks=[ProgressLine("ours")]
    )
    folder = contest.out / "ours"
    if not (folder / "model.safetensors").exists():
        train(contest.recipe, folder, options)
    model = load(folder)
    found = model.translate(
        [src for src, _ in contest.test], TranslateOptions(beam_size=5, attention=False)
    )
    return score([one.text for one in found], contest.test)


def theirs_opennmt(contest: Contest, *, default: bool = False) -> dict:
    """Train OpenNMT-py on the same pieces, translate the test set."""
    work = contest.out / ("opennmt-default" if default else "opennmt")
    pieces = tokenise(contest, work)
    train_files = (pieces.file("train", "src"), pieces.file("train", "tgt"))
    dev_files = (pieces.file("dev", "src"), pieces.file("dev", "tgt"))
    vocab = opennmt.Vocab(tuple(pieces.vocabulary(0)), tuple(pieces.vocabulary(1)))
    opennmt.prepare(*train_files, *dev_files, work, vocab)
    model = load_config(contest.recipe).model
    options = (
        opennmt.Options()
        if default
        else opennmt.Options(
            encoder_type="brnn",
            layers=1,
            hidden_size=model.hidden_size,
            word_vec_size=model.embedding_size,
            optim="adam",
            learning_rate=0.001,
        )
    )
    cpu_minutes = contest.minutes * contest.threads
    trained = opennmt.train(work, options, cpu_minutes=cpu_minutes, threads=contest.threads)
    answers = work / "test.out"
    opennmt.translate(
        work, trained.checkpoint, pieces.file("test", "src"), answers, 5, contest.threads
    )
    return spent(trained) | score(joined(answers), contest.test)


def theirs_joeynmt(contest: Contest) -> dict:
    """Train JoeyNMT on the same pieces, translate the test set."""
    work = contest.out / "joeynmt"
    pieces = tokenise(contest, work)
    vocab = work / "vocabulary"
    tokens = dict.fromkeys([*pieces.vocabulary(0), *pieces.vocabulary(1)])
    vocab.write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    model = load_config(contest.recipe).model
    options = joeynmt.Options(embedding_size=model.embedding_size, hidden_size=model.hidden_size)
    stems = {split: work / split for split in ("train", "dev")}
    config = joeynmt.prepare(stems, work, vocab, options)
    cpu_minutes = contest.minutes * contest.threads
    trained = joeynmt.train(config, cpu_minutes=cpu_minutes, threads=contest.threads)
    answers = work / "test.out"
    joeynmt.translate(
        config, trained.checkpoint, pieces.file("test", "src"), answers, threads=contest.threads
    )
    return spent(trained) | score(joined(answers), contest.test)


WHO = {
    "ours": ours,
    "opennmt": theirs_opennmt,
    "opennmt-default": lambda contest: theirs_opennmt(contest, default=True),
    "joeynmt": theirs_joeynmt,
}


def tokenise(contest: Contest, work: Path) -> Tokenised:
    """Cut the sets into pieces as the recipe does."""
    work.mkdir(parents=True, exist_ok=True)
    pairs = contest.pairs("train")
    tokenizers = train_tokenizers(load_config(contest.recipe), pairs)
    pieces = Tokenised(work, (tokenizers.src, tokenizers.tgt))
    for split, sides in (("train", pairs), ("dev", contest.pairs("dev"))):
        for number, side in enumerate(("src", "tgt")):
            texts = [pair[number] for pair in sides]
            write(pieces.file(split, side), pieces.sides[number], texts)
    write(pieces.file("test", "src"), pieces.sides[0], [src for src, _ in contest.test])
    return pieces


def write(path: Path, tokenizer: Tokenizer, texts: list[str]) -> None:
    """Write texts as pieces between spaces, a line each."""
    lines = (" ".join(tokenizer.tokens(ids)) for ids in tokenizer.encode_batch(texts))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def joined(answers: Path) -> list[str]:
    """Put the pieces of each line together."""
    lines = answers.read_text(encoding="utf-8").split("\n")[:-1]
    return [line.replace(" ", "").replace("▁", " ").strip() for line in lines]


def spent(trained: opennmt.TrainResult | joeynmt.Trained) -> dict:
    """Say what a peer's training took."""
    minutes = {"wall_minutes": trained.seconds / 60, "cpu_minutes": trained.cpu_s / 60}
    return {name: round(value, 1) for name, value in minutes.items()} | {"steps": trained.steps}


def score(outputs: list[str], test: Test) -> dict:
    """BLEU against all references."""
    most = max(len(references) for _, references in test)
    streams = [[refs[n] if n < len(refs) else None for _, refs in test] for n in range(most)]
    metric = sacrebleu.BLEU()
    return {
        "bleu": round(metric.corpus_score(outputs, streams).score, 2),
        "signature": str(metric.get_signature()),
    }


if __name__ == "__main__":
    main()
