"""What `dragoman export --web` writes, in Debian's Chromium: the same words as the command line.

onnxruntime-web is taken from the folder that ONNXRUNTIME_WEB names, or else fetched with npm.
"""

import functools
import os
import random
import shutil
import subprocess
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dragoman import load
from dragoman.cli.main import main
from dragoman.data.phrasebook import pairs
from dragoman.translator import TranslateOptions

BUNDLE, PLAIN = "phrasebook-en-fr", "phrasebook-en-fr-plain"
RUNTIME = "onnxruntime-web@1.22.0"
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt install chromium")


class Quiet(SimpleHTTPRequestHandler):
    """A plain web server, which says nothing."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    if named := os.environ.get("ONNXRUNTIME_WEB"):
        return Path(named)
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("npm")
    if npm is None:
        pytest.skip("no npm here to fetch onnxruntime-web, and ONNXRUNTIME_WEB names no folder")
    got = subprocess.run(
        [npm, "pack", RUNTIME], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    if got.returncode:
        pytest.skip(f"npm cannot fetch {RUNTIME} here: {got.stderr.strip()[-200:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


@pytest.fixture(scope="module")
def site(runtime, tmp_path_factory):
    """Serve both bundles that come with the package."""
    out = tmp_path_factory.mktemp("site")
    for name in (BUNDLE, PLAIN):
        words = ["export", name, "--to", str(out / name), "--web", "--web-runtime", str(runtime)]
        assert main(words) == 0
    handler = functools.partial(Quiet, directory=str(out))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def url(site):
    return f"{site}/{BUNDLE}/web/"


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        # In a container Chromium's own sandbox cannot be set up.
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(site, url, browser):
    """Open the page; whatever the console says is a failure, and so is a request to elsewhere."""
    said, opened = [], browser.new_page(locale="en-GB", viewport={"width": 900, "height": 640})
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda asked: asked.url.startswith(site) or said.append(asked.url))
    opened.goto(url)
    opened.wait_for_selector("#go:enabled", timeout=60_000)
    yield opened
    opened.close()
    assert not said


@pytest.fixture(scope="module")
def sentences():
    sources = list(dict.fromkeys(src for src, _ in pairs("en", "fr", "test")))
    return sources[:: len(sources) // 100][:100]


def translate(page, sentences, beam_size):
    return page.evaluate(
        """async ([texts, size]) => {
             const model = await (await import("./page.js")).ready, made = [];
             for (const text of texts) made.push(await model.translate(text, size));
             return made;
           }""",
        [sentences, beam_size],
    )


@pytest.mark.parametrize("beam_size", [1, 5])
def test_the_same_words_as_the_command_line(page, sentences, beam_size):
    assert len(sentences) == 100
    said = translate(page, sentences, beam_size)
    wanted = load(BUNDLE).translate(sentences, TranslateOptions(beam_size=beam_size))
    assert [one["text"] for one in said] == [one.text for one in wanted]
    assert [one["score"] for one in said] == pytest.approx(
        [one.score for one in wanted], rel=1e-3, abs=1e-4
    )


def test_where_beam_and_greedy_part(page, sentences):
    """On the phrasebook they say the same; on its words in disorder they do not, so here a beam shows."""
    draw = random.Random(1)
    texts = [" ".join(draw.sample(text.split(), len(text.split()))) for text in sentences]
    model = load(BUNDLE)
    wanted = {
        size: [one.text for one in model.translate(texts, TranslateOptions(beam_size=size))]
        for size in (1, 5)
    }
    assert sum(map(str.__ne__, wanted[1], wanted[5])) >= 10
    for size, words in wanted.items():
        assert [one["text"] for one in translate(page, texts, size)] == words


def test_a_model_without_attention(site, page, sentences):
    page.goto(f"{site}/{PLAIN}/web/")
    said = translate(page, sentences[:20], 5)
    assert [one["text"] for one in said] == [
        one.text for one in load(PLAIN).translate(sentences[:20])
    ]


def test_a_sentence_by_enter(page):
    page.fill("#source", "The tired students are reading a book.")
    page.press("#source", "Enter")
    page.locator("#status", has_text=" ms").wait_for()
    (wanted,) = load(BUNDLE).translate(["The tired students are reading a book."])
    assert page.text_content("#result") == wanted.text
    assert page.locator("#tokens bdi").all_text_contents() == list(wanted.tokens)
    if shot := os.environ.get("SCREENSHOT"):
        page.screenshot(path=shot)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_axe_violations(page, scheme):
    from axe_playwright_python.base import AXE_FILE_PATH

    page.emulate_media(color_scheme=scheme)
    page.fill("#source", "I am a student")
    page.press("#source", "Enter")
    page.locator("#status", has_text=" ms").wait_for()
    page.evaluate(AXE_FILE_PATH.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert [(one["id"], one["help"]) for one in found["violations"]] == []


def test_nothing_to_say(page):
    page.fill("#source", "  \n")
    page.press("#source", "Enter")
    page.locator("#status", has_text=" ms").wait_for()
    assert page.text_content("#result") == ""


def test_without_the_runtime_the_page_says_so(url, browser):
    opened = browser.new_page(locale="en-GB")
    opened.route("**/ort/*", lambda route: route.abort())
    opened.goto(url)
    opened.locator("#status", has_text="--web-runtime").wait_for()
    assert opened.is_disabled("#go")
    opened.close()
