"""Words: our models beside Yoyodyne 0.5.27 or OpenNMT-py 3.5.1, same data, same minutes, one core each, all at once.

    python benchmarks/words_against_others.py --shared FOLDER --jobs g2p-kor,names-korean,inflect-deu [--minutes 3]
        [--who dragoman,yoyodyne]

FOLDER holds sigmorphon2020_g2p, wikidata_names_coling2018 and sigmorphon2023_inflection. The others come from
benchmarks/peers/setup_yoyodyne.sh and setup_opennmt.sh. Yoyodyne's model is the attentive LSTM with its own defaults
(bidirectional, 512 wide, embeddings of 128, Adam), and its pointer-generator for inflection; its best epoch on dev is
scored. OpenNMT-py's, for names alone, is its attention LSTM over characters (Hangul as jamo, as in ours),
bidirectional, 256 wide, embeddings of 128, Adam, input feeding; its newest weights are scored, with beam 5, and its
minutes are of processor time, so that it never has less than ours. Ours is what `dragoman train --task TASK` suggests,
fitted to the minutes.

All are scored on dev by the same lines of this script: a word is right if any reference is. "wer" is by beam 5 for
ours, as it comes, "greedy" by beam 1, which is how Yoyodyne predicts. Predicting is timed greedily, on one core, from
process start to end, over the dev set up to eight times, at most 2,000 words or the set once, less the time that one
word takes.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from peers import opennmt
from peers.running import interpreter

from dragoman.text.normalise import Normaliser

TIMES, MOST = 8, 2000
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Job:
    """A data set; `features` is the column of features, if it has one."""

    task: str
    train: str
    dev: str
    target: int = 2
    features: int = 0
    target_sep: str = " "


JOBS = {
    **{
        f"g2p-{language}": Job(
            "g2p",
            f"sigmorphon2020_g2p/train/{language}_train.tsv",
            f"sigmorphon2020_g2p/dev/{language}_dev.tsv",
        )
        for language in ("kor", "fre", "ice", "hun", "bul", "geo")
    },
    **{
        f"names-{script}": Job(
            "transliterate",
            f"wikidata_names_coling2018/{script}.train.tsv",
            f"wikidata_names_coling2018/{script}.dev.tsv",
        )
        for script in ("korean", "katakana")
    },
    **{
        f"inflect-{language}": Job(
            "inflect",
            f"sigmorphon2023_inflection/{language}.trn",
            f"sigmorphon2023_inflection/{language}.dev",
            target=3,
            features=2,
            target_sep="",
        )
        for language in ("deu", "eng", "fra", "tur")
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--jobs", default=",".join(JOBS))
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--who", default="dragoman,yoyodyne", help=", ".join(WHO))
    parser.add_argument("--out", type=Path, default=Path("models/words"))
    asked = parser.parse_args()
    who = asked.who.split(",")
    if unknown := set(who) - set(WHO):
        parser.error(f"--who: {', '.join(sorted(unknown))}: there are {', '.join(WHO)}")
    jobs = asked.jobs.split(",")
    if "opennmt" in who and (other := [name for name in jobs if not name.startswith("names-")]):
        parser.error(f"--jobs: OpenNMT-py is compared on names alone, not on {', '.join(other)}")
    rows = {}
    for name in jobs:
        out = asked.out / name
        out.mkdir(parents=True, exist_ok=True)
        job = JOBS[name]
        write(job, asked.shared, out)
        with ThreadPoolExecutor(len(who)) as pool:
            sides = {one: pool.submit(WHO[one], job, out, asked.minutes) for one in who}
            rows[name] = {one: side.result() for one, side in sides.items()}
        print(name, json.dumps(rows[name]), file=sys.stderr, flush=True)
    print(json.dumps(rows, indent=2))


def write(job: Job, shared: Path, out: Path) -> None:
    """Write what both read: files without the columns that only one of them knows, and a single word."""
    for name, path in (("train", job.train), ("dev", job.dev)):
        lines = (shared / path).read_text(encoding="utf-8").splitlines()
        # A quotation mark would make one row of thousands for Yoyodyne's reader: a few names lack for both.
        lines = [line for line in lines if line.strip() and '"' not in line]
        kept = ["\t".join(line.split("\t")[: job.target]) for line in lines]
        (out / f"{name}.tsv").write_text("\n".join(kept) + "\n", encoding="utf-8")
        if name == "dev":
            (out / "one.tsv").write_text(kept[0] + "\n", encoding="utf-8")
            times = max(1, min(TIMES, MOST // len(kept)))
            (out / "many.tsv").write_text(("\n".join(kept) + "\n") * times, encoding="utf-8")


def answers(job: Job, out: Path) -> list[tuple[str, set[str]]]:
    """Return each line's source with all of its right answers, spaces left out."""
    rows = [line.split("\t") for line in (out / "dev.tsv").read_text(encoding="utf-8").splitlines()]
    found: dict[str, set[str]] = {}
    keys = ["\t".join(row[: job.target - 1]) for row in rows]
    for key, row in zip(keys, rows, strict=True):
        found.setdefault(key, set()).add(row[job.target - 1].replace(" ", ""))
    return [(key, found[key]) for key in keys]


