"""One model, many threads; and processes that are forked after it was loaded."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from dragoman.api import export_bundle
from dragoman.loading import load
from dragoman.translator import TranslateOptions
from helpers.cli import SRC

TEXTS = [f"{a} {b} {a}" for a in SRC for b in SRC]


@pytest.fixture(scope="module", params=["folder", "bundle"])
def ready(request, tmp_path_factory):
    folder = request.getfixturevalue("model")
    if request.param == "folder":
        return load(folder)
    out = tmp_path_factory.mktemp("threads") / "bundle"
    export_bundle(folder, out)
    return load(out, threads=2)


@pytest.mark.fault("a hundred threads on one model", "every answer is the one that it gets alone")
def test_a_hundred_threads(ready):
    options = [TranslateOptions(beam_size=beam) for beam in (1, 3)]
    asked = [(text, options[number % 2]) for number, text in enumerate(TEXTS)]
    alone = [ready.translate(text, how).text for text, how in asked]
    assert len(set(alone)) > 1

    def ask(number):
        # Alone, and as one of several.
        text, how = asked[number]
        several = [TEXTS[(number + k) % 100] for k in range(3)]
        one = ready.translate(text, how).text
        return one, ready.translate([text, *several], how)[0].text

    with ThreadPoolExecutor(100) as pool:
        found = [*pool.map(ask, range(100))]
    assert found == [(text, text) for text in alone]


@pytest.mark.fault(
    "a fork after a model was loaded and used", "parent and child give the same answers"
)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork(ready):
    wanted = [made.text for made in ready.translate(TEXTS[:20])]
    there, here = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(here, json.dumps([made.text for made in ready.translate(TEXTS[:20])]).encode())
        finally:
            os._exit(0)
    os.close(here)
    with os.fdopen(there, "rb") as pipe:
        assert json.loads(pipe.read()) == wanted
    assert os.waitpid(child, 0)[1] == 0
    assert [made.text for made in ready.translate(TEXTS[:20])] == wanted
