"""A corpus from disk: the same pairs, batches and weights as in memory, whole or not at all, in bounded memory."""

import gzip
import re
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from dragoman import api
from dragoman.config import build_config
from dragoman.data import files, formats, store, streams, tally
from dragoman.data.batches import ListDeck
from dragoman.data.corpus import ReadOptions
from dragoman.data.pools import StoredDeck, shares_of
from dragoman.data.store import Store, StoreWriter
from dragoman.errors import ConfigError, DataError
from dragoman.text.bulk import Rows
from dragoman.training.callbacks import Callback
from dragoman.training.prepare import prepare, read_corpora
from dragoman.training.streaming import Place

WORDS = [
    "the",
    "cat",
    "sees",
    "a",
    "dog",
    "and",
    "one",
    "small",
    "bird",
    "in",
    "my",
    "old",
    "house",
]
TINY = {
    "text": {"tokenizer": "word", "vocab_size": 40},
    "model": {"hidden_size": 8, "embedding_size": 4, "dropout": 0.1},
    "training": {"batch_tokens": 60, "epochs": 2, "stop_metric": "loss", "validate_every": 20},
}


def lines_of(number, seed=1, word=""):
    chance = np.random.default_rng(seed)
    lines = []
    for index in range(number):
        chosen = [WORDS[n] for n in chance.integers(0, len(WORDS), chance.integers(2, 7))]
        source = " ".join([*chosen, word, f"n{index}"]).replace("  ", " ")
        lines.append(f"{source}\t{' '.join(reversed(source.upper().split()))}\n")
    return lines


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(lines_of(300)) + "\n\n")
    return path


def config_of(name, **data):
    return build_config({**TINY, "data": {"train": name, "num_dev": 20, **data}})


def prepared_of(config, folder):
    place = Place(folder / "pairs.arrow", lambda done, line: None)
    return prepare(config, read_corpora(config, folder), None, place)


def written(folder, *parts, name="s.arrow"):
    """A store of pairs whose ids say which they are."""
    with StoreWriter(folder / name, 1 << 20) as writer:
        for number, size in enumerate(parts):
            rows = Rows.of([[number * 10_000 + n] * (1 + n % 3) for n in range(size)])
            writer.add(rows, rows)
            writer.end_part(f"part {number}")
        writer.finish({}, {})
    return Store(folder / name)


def ids_of(batches):
    return [example.src[0] for batch in batches for example in batch]


@pytest.mark.parametrize("kind", ["tsv", "gz", "parallel", "jsonl", "csv", "parquet"])
def test_a_stream_is_what_memory_would_hold(tmp_path, pairs, kind):
    name = pairs.name
    rows = [line.rstrip("\n").split("\t") for line in lines_of(300)]
    if kind == "gz":
        name = "pairs.tsv.gz"
        (tmp_path / name).write_bytes(gzip.compress(pairs.read_bytes()))
    elif kind == "parallel":
        name = ["p.src", "p.tgt"]
        for side in (0, 1):
            (tmp_path / name[side]).write_text("".join(f"{row[side]}\n" for row in rows))
    elif kind == "jsonl":
        name = "pairs.jsonl"
        text = "".join(f'{{"src": "{src}", "tgt": "{tgt}"}}\r\n' for src, tgt in rows)
        (tmp_path / name).write_text(text, encoding="utf-8-sig", newline="")
    elif kind == "csv":
        name = "pairs.csv"
        text = "".join(f'"{src}",{tgt}\n' for src, tgt in rows)
        (tmp_path / name).write_text(text)
    elif kind == "parquet":
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        name = "pairs.parquet"
        columns = {"src": [row[0] for row in rows], "tgt": [row[1] for row in rows]}
        parquet.write_table(arrow.table(columns), tmp_path / name)
    held = prepared_of(config_of(name, stream="never"), tmp_path)
    streamed = prepared_of(config_of(name, stream="always"), tmp_path)
    assert isinstance(streamed.train, StoredDeck)
    assert streamed.hashes == held.hashes
    assert streamed.dev == held.dev
    assert streamed.tokenizers.src.to_json() == held.tokenizers.src.to_json()
    assert len(streamed.train) == len(held.train) == 280
    for epoch in range(2):
        wanted = list(held.train.deal(60, (1, epoch)))
        assert list(streamed.train.deal(60, (1, epoch))) == wanted
        assert streamed.train.count(60, (1, epoch)) == len(wanted)
    assert streamed.report == held.report


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step(self, record):
        if record.step == self.step:
            raise KeyboardInterrupt


