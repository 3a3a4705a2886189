"""Translation speed, side by side in one run: our bundles, our torch path, OpenNMT-py 3.5.1, Marian, CTranslate2.

    python benchmarks/translate_speed.py MODEL --data FOLDER [--quick] [--threads 1,2] [--beam 1,5] [--out FILE]

MODEL is a model folder trained on Multi30k (`recipes/multi30k-en-de.toml`, or its distilled student), or a bundle of
it; FOLDER holds the raw files. Sentences are those of test_2016_flickr.en; medians of several rounds. On a busy
machine compare processor time (cpu_ms). `--quick` takes the first 300 sentences, and fewer rounds of the slow peers.

- ours: from raw text to raw text, by `dragoman bench`: the int8 bundle on our kernel (`dragoman accelerate`, which is
  called first where there is a C compiler), with a shortlist and without, and on ONNX Runtime, the float32 bundle, the
  model folder in torch. The shortlist is learned from the model's training pairs, which must still be there.
- CTranslate2: a Transformer of 6 + 2 layers, 256 wide, int8, **random weights, output lengths forced to those of our
  greedy translations**, from tokens to tokens; also with a vocabulary map, made of our shortlist.
  `--transformer FOLDER` adds one that was trained, which `small_transformer.py --who 6+2 --keep` saved.
- Marian (pymarian 1.12.42, --type s2s, float32): an LSTM of the same sizes **after one update, output lengths
  limited**, from tokens to tokens: compare tokens/s. Also with a shortlist, made of ours.
- OpenNMT-py: a bidirectional LSTM of the same sizes **after a few updates, all outputs forced to our mean length**,
  from tokens to tokens, by its own clock, loading included. Its processor time includes starting Python.

`--references FILE`, the right answers, adds what those score that were trained.

Peers are left out where `benchmarks/peers/setup_{opennmt,marian,ctranslate2}.sh` have not been run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from peers.opennmt import PeerError
from peers.speeds import (
    SHORTENED,
    Row,
    Task,
    ctranslate2,
    ctranslate2_trained,
    describe,
    lines_of,
    marian,
    opennmt_rows,
    scored,
    show,
)

from dragoman.errors import DataError
from dragoman.loading import load
from dragoman.runtime.bundle import is_bundle, read_bundle
from dragoman.translator import TranslateOptions

TEST = "test_2016_flickr"
QUICK = 300
COLUMNS = (
    "threads",
    "beam",
    "sentences_per_s",
    "tokens_per_s",
    "cpu_ms",
    "p50_ms",
    "memory_mb",
    "start_s",
    "bleu",
)
# The rows that targets are about; with a shortlist, and without.
OURS, SHORT = "ours, int8, kernel", "ours, int8, kernel, shortlist"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--beam", default="1,5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sentences", type=int, help="only the first so many")
    parser.add_argument(
        "--without", default="", help="peers to leave out: opennmt,marian,ctranslate2"
    )
    parser.add_argument("--out", type=Path, help="where the table is written too")
    parser.add_argument("--transformer", type=Path, help="a trained one, as saved")
    parser.add_argument("--references", type=Path, help="the right translations, one a line")
    asked = parser.parse_args()
    texts = lines_of(asked.data / f"{TEST}.en")
    with tempfile.TemporaryDirectory(prefix="translate-speed-") as folder:
        count = asked.sentences or (QUICK if asked.quick else len(texts))
        answers = lines_of(asked.references)[:count] if asked.references else None
        task = Task(asked, Path(folder), texts[:count], answers)
        (task.work / "input").write_text("".join(f"{one}\n" for one in task.texts), "utf-8")
        rows = our_rows(task)
        bundle = asked.model if is_bundle(asked.model) else task.work / "int8"
        short = task.work / "short" if (task.work / "short").is_dir() else bundle
        describe(load(bundle, threads=1), task, short)
        for peer in (ctranslate2, ctranslate2_trained, marian, opennmt_rows):
            if peer.__name__.split("_")[0] in asked.without.split(","):
                continue
            try:
                rows += peer(task)
            except PeerError as error:
                print(f"{peer.__name__}: left out: {error}", file=sys.stderr)
    text = table(rows)
    print(text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


def our_rows(task: Task) -> list[Row]:
    """Measure all of ours by their own command."""
    model = task.asked.model
    if shutil.which(os.environ.get("CC", "cc")):
        subprocess.run(
            [sys.executable, "-m", "dragoman", "accelerate"], check=True, stdout=sys.stderr
        )
    if is_bundle(model):
        name = SHORT if read_bundle(model).shortlist else OURS
        return [
            *ours(name, model, task),
            *ours("ours, int8, ONNX Runtime", model, task, native=False),
        ]
    from dragoman.api import export_bundle

    export_bundle(model, task.work / "fp32")
    export_bundle(model, task.work / "int8", int8=True)
    short: list[Row] = []
    try:
        export_bundle(model, task.work / "short", int8=True, shortlist=True, data=task.asked.data)
        short = ours(SHORT, task.work / "short", task)
    except DataError as error:
        print(f"{SHORT}: left out: {error}", file=sys.stderr)
    return [
        *short,
        *ours(OURS, task.work / "int8", task),
        *ours("ours, int8, ONNX Runtime", task.work / "int8", task, native=False),
        *ours("ours, float32", task.work / "fp32", task),
        *ours("ours, torch", model, task),
    ]


def ours(name: str, path: Path, task: Task, *, native: bool = True) -> list[Row]:
    command = [sys.executable, "-m", "dragoman", "bench", str(path), "--json"]
    command += ["--threads", task.asked.threads, "--beam", task.asked.beam]
    command += ["--rounds", str(task.asked.rounds), "--input", str(task.work / "input")]
    environment = os.environ | {"DRAGOMAN_NATIVE": str(int(native))}
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    found = json.loads(done.stdout)
    start = {"start_s": found["start_s"]}
    model = load(path, threads=1)
    quality = {
        speed["beam"]: scored(
            [one.text for one in model.translate(task.texts, TranslateOptions(speed["beam"]))], task
        )
        for speed in found["speeds"]
        if task.answers
    }
    return [
        show({"what": name, **speed, **start, **quality.get(speed["beam"], {})})
        for speed in found["speeds"]
    ]


def table(rows: list[Row]) -> str:
    """Write all as Markdown, and how many times ours is as fast as each other."""
    lines = [f"| what | {' | '.join(COLUMNS)} |", f"|---|{'---|' * len(COLUMNS)}"]
    for row in rows:
        cells = [_cell(row.get(name)) for name in COLUMNS]
        lines.append(f"| {row['what']} | {' | '.join(cells)} |")
    names = list(dict.fromkeys(row["what"] for row in rows))
    lines += [
        "",
        "| ours | against | beam | tokens/s, one thread | each at its best | processor time |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for mine in (OURS, SHORT):
        # Like with like: what has a shortlist of its own is compared with ours that has one.
        like = [
            SHORTENED.get(name, name) if mine == SHORT and SHORTENED.get(name) in names else name
            for name in names
            if name not in SHORTENED.values() and name != mine
        ]
        for name in like:
            lines += [
                _ratios(rows, mine, name, beam) for beam in sorted({row["beam"] for row in rows})
            ]
    return "\n".join(line for line in lines if line is not None) + "\n"


def _ratios(rows: list[Row], mine: str, name: str, beam: int) -> str | None:
    """Say how many times ours is as fast; nothing where one of the two was not measured."""
    ours, other = (
        [row for row in rows if row["what"] == what and row["beam"] == beam]
        for what in (mine, name)
    )
    if not ours or not other:
        return None
    alone = [row["tokens_per_s"] for some in (ours, other) for row in some if row["threads"] == 1]
    best = [max(row["tokens_per_s"] for row in some) for some in (ours, other)]
    cpu = [min(row["cpu_ms"] for row in some) for some in (other, ours)]
    ratios = [alone[0] / alone[1] if len(alone) == 2 else None, best[0] / best[1], cpu[0] / cpu[1]]
    cells = ["" if one is None else f"{one:.1f} x" for one in ratios]
    return f"| {mine} | {name} | {beam} | {' | '.join(cells)} |"


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return (
        str(value)
        if isinstance(value, int)
        else f"{value:,.2f}"
        if value < 100
        else f"{value:,.0f}"
    )


if __name__ == "__main__":
    main()
