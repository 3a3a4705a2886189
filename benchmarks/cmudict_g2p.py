"""CMUdict: train on all but 2,670 words of the standard training half, score on those; beside it g2p-en's own GRU.

    python benchmarks/cmudict_g2p.py --data FOLDER [--seeds 1] [--out DIR] [--peer PYTHON] [--model FOLDER]
        [--recipe recipes/cmudict-transducer.toml]

FOLDER holds g014b2b.train (`WORD<TAB>P H O N E S`, a word may have several lines). The standard test half is not
touched. PYTHON is an interpreter that has g2p-en 2.1 (benchmarks/peers/setup_g2p_en.sh); its GRU predicts the same
words, one at a time, on one core. CMUdict was its training data, the words of our dev among them: the comparison is
in its favour. Ours is then the int8 bundle, greedy, on the kernel (`dragoman accelerate`; compiled here if it can
be) and on ONNX Runtime. All take turns, --rounds times; words a second of processor time are those of each one's
best round, so that other work on the machine counts as little as it can. With --model nothing is trained.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RECIPE = Path(__file__).parents[1] / "recipes" / "cmudict.toml"
NUM_DEV = 2670


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/cmudict"))
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="of training, instead of the recipe's")
    parser.add_argument("--peer", type=Path)
    parser.add_argument(
        "--model", type=Path, help="a trained model's folder, instead of a training"
    )
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    import dragoman

    split(asked.data / "g014b2b.train", asked.out)
    found: dict = {"ours": []}
    models = []
    for seed in range(1, 1 if asked.model else asked.seeds + 1):
        model = train(asked, seed)
        models.append(model)
        found["ours"].append(score(model, asked.out))
    if asked.model:
        found["ours"].append(score(dragoman.load(asked.model), asked.out))
    found["single"] = round(statistics.mean(one["wer"] for one in found["ours"]), 2)
    if len(models) > 1:
        found["ensemble"] = score(dragoman.ensemble(models), asked.out)
    if asked.peer:
        found |= beside_peer(asked)
    print(json.dumps(found, indent=2))


def split(path: Path, out: Path) -> None:
    """Hold out the words whose hashes are least, so that any machine holds out the same."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    words = sorted({word for word, _ in rows}, key=lambda word: hashlib.md5(word.encode()).digest())
    held_out = set(words[:NUM_DEV])
    out.mkdir(parents=True, exist_ok=True)
    for name, wanted in (("train", False), ("dev", True)):
        kept = [f"{word}\t{said}\n" for word, said in rows if (word in held_out) is wanted]
        (out / f"{name}.tsv").write_text("".join(kept), encoding="utf-8")


def train(asked: argparse.Namespace, seed: int):
    """Train a model by the recipe, or load the one that is there."""
    import dragoman
    from dragoman.training.folder import load_config_of

    folder = asked.out / f"seed-{seed}"
    if (folder / "resolved.toml").exists() and load_config_of(folder).made.get("finished"):
        return dragoman.load(folder)
    options = dragoman.TrainOptions(
        asked.out,
        [f"training.seed={seed}", f"training.threads={asked.threads}"],
        minutes=asked.minutes,
    )
    return dragoman.train(asked.recipe, folder, options)


def score(model, out: Path) -> dict:
    """Return WER and PER, any reference counts, with the words a second of the same job."""
    pairs = model.read(out / "dev.tsv").pairs
    scores = model.evaluate(pairs).scores
    words = sorted({pair.src for pair in pairs})
    began = time.monotonic()
    model.translate(words)
    rate = len(words) / (time.monotonic() - began)
    return {
        "wer": round(scores["wer"].score, 2),
        "per": round(scores["per"].score, 2),
        "interval": scores["wer"].interval,
        "words_per_second": round(rate),
    }


