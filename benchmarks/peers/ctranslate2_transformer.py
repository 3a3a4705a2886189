"""A CTranslate2 Transformer in int8, of random weights or trained: run in the peer's environment.

    python ctranslate2_transformer.py TOKENS.json --threads 1 --beam 1 [--shortlist]

TOKENS.json: {"vocabulary": [...], "sources": [[token, ...], ...], "lengths": [...]}; with `--shortlist` also
"shortlist": {source token: [target tokens]}, "" for any source, which becomes its vocabulary map. "weights" names what
`small_transformer.py --keep` saved of its shape 6+2. Without it weights are random and output lengths forced, which
takes as long as a trained one where lengths are the same. Prints one line of JSON: seconds and processor time for all
sentences (the best batch size of a few, median of several rounds), the median for each alone, and what was written.
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
POSITIONS = 512
# What our readers read last.
EOS = "</s>"


def main():
    options, content = asked(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        save(path, content, content["shortlist"] if options.shortlist else None)
        translator = ctranslate2.Translator(
            str(path), compute_type="int8", inter_threads=options.threads, intra_threads=1
        )
        print(json.dumps(measure(translator, content, options)))


def measure(translator, content, options):
    """Time all sentences, and some alone."""
    trained = "weights" in content
    sources = [[*one, EOS] for one in content["sources"]] if trained else content["sources"]
    wanted = [None] * len(sources) if trained else content["lengths"]
    by_length = defaultdict(list)
    for number, length in enumerate(wanted):
        by_length[length].append(number)
    written = [[]] * len(sources)

    def all_of(size):
        began = time.perf_counter()
        waiting = [
            translator.translate_batch(
                [sources[number] for number in numbers],
                asynchronous=True,
                max_batch_size=size,
                **searched(length, options),
            )
            for length, numbers in by_length.items()
        ]
        for numbers, results in zip(by_length.values(), waiting, strict=True):
            for number, result in zip(numbers, results, strict=True):
                written[number] = result.result().hypotheses[0]
        return time.perf_counter() - began

    def alone(source, length):
        began = time.perf_counter()
        translator.translate_batch([source], **searched(length, options))
        return time.perf_counter() - began

    size = min(BATCHES, key=all_of)
    cpu_began = time.process_time()
    seconds = statistics.median(all_of(size) for _ in range(options.rounds))
    cpu_s = (time.process_time() - cpu_began) / options.rounds
    few = list(zip(sources, wanted, strict=True))[:100]
    return {
        "seconds": seconds,
        "cpu_s": cpu_s,
        "p50_ms": 1e3 * statistics.median(alone(*one) for one in few),
        "batch": size,
        "written": written,
    }


def searched(length, options):
    """Say how to search; the length is forced where there is one."""
    forced = {"min_decoding_length": length, "max_decoding_length": length} if length else {}
    return {"beam_size": options.beam, "use_vmap": options.shortlist, **forced}


def save(folder, content, shortlist):
    """Write a model, with a vocabulary map if there is a shortlist."""
    spec = ctranslate2.specs.TransformerSpec.from_config(LAYERS, HEADS)
    vocabulary = content["vocabulary"]
    if "weights" in content:
        fill_trained(spec, np.load(content["weights"], allow_pickle=False))
    else:
        fill_random(spec, len(vocabulary))
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    if shortlist is not None:
        lines = [f"{source}\t{' '.join(words)}\n" for source, words in shortlist.items()]
        (folder.parent / "vmap").write_text("".join(lines), encoding="utf-8")
        spec.register_vocabulary_mapping(str(folder.parent / "vmap"))
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder.mkdir() or folder))


def tables_of(side):
    return side.embeddings if isinstance(side.embeddings, list) else [side.embeddings]


def fill_trained(spec, weights):
    """Copy what `benchmarks/transformer.py` calls by other names; both put norms first."""

    def linear(part, *names):
        part.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
        part.bias = np.concatenate([weights[f"{name}.bias"] for name in names])

    def norm(part, name):
        part.gamma, part.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]

    def without_padding(name):
        return weights[name][1:]

    angles = np.arange(POSITIONS)[:, None] * np.exp(
        np.arange(0, WIDTH, 2) * (-np.log(10_000) / WIDTH)
    )
    positions = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(POSITIONS, WIDTH)
    for number, (kind, side) in enumerate((("encoder", spec.encoder), ("decoder", spec.decoder))):
        for table in tables_of(side):
            table.weight = without_padding(f"{('src', 'tgt')[number]}_embedding.weight")
        side.position_encodings.encodings = positions.astype(np.float32)
        norm(side.layer_norm, f"norms.{number}")
        for depth, layer in enumerate(side.layer):
            name = f"{kind}.{depth}"
            norm(layer.self_attention.layer_norm, f"{name}.norms.0")
            linear(layer.self_attention.linear[0], f"{name}.own.q", f"{name}.own.kv")
            linear(layer.self_attention.linear[1], f"{name}.own.out")
            if kind == "decoder":
                norm(layer.attention.layer_norm, f"{name}.norms.1")
                for part, own in zip(layer.attention.linear, ("q", "kv", "out"), strict=True):
                    linear(part, f"{name}.cross.{own}")
            norm(layer.ffn.layer_norm, f"{name}.norms.{number + 1}")
            linear(layer.ffn.linear_0, f"{name}.maps.0")
            linear(layer.ffn.linear_1, f"{name}.maps.3")
    spec.decoder.projection.weight = without_padding("tgt_embedding.weight")
    spec.decoder.projection.bias = without_padding("generator.bias")


def fill_random(spec, size):
    """Draw weights."""
    rng = np.random.default_rng(1)

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
        for table in tables_of(side):
            table.weight = rng.standard_normal((size, WIDTH), dtype=np.float32)
        positions = rng.standard_normal((POSITIONS, WIDTH), dtype=np.float32)
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


if __name__ == "__main__":
    main()
