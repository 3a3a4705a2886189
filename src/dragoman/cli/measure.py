"""How fast a model is, measured in a process of its own: ``python -m dragoman.cli.measure JSON``.

Only so can threads be set before anything counts them, and memory be the model's own.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dragoman.model import Model

_WARM_UP = 3


@dataclass(frozen=True)
class Job:
    """What to measure.

    Attributes:
        model: A model folder or a bundle.
        texts: A file of sentences; "" for sentences made of the model's own tokens.
        threads: How many.
        beams: For each of these.
        rounds: How often all sentences are translated; the median counts.
        num_alone: How many sentences are also translated one by one.
    """

    model: str
    texts: str
    threads: int
    beams: Sequence[int]
    rounds: int = 3
    num_alone: int = 100


@dataclass(frozen=True)
class Speed:
    """What one setting came to.

    Attributes:
        p50_ms: Half of the single sentences took no longer than this.
        p99_ms: Nearly all of them took no longer.
        sentences_per_s: All sentences given at once, from raw text to raw text.
        tokens_per_s: Target tokens of these.
        cpu_ms: Processor time a sentence, of all threads, when all are given at once: steady on a busy machine.
        memory_mb: Memory of the process after that, resident.
    """

    threads: int
    beam: int
    p50_ms: float
    p99_ms: float
    sentences_per_s: float
    tokens_per_s: float
    cpu_ms: float
    memory_mb: float


def measure(job: Job) -> list[Speed]:
    """Translate, and look at the clock."""
    from dragoman.loading import load

    model = _load(Path(job.model), job.threads, load)
    texts = sentences_of(model, job.texts)
    return [_measure_beam(model, texts, job, beam) for beam in job.beams]


def _load(folder: Path, threads: int, load: Callable[..., Model]) -> Model:
    model = load(folder, threads=threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    return model


def sentences_of(model: Model, path: str) -> list[str]:
    """Read the sentences, or make up two hundred of twelve tokens."""
    if path:
        from dragoman.errors import InputError

        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read as lines of UTF-8 ({error}).") from None
        texts = [line for line in lines if line.strip()]
        if not texts:
            raise InputError(f"{path}: has no line to translate.")
        return texts
    import numpy as np

    tokenizer = model.translator.src_tokenizer
    rng = np.random.default_rng(1)
    return [
        tokenizer.decode(rng.integers(4, tokenizer.vocab_size, 12).tolist()) for _ in range(200)
    ]


def _measure_beam(model: Model, texts: list[str], job: Job, beam: int) -> Speed:
    from dragoman.translator import TranslateOptions

    options = TranslateOptions(beam_size=beam, attention=False)
    few = (texts * (_WARM_UP + 1))[: max(_WARM_UP, min(len(texts), job.num_alone))]
    for text in few[:_WARM_UP]:
        model.translate(text, options)
    alone = sorted(_timed(lambda text=text: model.translate(text, options)) for text in few)
    found = model.translate(texts, options)
    tokens = sum(len(one.tokens) for one in found)
    cpu_began = time.process_time()
    seconds = statistics.median(
        _timed(lambda: model.translate(texts, options)) for _ in range(job.rounds)
    )
    cpu_s = (time.process_time() - cpu_began) / job.rounds
    return Speed(
        threads=job.threads,
        beam=beam,
        p50_ms=1e3 * alone[len(alone) // 2],
        p99_ms=1e3 * alone[min(len(alone) - 1, round(0.99 * len(alone)))],
        sentences_per_s=len(texts) / seconds,
        tokens_per_s=tokens / seconds,
        cpu_ms=1e3 * cpu_s / len(texts),
        memory_mb=_memory_mb(),
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _memory_mb() -> float:
    """Return what the process holds now; where that is not told, the most it held."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def main(argv: Sequence[str]) -> int:
    """Measure what is asked for, and print it for the parent process."""
    from dragoman.cli import GARBAGE_AFTER
    from dragoman.cli.guard import why_missing
    from dragoman.errors import DragomanError

    gc.set_threshold(GARBAGE_AFTER)
    asked: dict[str, Any] = json.loads(argv[0])
    try:
        found = measure(Job(**asked))
    except DragomanError as error:
        print(error, file=sys.stderr)
        return 2
    except ImportError as error:
        missing = why_missing(error)
        if missing is None:
            raise
        print(missing, file=sys.stderr)
        return 2
    print(json.dumps([asdict(one) for one in found]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