def weights_after(folder, config, out, stop=None):
    options = api.TrainOptions(data=folder, callbacks=[StopAt(stop)])
    if stop is not None:
        with pytest.raises(KeyboardInterrupt):
            api.train(config, folder / out, options)
        assert (folder / out / "pairs.arrow").exists()
        options = api.TrainOptions(data=folder, resume=True)
    api.train(config, folder / out, options)
    return load_file(folder / out / "model.safetensors")


def test_a_stream_trains_the_same_weights_also_when_resumed(tmp_path, pairs, monkeypatch):
    wanted = weights_after(tmp_path, config_of(pairs.name, stream="never"), "a")
    streamed = config_of(pairs.name, stream="always")
    found = [
        weights_after(tmp_path, streamed, "b"),
        weights_after(tmp_path, streamed, "c", stop=33),
    ]
    for one in found:
        assert all(torch.equal(one[name], weight) for name, weight in wanted.items())
    assert not list((tmp_path / "b").glob("pairs.arrow*"))


def test_every_pair_once_an_epoch_in_an_order_of_its_own(tmp_path):
    deck = StoredDeck(written(tmp_path, 5000), pool=2)
    orders = [ids_of(deck.deal(50, (1, epoch))) for epoch in range(2)]
    assert orders[0] != orders[1]
    for order in orders:
        assert sorted(order) == list(range(5000))
    batches = list(deck.deal(50, (1, 0)))
    assert deck.count(50, (1, 0)) == len(batches)
    for skip in (1, len(batches) // 2, len(batches) - 1, len(batches)):
        assert list(deck.deal(50, (1, 0), skip)) == batches[skip:]
    # Mixed over the corpus: neighbours in the file are no neighbours in the order.
    first = np.array(orders[0][:2048]) // 1024
    assert len(set(first.tolist())) == 2
    assert all(len({len(one.src) for one in batch}) <= 2 for batch in batches)


def test_a_deck_of_one_pool_is_dealt_as_a_list(tmp_path):
    store = written(tmp_path, 3000)
    examples = [one for batch in StoredDeck(store).deal(10**9, (1, 0)) for one in batch]
    examples.sort(key=lambda one: one.src[0])
    key = (3, 2)
    assert list(StoredDeck(store).deal(70, key)) == list(ListDeck(examples).deal(70, key))


def test_mixed_corpora_have_their_shares(tmp_path):
    deck = StoredDeck(written(tmp_path, 6000, 1500, 40), shares=(0.5, 0.3, 0.2), pool=3)
    seen = [ids_of(deck.deal(100, (1, epoch))) for epoch in range(8)]
    parts = np.bincount(np.concatenate(seen) // 10_000) / sum(map(len, seen))
    assert parts == pytest.approx([0.5, 0.3, 0.2], abs=0.02)
    # A large corpus goes on where it has stopped, so that all of it is seen; a small one comes again.
    counts = np.bincount([one for one in np.concatenate(seen) if one < 6000], minlength=6000)
    assert counts.min() >= 4
    assert counts.max() - counts.min() <= 1
    assert seen[1] == ids_of(deck.deal(100, (1, 1)))


def test_temperature_brings_corpora_closer():
    assert shares_of([900, 100], [None, None], 1.0) == pytest.approx((0.9, 0.1))
    assert shares_of([900, 100], [None, None], 2.0) == pytest.approx((0.75, 0.25))
    assert shares_of([900, 100], [1.0, 3.0], 5.0) == pytest.approx((0.25, 0.75))


def test_mixed_corpora_are_prepared_together(tmp_path):
    (tmp_path / "a.tsv").write_text("".join(lines_of(200, 1, "alpha")))
    (tmp_path / "b.tsv").write_text("".join(lines_of(50, 2, "beta")))
    mix = [{"train": "a.tsv", "weight": 1}, {"train": "b.tsv", "weight": 1}]
    found = prepared_of(config_of(None, mix=mix), tmp_path)
    alpha = found.tokenizers.src.encode("alpha")[0]
    rows = [
        one.src for epoch in range(6) for batch in found.train.deal(60, (1, epoch)) for one in batch
    ]
    assert sum(alpha in row for row in rows) / len(rows) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("data", [{"mix": [{"train": "a.tsv", "weight": 1}, {"train": "b.tsv"}]}])
def test_half_given_weights_are_refused(tmp_path, data):
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / name).write_text("".join(lines_of(20)))
    with pytest.raises(ConfigError, match="every corpus a weight"):
        read_corpora(config_of(None, **data), tmp_path)


def test_what_cannot_be_streamed_is_refused(tmp_path, pairs):
    config = build_config(
        {"model": {"generator": "pointer"}, "data": {"train": pairs.name, "stream": "always"}}
    )
    with pytest.raises(ConfigError, match="copies from the text"):
        read_corpora(config, tmp_path)


def test_a_damaged_store_is_refused(tmp_path):
    written(tmp_path, 300)
    for name in ("s.arrow", "s.arrow.json"):
        path = tmp_path / name
        whole = path.read_bytes()
        places = np.linspace(0, len(whole) - 1, 40).astype(int).tolist()
        for place in places:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            with pytest.raises(DataError, match="damaged"):
                Store(tmp_path / "s.arrow")
        path.write_bytes(whole[:-1])
        with pytest.raises(DataError, match="damaged"):
            Store(tmp_path / "s.arrow")
        path.write_bytes(whole)
    assert Store(tmp_path / "s.arrow").parts[0].pairs == 300


def test_a_store_is_made_anew_only_if_it_would_differ(tmp_path, pairs):
    config = config_of(pairs.name, stream="always")
    prepared_of(config, tmp_path)
    stamp = (tmp_path / "pairs.arrow").stat().st_mtime_ns
    prepared_of(config, tmp_path)
    assert (tmp_path / "pairs.arrow").stat().st_mtime_ns == stamp
    with pairs.open("a") as file:
        file.write("one more\tand its target\n")
    found = prepared_of(config, tmp_path)
    assert (tmp_path / "pairs.arrow").stat().st_mtime_ns != stamp
    assert len(found.train) == 281


def test_stopped_while_preparing_nothing_half_made_is_left(tmp_path, pairs, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    config = config_of(pairs.name, stream="always")
    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "end_part", stop)
        with pytest.raises(KeyboardInterrupt):
            prepared_of(config, tmp_path)
    assert not list(tmp_path.glob("*.arrow*"))
    assert len(prepared_of(config, tmp_path).train) == 280


def test_a_sample_comes_from_all_over_and_ends_at_whole_lines(tmp_path):
    lines = lines_of(4000)
    (tmp_path / "large.tsv").write_text("".join(lines))
    size = (tmp_path / "large.tsv").stat().st_size
    found = streams.sample_corpus(tmp_path / "large.tsv", ReadOptions(), size // 4)
    drawn = [f"{src}\t{tgt}\n" for src, tgt in found.corpus.pairs]
    places = [int(pair.src.split("n")[-1]) for pair in found.corpus.pairs]
    assert set(drawn) <= set(lines)
    assert len(set(drawn)) == len(drawn)
    assert places == sorted(places)
    assert max(np.diff(places)) < 4000 / 32
    assert found.num_pairs == pytest.approx(4000, rel=0.05)


def test_bad_lines_are_told_and_many_refused(tmp_path):
    lines = lines_of(300)
    lines[100] = "no tab here\n"
    (tmp_path / "few.tsv").write_text("".join(lines))
    (tmp_path / "many.tsv").write_text("".join([*lines, *["no tab\n"] * 20]))
    report = prepared_of(config_of("few.tsv", stream="always"), tmp_path).report
    assert any("few.tsv:101" in line for line in report)
    with pytest.raises(DataError, match="21 of 320 lines cannot be used"):
        list(streams.stream_corpus(tmp_path / "many.tsv", ReadOptions()))


def test_memory_does_not_grow_with_the_corpus(tmp_path, monkeypatch):
    """Ten times the pairs, the same bytes of Python at the peak; in memory it would be ten times as many.

    Whatever is bounded is made so small that the fewer pairs fill it.
    """
    monkeypatch.setattr(streams, "CHUNK", 256)
    monkeypatch.setattr(streams, "_SAMPLE_BYTES", 1 << 14)
    monkeypatch.setattr(streams.sample_corpus, "__defaults__", (1 << 14,))
    monkeypatch.setattr(formats, "_NUM_SPLIT", 100)
    monkeypatch.setattr(tally, "_MOST_HASHES", 1 << 9)
    monkeypatch.setattr(store, "_READ", 1 << 14)
    monkeypatch.setattr(files, "_BLOCK", 1 << 14)
    peaks = []
    for number in (3000, 30_000):
        name = f"{number}.tsv"
        numbered = "".join(lines_of(number))
        # Words that never end would fill the memory that is set aside for words.
        (tmp_path / name).write_text(re.sub("[nN][0-9]+", "x", numbered))
        config = config_of(name, stream="always")
        tracemalloc.start()
        deck = prepared_of(config, tmp_path).train
        deck = StoredDeck(deck.store, pool=2)
        assert deck.count(60, (1, 0)) > number / 20
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.15 * peaks[0]
