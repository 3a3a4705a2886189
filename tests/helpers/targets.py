"""What reads things that strangers wrote: each takes bytes, and may refuse them with a `DragomanError` alone.

`tests/faults/test_fuzz.py` tries a few hundred of each, `tests/faults/fuzz.py` a million. All that is tried is imported
at the top, since the fuzzer does not see what is imported later.
"""

import asyncio
import json
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from dragoman.config import build_config, load_config
from dragoman.data.corpus import ReadOptions, read_corpus
from dragoman.errors import DragomanError
from dragoman.loading import load_bundle
from dragoman.runtime.bundle import read_bundle
from dragoman.runtime.engine import BundleStepper
from dragoman.server.app import create_app
from dragoman.server.options import ServeOptions
from dragoman.server.registry import Registry, Spec
from dragoman.server.service import Service
from dragoman.text.tokenizers import TOKENIZERS, Tokenizer, TokenizerOptions
from dragoman.training.checkpoints import load_tensors, save_tensors

ROWS = "source\ttarget\nI am.\tje suis.\nété\t여름\n"


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        read: What is tried.
        seeds: What it reads gladly, to begin from.
    """

    read: Callable[[bytes], object]
    seeds: Sequence[bytes] = field(repr=False)


@cache
def scratch() -> Path:
    """Give a folder in memory if there is one: each input is a file for a moment."""
    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=shm if shm.is_dir() else None))


def corpus(name: str, options: ReadOptions | None = None) -> Callable[[bytes], object]:
    """Read a file of pairs by this name."""

    def read(content: bytes) -> object:
        path = scratch() / name
        path.write_bytes(content)
        return read_corpus(path, options or ReadOptions())

    return read


def packed(suffix: str) -> bytes:
    """Pack the rows."""
    import bz2
    import gzip
    import lzma

    import zstandard

    pack = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": zstandard.ZstdCompressor().compress,
    }
    return pack[suffix](ROWS.encode() * 3)


def parquet() -> bytes:
    """Write the rows as Parquet."""
    import io

    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"src": ["I am."] * 3, "tgt": ["je suis."] * 3})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


@cache
def pieces(kind: str = "word") -> Tokenizer:
    """Learn a small tokenizer."""
    return Tokenizer.train(["I am a student.", "l'été à 12 h"], TokenizerOptions(kind, 40))


def use_tokenizer(tokenizer: Tokenizer, text: str) -> None:
    """Encode and decode: whatever the text, ids stay within the vocabulary."""
    ids = tokenizer.encode(text)
    assert all(0 <= number < tokenizer.vocab_size for number in ids)
    assert isinstance(tokenizer.decode(ids), str)
    tokenizer.unknown(text)


def read_tokenizer(content: bytes) -> None:
    """Read a tokenizer's file, and use it."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    use_tokenizer(Tokenizer.from_json(text), "I am a student. 여름")


def train_tokenizer(content: bytes) -> None:
    """Learn a tokenizer from lines; the first byte says which."""
    kind = [*TOKENIZERS][content[0] % len(TOKENIZERS)] if content else "bpe"
    lines = content[1:].decode("utf-8", "surrogateescape").split("\n")
    made = Tokenizer.train(lines, TokenizerOptions(kind, 8 + (content[0] if content else 0)))
    use_tokenizer(made, lines[0])


def encode(content: bytes) -> None:
    """Encode any text."""
    kind = [*TOKENIZERS][content[0] % len(TOKENIZERS)] if content else "bpe"
    use_tokenizer(pieces(kind), content[1:].decode("utf-8", "surrogateescape"))


def recipe(content: bytes) -> None:
    """Read a recipe."""
    path = scratch() / "recipe.toml"
    path.write_bytes(content)
    load_config(path)


def override(content: bytes) -> None:
    """Read what stands after --set."""
    build_config({}, [content.decode("utf-8", "surrogateescape")])


@cache
def tiny_bundle() -> dict[str, bytes]:
    """Write a tiny bundle, and give its files."""
    from helpers.bundles import write_tiny

    out = write_tiny(Path(tempfile.mkdtemp()) / "tiny")
    return {path.name: path.read_bytes() for path in out.iterdir()}


def bundle(content: bytes) -> None:
    """Open a bundle whose settings, or of which one file, is this; its checksums fit."""
    import hashlib

    files = dict(tiny_bundle())
    names = ["config.toml", *sorted(files.keys() - {"config.toml"})]
    name = names[content[0] % len(names)] if content else names[0]
    settings = tomllib.loads(files["config.toml"].decode())
    files[name] = content[1:]
    if name != "config.toml":
        import tomli_w

        settings["bundle"]["sha256"][name] = hashlib.sha256(content[1:]).hexdigest()
        files["config.toml"] = tomli_w.dumps(settings).encode()
    folder = scratch() / "bundle"
    folder.mkdir(exist_ok=True)
    for one, values in files.items():
        (folder / one).write_bytes(values)
    opened = BundleStepper(read_bundle(folder))
    if name in ("config.toml", "card.md"):
        state = opened.start(np.array([[4, 5, 3]]))
        opened.step(np.array([2]), state)