def beside_peer(asked: argparse.Namespace) -> dict:
    """Let g2p-en and ours take turns at the same words, and keep each one's best round."""
    from dragoman.api import export_bundle

    export_bundle(asked.model or asked.out / "seed-1", asked.out / "bundle", int8=True)
    turns = {
        "g2p-en": lambda: score_peer(asked.peer, asked.out),
        "bundle, greedy": lambda: score_bundle(asked.out, native=True),
        "bundle, greedy, ONNX Runtime": lambda: score_bundle(asked.out, native=False),
    }
    rounds = [{name: turn() for name, turn in turns.items()} for _ in range(asked.rounds)]
    found: dict = {
        name: max((one[name] for one in rounds), key=lambda row: row["words_per_cpu_second"])
        for name in turns
    }
    ours, theirs = (found[name]["words_per_cpu_second"] for name in ("bundle, greedy", "g2p-en"))
    found["words/s against g2p-en"] = round(ours / theirs, 1)
    return found


_OURS = """
import json, sys, time
from pathlib import Path
import dragoman
from dragoman.errors import ExportError
from dragoman.runtime.native import library
from dragoman.translator import TranslateOptions
folder, pairs, native = sys.argv[1:]
if native == "1" and not library.compiled().is_file():
    try:
        library.compile_kernel()
    except ExportError as error:
        print(error, file=sys.stderr)
model = dragoman.load(folder, threads=1)
greedy = TranslateOptions(beam_size=1, attention=False)
corpus = model.read(Path(pairs))
words = sorted({pair.src for pair in corpus.pairs})
model.translate(words, greedy)
wall, cpu = time.monotonic(), time.process_time()
model.translate(words, greedy)
wall, cpu = time.monotonic() - wall, time.process_time() - cpu
wer = model.evaluate(corpus, greedy).scores["wer"].score
stepper = type(model.translator.stepper).__name__
print(json.dumps([wer, len(words), wall, cpu, stepper]))
"""


def score_bundle(out: Path, *, native: bool) -> dict:
    """Return WER and speed of an int8 bundle, greedy on one core, as g2p-en works; in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _OURS, str(out / "bundle"), str(out / "dev.tsv"), str(int(native))],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "DRAGOMAN_NATIVE": str(int(native))},
    )
    if done.returncode:
        sys.exit(f"the bundle failed: {done.stderr[-500:]}")
    wer, num_words, wall, cpu, stepper = json.loads(done.stdout.splitlines()[-1])
    return {"wer": round(wer, 2), "stepper": stepper} | rates(num_words, wall, cpu)


def rates(num_words: int, wall: float, cpu: float) -> dict:
    return {
        "words": num_words,
        "words_per_second": round(num_words / wall),
        "words_per_cpu_second": round(num_words / cpu),
    }


_PEER = """
import json, sys, time
from g2p_en import g2p as module
# The dictionary is not asked: only what the network says counts, and it would have to be fetched.
module.cmudict = type("NoDictionary", (), {"dict": staticmethod(dict)})
words = json.load(sys.stdin)
g2p = module.G2p()
g2p.predict("warm")
wall, cpu = time.monotonic(), time.process_time()
said = [g2p.predict(word.lower()) for word in words]
print(json.dumps([said, time.monotonic() - wall, time.process_time() - cpu]))
"""


def score_peer(python: Path, out: Path) -> dict:
    """Score g2p-en's GRU on the same words; stress is taken off, as the data has none."""
    answers: dict[str, list[list[str]]] = {}
    for line in (out / "dev.tsv").read_text(encoding="utf-8").splitlines():
        word, said = line.split("\t")
        answers.setdefault(word, []).append(said.split())
    words = [word for word in answers if word.isalpha()]
    done = subprocess.run(
        [str(python), "-c", _PEER],
        input=json.dumps(words),
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    if done.returncode:
        sys.exit(f"g2p-en failed: {done.stderr[-500:]}")
    said, wall, cpu = json.loads(done.stdout.splitlines()[-1])
    plain = [[phone.rstrip("012") for phone in one] for one in said]
    wrong = sum(one not in answers[word] for word, one in zip(words, plain, strict=True))
    return {"wer": round(100 * wrong / len(words), 2)} | rates(len(words), wall, cpu)


if __name__ == "__main__":
    main()
