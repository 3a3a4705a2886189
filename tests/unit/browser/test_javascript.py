"""The page's JavaScript, in node: it cuts texts as the tokenizers do, and searches as the searches do."""

import json
import random
import shutil
import subprocess
from importlib.resources import files

import numpy as np
import pytest

from dragoman.browser.folder import _tokenizer
from dragoman.contracts.test_tokenizers import FAR_TEXTS, TEXTS
from dragoman.search.beam import BeamOptions, beam_search
from dragoman.search.filters import Forbid, MinLength, NoRepeat
from dragoman.search.greedy import Limits, greedy_search
from dragoman.search.stepper import ArrayDistribution
from dragoman.text.normalise import Normaliser
from dragoman.text.tokenizers import Tokenizer, TokenizerOptions
from dragoman.text.vocabulary import EOS, PAD, SOS, UNK
from helpers.tables import TableStep, sources_of

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="no node here to run JavaScript")

KINDS = ("word", "char", "spaced", "tagged", "whole", "bpe")
NORMALISERS = (
    Normaliser(),
    Normaliser(lowercase=True, final_stop="drop"),
    Normaliser(hangul="jamo"),
)
ODD = [
    "e\u0301te\u0301 ?", "ΟΔΟΣ", "İstanbul", "a\u200bb\u00ad", "a\u2003b\x1cc\x85", "👩\u200d👩\u200d👧 🇫🇷🇫🇷",
    "wait...", "no .", "stop。", "l’été d'", "'t is", "a <b> <c d>", "cat'", "theсat", "a\ufeffb", "각힣",
    "_a_", "x\u0300\u0301!",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a module beside the page's own; it prints JSON."""
    folder = tmp_path_factory.mktemp("page")
    page = files("dragoman.browser").joinpath("page")
    (folder / "package.json").write_text('{"type": "module"}')
    for name in ("tokens.js", "search.js"):
        (folder / name).write_bytes(page.joinpath(name).read_bytes())

    def run(program, given):
        (folder / "test.js").write_text(
            'import { readFileSync } from "node:fs";\n'
            'const given = JSON.parse(readFileSync(0, "utf8"));\n' + program
        )
        done = subprocess.run(
            [NODE, "test.js"], cwd=folder, input=json.dumps(given), capture_output=True, encoding="utf-8", check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_cut_as_by_the_tokenizer(run, kind):
    texts = [*TEXTS, *FAR_TEXTS, *ODD]
    for normaliser in NORMALISERS:
        # Too few tokens for all of it: some characters stay unknown.
        options = TokenizerOptions(kind, 90, normaliser=normaliser)
        tokenizer = Tokenizer.train([*TEXTS * 3, *ODD[:3]], options)
        settings = _tokenizer(tokenizer)
        told = run(
            'import { SourceTokenizer, TargetTokenizer, normalise } from "./tokens.js";\n'
            "const src = new SourceTokenizer(given.src), tgt = new TargetTokenizer(given.tgt);\n"
            "console.log(JSON.stringify(given.texts.map((text) => {\n"
            "  const ids = src.encode(text);\n"
            "  return [normalise(text, given.src.normaliser), ids, tgt.decode(ids),\n"
            "    ids.map((id) => tgt.display(id))];\n"
            "})));",
            {
                "src": settings,
                "tgt": {"tokens": settings["tokens"], "num_silent": 4},
                "texts": texts,
            },
        )
        for text, (clean, ids, back, shown) in zip(texts, told, strict=True):
            wanted = tokenizer.encode(text)
            assert clean == normaliser(text)
            assert ids == wanted, repr(text)
            assert back == tokenizer.decode(wanted)
            assert shown == tokenizer.display(wanted)


class Chain:
    """What follows depends on the last two tokens alone: random, and known to both sides."""

    def __init__(self, table):
        self.table = table

    def start(self, src):
        return np.full(len(src), SOS)

    def step(self, last_ids, state):
        distribution = ArrayDistribution(self.table[state, last_ids].copy())
        return TableStep(distribution, None, last_ids)

    def select(self, state, rows):
        return state[rows]


SEARCH = """
import { beamSearch, greedySearch } from "./search.js";
const answers = [];
for (const { table, settings } of given) {
  const stepper = {
    start: () => [2],
    step: async (state, last) => ({
      logProbs: last.map((id, row) => Float32Array.from(table[state[row]][id], (one) => one ?? -Infinity)), state: last,
    }),
    select: (state, rows) => rows.map((row) => state[row]),
  };
  const { ids, score } = await (settings.beam_size === 1 ? greedySearch : beamSearch)(stepper, settings);
  answers.push([ids, score]);
}
console.log(JSON.stringify(answers));
"""


def test_searches_find_what_the_searches_find(run):
    rng, draw, given, wanted = np.random.default_rng(1), random.Random(1), [], []
    for _ in range(200):
        logits = rng.normal(size=(9, 9, 9)) * draw.choice([0.5, 2.0])
        table = (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).astype(np.float32)
        settings = {
            "beam_size": draw.choice([1, 2, 3, 5]),
            "length_penalty": draw.choice([0.0, 0.6, 1.0]),
            "min_length": draw.choice([0, 0, 3]),
            "no_repeat": draw.choice([0, 0, 1, 2]),
            "maxLength": draw.choice([1, 2, 4, 12]),
        }
        given.append({"table": table.tolist(), "settings": settings})
        no_repeat = [NoRepeat(settings["no_repeat"])] if settings["no_repeat"] else []
        filters = [Forbid((PAD, UNK, SOS)), *no_repeat, MinLength(settings["min_length"])]
        limits = Limits([settings["maxLength"]], filters, length_penalty=settings["length_penalty"])
        if settings["beam_size"] == 1:
            (found,) = greedy_search(Chain(table), sources_of(1), limits)
        else:
            options = BeamOptions(settings["beam_size"], settings["length_penalty"])
            ((found, *_),) = beam_search(Chain(table), sources_of(1), limits, options)
        wanted.append(([*found.ids, *([EOS] if found.complete else [])], found.score))
    told = run(SEARCH, given)
    assert [ids for ids, _ in told] == [ids for ids, _ in wanted]
    assert [score for _, score in told] == pytest.approx([s for _, s in wanted], rel=1e-5)
