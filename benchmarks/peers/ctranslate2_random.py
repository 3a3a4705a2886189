"""A CTranslate2 Transformer of random weights, in int8, its output lengths forced: run in the peer's environment.

    python ctranslate2_random.py TOKENS.json --threads 1 --beam 1 [--shortlist]

TOKENS.json: {"vocabulary": [...], "sources": [[token, ...], ...], "lengths": [...]}; with `--shortlist` also
"shortlist": {source token: [target tokens]}, "" for any source, which becomes its vocabulary map. Prints one line of
JSON: seconds and processor time for all sentences (the best batch size of a few, median of several rounds), and the
median for each alone. Random weights take as long as trained ones where lengths are the same; that is all this row is
for.
"""

import json
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import ctranslate2
import numpy as np
from tokens import asked

WIDTH, HIDDEN, HEADS = 256, 1024, 4
LAYERS = (6, 2)
BATCHES = (32, 64, 128)


def main():
    options, content = asked(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        short = content["shortlist"] if options.shortlist else None
        save_random(Path(folder) / "model", content["vocabulary"], short)
        translator = ctranslate2.Translator(
            str(Path(folder) / "model"),
            compute_type="int8",
            inter_threads=options.threads,
            intra_threads=1,
        )
        print(json.dumps(measure(translator, content, options)))


def measure(translator, content, options):
    """Time all sentences, and some alone."""
    by_length = defaultdict(list)
    for source, length in zip(content["sources"], content["lengths"], strict=True):
        by_length[length].append(source)

    def all_of(size):
        began = time.perf_counter()
        waiting = [
            translator.translate_batch(
                sources, asynchronous=True, max_batch_size=size, **forced(length, options)
            )
            for length, sources in by_length.items()
        ]
        for results in waiting:
            for result in results:
                result.result()
        return time.perf_counter() - began

    def alone(source, length):
        began = time.perf_counter()
        translator.translate_batch([source], **forced(length, options))
        return time.perf_counter() - began

    size = min(BATCHES, key=all_of)
    cpu_began = time.process_time()
    seconds = statistics.median(all_of(size) for _ in range(options.rounds))
    cpu_s = (time.process_time() - cpu_began) / options.rounds
    few = list(zip(content["sources"], content["lengths"], strict=True))[:100]
    return {
        "seconds": seconds,
        "cpu_s": cpu_s,
        "p50_ms": 1e3 * statistics.median(alone(*one) for one in few),
        "batch": size,
    }


def forced(length, options):
    return {
        "beam_size": options.beam,
        "use_vmap": options.shortlist,
        "min_decoding_length": length,
        "max_decoding_length": length,
    }


def save_random(folder, vocabulary, shortlist):
    """Write a model, with a vocabulary map if there is a shortlist."""
    spec = ctranslate2.specs.TransformerSpec.from_config(LAYERS, HEADS)
    rng = np.random.default_rng(1)
    size = len(vocabulary)

    def linear(part, outputs, inputs=WIDTH):
        part.weight = rng.standard_normal((outputs, inputs), dtype=np.float32) * inputs**-0.5
        part.bias = np.zeros(outputs, np.float32)

    def norm(part):
        part.gamma, part.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(part, crossed=False):
        norm(part.layer_norm)
        maps = (WIDTH, 2 * WIDTH, WIDTH) if crossed else (3 * WIDTH, WIDTH)
        for one, outputs in zip(part.linear, maps, strict=True):
            linear(one, outputs)

    for side in (spec.encoder, spec.decoder):
        tables = side.embeddings if isinstance(side.embeddings, list) else [side.embeddings]
        for table in tables:
            table.weight = rng.standard_normal((size, WIDTH), dtype=np.float32)
        positions = rng.standard_normal((512, WIDTH), dtype=np.float32)
        side.position_encodings.encodings = positions
        norm(side.layer_norm)
        for layer in side.layer:
            attention(layer.self_attention)
            if hasattr(layer, "attention"):
                attention(layer.attention, crossed=True)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, HIDDEN)
            linear(layer.ffn.linear_1, WIDTH, HIDDEN)
    linear(spec.decoder.projection, size)
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    if shortlist is not None:
        lines = [f"{source}\t{' '.join(words)}\n" for source, words in shortlist.items()]
        (folder.parent / "vmap").write_text("".join(lines), encoding="utf-8")
        spec.register_vocabulary_mapping(str(folder.parent / "vmap"))
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder.mkdir() or folder))


if __name__ == "__main__":
    main()