def score(job: Job, out: Path, outputs: list[str]) -> float:
    """Return the word error rate: sources once each, any answer counts."""
    said: dict[str, bool] = {}
    for (key, right), text in zip(answers(job, out), outputs, strict=True):
        said.setdefault(key, text.replace(" ", "") in right)
    return round(100 * (1 - sum(said.values()) / len(said)), 2)


def timed(command: list[str], **more) -> float:
    """Run a command, and return its seconds."""
    began = time.monotonic()
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr[-1500:]}")
    return time.monotonic() - began


def dragoman(job: Job, out: Path, minutes: float) -> dict:
    """Train and score ours."""
    model = out / "dragoman"
    command = [sys.executable, "-m", "dragoman"]
    train = [*command, "train", str(out / "train.tsv"), "--task", job.task]
    train += ["--dev", str(out / "dev.tsv"), "--minutes", str(minutes), "--out", str(model)]
    timed([*train, "--set", "training.threads=1"])
    timed([*command, "export", str(model), "--to", str(out / "bundle")])
    predict = [*command, "predict", str(out / "bundle")]
    seconds, outputs = {}, {}
    for name, beam in (("dev", 5), ("one", 1), ("many", 1)):
        rows = (out / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        words = [row.rsplit("\t", 1)[0] for row in rows]
        (out / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
        said = out / f"{name}.said"
        files = ["--input", str(out / "words.txt"), "--output", str(said)]
        seconds[name] = timed([*predict, *files, "--beam", str(beam)])
        outputs[name] = said.read_text(encoding="utf-8").splitlines()
    return {
        "wer": score(job, out, outputs["dev"]),
        "greedy": score(job, out, outputs["many"][: len(outputs["dev"])]),
        "train_words_per_s": round(rate(model) / length(job, out)),
        "predict_words_per_s": round(len(outputs["many"]) / (seconds["many"] - seconds["one"])),
    }


def rate(model: Path) -> float:
    """Return the target tokens that ours trained on in a second, validations left out as it reports them."""
    rows = [json.loads(line) for line in (model / "metrics.jsonl").read_text().splitlines()]
    return statistics.median(row["tokens_per_s"] for row in rows if "tokens_per_s" in row)


def length(job: Job, out: Path) -> float:
    """Return the target tokens of a word, its end among them."""
    lines = (out / "train.tsv").read_text(encoding="utf-8").splitlines()
    targets = [line.split("\t")[job.target - 1] for line in lines]
    return 1 + statistics.mean(len(one.split() if " " in one else one) for one in targets)


CONFIG = """
seed_everything: 1
trainer:
  accelerator: cpu
  max_time: {max_time}
  default_root_dir: {out}
  enable_progress_bar: false
  log_every_n_steps: 10
  logger:
    class_path: lightning.pytorch.loggers.CSVLogger
    init_args: {{version: 0, flush_logs_every_n_steps: 1}}
model:
  class_path: yoyodyne.models.{model}
  init_args:
    source_encoder:
      class_path: yoyodyne.models.modules.LSTMEncoder
{features_encoder}
data:
  model_dir: {out}
  train: {out}/../train.tsv
  val: {out}/../dev.tsv
  predict: {out}/../dev.tsv
  target_col: {target}
  features_col: {features}
  target_sep: "{target_sep}"
checkpoint:
  filename: "best"
  mode: max
  monitor: val_accuracy
prediction:
  path: {out}/said.txt
"""


def yoyodyne(job: Job, out: Path, minutes: float) -> dict:
    """Train and score Yoyodyne's."""
    folder = (out / "yoyodyne").resolve()
    folder.mkdir(exist_ok=True)
    whole, rest = divmod(round(minutes * 60), 60)
    features = bool(job.features)
    config = folder / "config.yaml"
    config.write_text(
        CONFIG.format(
            max_time=f"00:00:{whole:02d}:{rest:02d}",
            out=folder,
            model="PointerGeneratorLSTMModel" if features else "SoftAttentionLSTMModel",
            features_encoder="    features_encoder: true" if features else "",
            target=job.target,
            features=job.features,
            target_sep=job.target_sep,
        )
    )
    command = str(interpreter("yoyodyne").with_name("yoyodyne"))
    timed([command, "fit", "--config", str(config)])
    # To be read now: predicting deletes it.
    metrics = list(csv.DictReader(next(iter(folder.glob("**/metrics.csv"))).open()))
    num_epochs = 1 + max(int(row["epoch"]) for row in metrics if row.get("epoch"))
    best = next(iter(folder.glob("**/best*.ckpt")))
    seconds = {}
    for name in ("one", "many"):
        predict = [command, "predict", "--config", str(config), "--ckpt_path", str(best)]
        seconds[name] = timed([*predict, "--data.predict", str(folder.parent / f"{name}.tsv")])
    outputs = (folder / "said.txt").read_text(encoding="utf-8").splitlines()
    num_words = len((out / "train.tsv").read_text().splitlines())
    num_said, num_dev = len(outputs), len(answers(job, out))
    return {
        "wer": score(job, out, outputs[:num_dev]),
        "epochs": num_epochs,
        "train_words_per_s": round(num_words * num_epochs / (minutes * 60)),
        "predict_words_per_s": round(num_said / (seconds["many"] - seconds["one"])),
    }


def onmt(job: Job, out: Path, minutes: float) -> dict:
    """Train and score OpenNMT-py's, on characters."""
    folder = out / "opennmt"
    folder.mkdir(exist_ok=True)
    files, jamo = {}, Normaliser(hangul="jamo")
    for name in ("train", "dev"):
        rows = (out / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        sides = zip(*(row.split("\t")[:2] for row in rows), strict=True)
        for side, texts in zip(("src", "tgt"), sides, strict=True):
            files[name, side] = folder / f"{name}.{side}"
            spaced = (" ".join(text.replace(" ", "")) for text in jamo.each(texts))
            files[name, side].write_text("\n".join(spaced) + "\n", encoding="utf-8")
    vocab = opennmt.Vocab.counted(files["train", "src"], files["train", "tgt"], 4000)
    opennmt.prepare(
        files["train", "src"],
        files["train", "tgt"],
        files["dev", "src"],
        files["dev", "tgt"],
        folder,
        vocab,
    )
    options = opennmt.Options(
        encoder_type="brnn",
        layers=1,
        hidden_size=256,
        word_vec_size=128,
        optim="adam",
        learning_rate=0.001,
    )
    trained = opennmt.train(folder, options, cpu_minutes=minutes, threads=1)
    said = folder / "said"
    opennmt.translate(folder, trained.checkpoint, files["dev", "src"], said, beam=5, threads=1)
    outputs = said.read_text(encoding="utf-8").split("\n")[:-1]
    joined = [jamo.undo(line.replace(" ", "")) for line in outputs]
    return {"wer": score(job, out, joined), "steps": trained.steps}


WHO = {"dragoman": dragoman, "yoyodyne": yoyodyne, "opennmt": onmt}

if __name__ == "__main__":
    main()