def bundle_seeds() -> list[bytes]:
    """Give every file of the tiny bundle, after the byte that chooses it."""
    files = tiny_bundle()
    names = ["config.toml", *sorted(files.keys() - {"config.toml"})]
    return [bytes([number]) + files[name] for number, name in enumerate(names)]


def weights(content: bytes) -> None:
    """Read a safetensors file."""
    path = scratch() / "weights.safetensors"
    path.write_bytes(content)
    try:
        load_tensors(path)
    except ValueError:
        return  # What `load_model` and `load_checkpoint` make a sentence of.


def weights_seed() -> bytes:
    """Write a safetensors file."""
    import torch

    path = scratch() / "seed.safetensors"
    save_tensors(path, {"a": torch.ones(2, 3), "b": torch.zeros(1)}, {"step": 3})
    return path.read_bytes()


@cache
def app() -> tuple[asyncio.AbstractEventLoop, Callable[..., object]]:
    """Start the HTTP API, without a socket."""
    from helpers.bundles import write_tiny

    folder = write_tiny(Path(tempfile.mkdtemp()) / "tiny")
    registry = Registry([Spec("tiny", folder, ("en", "fr"))], load_bundle, (), ["abc", "d"])
    service = Service.build(registry, ServeOptions())
    made = create_app(service)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def start() -> None:
        service.batcher.start()

    loop.run_until_complete(start())
    return loop, made


PATHS = (
    "/v1/translate",
    "/v1/translate/stream",
    "/v1/score",
    "/v1/trace",
    "/translate",
    "/detect",
    "/languages",
)


def ask(content: bytes) -> None:
    """Send a request: the first byte chooses where to, the rest is the body."""
    loop, made = app()
    path = PATHS[content[0] % len(PATHS)] if content else "/"
    statuses: list[int] = []
    sent = iter([{"type": "http.request", "body": content[1:], "more_body": False}])

    async def receive() -> dict[str, object]:
        message = next(sent, None)
        if message is None:
            await asyncio.Event().wait()  # The client stays on the line.
        return message or {}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"x"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    loop.run_until_complete(asyncio.wait_for(made(scope, receive, send), 60))
    assert statuses, "no answer"
    assert statuses[0] < 500, statuses


REQUESTS = [
    {"texts": ["abc", "a b"], "beam_size": 2, "alternatives": 1, "details": True},
    {"text": "abc"},
    {"pairs": [{"source": "a", "target": "b"}]},
    {"text": "abc", "changes": {"words": {"1": "b"}, "blend": {"text": "b", "share": 0.5}}},
    {"q": "abc", "source": "en", "target": "fr", "format": "text", "alternatives": 1},
    {"q": "abc"},
    {},
]


def targets() -> dict[str, Target]:
    """Give them all by name."""
    jsonl = b'{"src": "I am.", "tgt": "je suis."}\n{"translation": {"src": "a", "tgt": "b"}}\n'
    rows = ROWS.encode()
    return {
        "tsv": Target(corpus("a.tsv"), [rows, b"a\tb\r\n" * 3, "하나\tone\n".encode("cp949")]),
        "csv": Target(corpus("a.csv"), [b'src,tgt\n"a, b",c\n"d\ne",f\n', b"a,b\n"]),
        "jsonl": Target(corpus("a.jsonl"), [jsonl]),
        "parquet": Target(corpus("a.parquet"), [parquet()]),
        **{
            f"tsv{suffix}": Target(corpus(f"a.tsv{suffix}"), [packed(suffix)])
            for suffix in (".gz", ".bz2", ".xz", ".zst")
        },
        "utf16": Target(corpus("b.tsv", ReadOptions("utf-16")), [ROWS.encode("utf-16")]),
        "tokenizer file": Target(
            read_tokenizer, [pieces(kind).to_json().encode() for kind in ("word", "bpe", "unigram")]
        ),
        "tokenizer training": Target(train_tokenizer, [bytes([n]) + rows for n in range(7)]),
        "tokenizer use": Target(encode, [bytes([n]) + rows for n in range(7)]),
        "recipe": Target(recipe, [path.read_bytes() for path in sorted(RECIPES.glob("*.toml"))]),
        "override": Target(override, [b"model.cell=gru", b'data.columns=["a", 2]', b"training=1"]),
        "safetensors": Target(weights, [weights_seed()]),
        "bundle": Target(bundle, bundle_seeds()),
        "http": Target(
            ask, [bytes([n]) + json.dumps(one).encode() for n, one in enumerate(REQUESTS)]
        ),
    }


RECIPES = Path(__file__).parents[2] / "recipes"


def unexpected(target: Target, content: bytes) -> BaseException | None:
    """Try an input; give what came out that should not."""
    try:
        target.read(content)
    except DragomanError as error:
        said = str(error)
        return None if said.strip() else AssertionError("an error without a word")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return error
    return None
