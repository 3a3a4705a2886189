"""Marian's RNN (--type s2s, float32) after one update, its output lengths limited: run in the peer's environment.

    python marian_random.py TOKENS.json --threads 1 --beam 1 [--shortlist]

TOKENS.json: see ctranslate2_transformer.py; also "embedding" and "hidden". From tokens to tokens, the same pieces as
ours. Its encoder is as wide in each direction as ours in both together. Marian cannot be told a length, only a limit
as a factor of the source's: an untrained model seldom ends before, and the factor is that of all our outputs to all
sources. With `--shortlist` it has a lexical shortlist, made of ours. Prints one line of JSON: seconds, processor time,
output tokens.
"""

import json
import statistics
import time

from pymarian import Trainer, Translator
from tokens import asked


def main():
    options, content = asked(__doc__)
    folder = options.tokens.parent / "marian"
    folder.mkdir(exist_ok=True)
    if not (folder / "model.npz").exists():
        train(folder, content)
    print(json.dumps(measure(folder, content, options)))


def train(folder, content):
    """Make one update, and save."""
    # The first so many words of its vocabulary are those that its shortlist offers to any source.
    always = dict.fromkeys(content.get("shortlist", {}).get("", ()))
    others = (word for word in content["vocabulary"][3:] if word not in always)
    words = ["</s>", "<unk>", *always, *others]
    # JSON is YAML.
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "vocab.yml").write_text(json.dumps(vocabulary), encoding="utf-8")
    lines = [" ".join(source) for source in content["sources"][:64]]
    (folder / "train").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "work").mkdir(exist_ok=True)
    options = {
        "type": "s2s",
        "dim-emb": content["embedding"],
        "dim-rnn": content["hidden"],
        "enc-cell": "lstm",
        "dec-cell": "lstm",
        "enc-depth": 1,
        "dec-depth": 1,
        "tied-embeddings-all": "true",
        "model": folder / "model.npz",
        "train-sets": f"{folder / 'train'} {folder / 'train'}",
        "vocabs": f"{folder / 'vocab.yml'} {folder / 'vocab.yml'}",
        "tempdir": folder / "work",
        "after": "1u",
        "cpu-threads": 1,
        "mini-batch": 16,
        "workspace": 512,
        "seed": 1,
        "quiet": "true",
    }
    Trainer(" ".join(f"--{name} {value}" for name, value in options.items())).train()


def measure(folder, content, options):
    """Time all sentences, and some alone."""
    sources, lengths = content["sources"], content["lengths"]
    factor = sum(lengths) / sum(len(source) + 1 for source in sources)
    words = (
        f"--models {folder / 'model.npz'} --vocabs {folder / 'vocab.yml'} {folder / 'vocab.yml'} "
        f"--cpu-threads {options.threads} --beam-size {options.beam} --mini-batch 64 --maxi-batch 100 "
        f"--maxi-batch-sort src --max-length-factor {factor:.3f} --workspace 512 --quiet true "
        "--quiet-translation true"
    )
    if options.shortlist:
        first, each = save_shortlist(folder / "lex", content["shortlist"])
        words += f" --shortlist {folder / 'lex'} {first} {each} 0"
    translator = Translator(words)
    lines = [" ".join(source) for source in sources]

    def all_of(texts):
        began = time.perf_counter()
        answers = translator.translate("\n".join(texts)).split("\n")
        return time.perf_counter() - began, answers

    _, answers = all_of(lines[:16])
    cpu_began = time.process_time()
    rounds = [all_of(lines) for _ in range(options.rounds)]
    cpu_s = (time.process_time() - cpu_began) / options.rounds
    answers = rounds[-1][1]
    return {
        "seconds": statistics.median(seconds for seconds, _ in rounds),
        "cpu_s": cpu_s,
        "num_tokens": sum(len(one.split()) + 1 for one in answers),
        "p50_ms": 1e3 * statistics.median(all_of([one])[0] for one in lines[:50]),
    }


def save_shortlist(path, shortlist):
    """Write target word, source word, probability; return how many stand first, and how many a source word has."""
    lines = [
        f"{target} {source} {1 / (rank + 1)}\n"
        for source, words in shortlist.items()
        for rank, target in enumerate(words)
        if source
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return len(shortlist[""]) + 2, max(len(words) for source, words in shortlist.items() if source)


if __name__ == "__main__":
    main()
