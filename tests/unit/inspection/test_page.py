import base64
import hashlib
import json
import re
import string
from html.parser import HTMLParser
from pathlib import Path

import pytest

import dragoman
from dragoman.inspection.page import load_messages, render_html
from dragoman.inspection.trace import Trace

PACKAGE = Path(dragoman.__file__).parent
VOID = {"meta", "br", "input", "link", "img", "hr"}
HOSTILE = (
    "</script><img src=https://evil.example/x onerror=alert(1)>",
    "<!--",
    '"><svg onload=alert(1)>',
    "{{trace}}",
    "{{say:empty}}",
    "' onclick='x",
    "{n}",
)


class Page(HTMLParser):
    """Every element of a page, with a check that each is closed where it must be."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], {}, []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {attrs}"
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("id")))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        for _, name in self._open:
            if name:
                self.texts[name] = self.texts.get(name, "") + data


@pytest.fixture(params=[True, False], ids=["attention", "plain"])
def trace(request, make_trace):
    return make_trace(attention=request.param)


def test_html_is_balanced_and_ids_are_unique(trace):
    ids = [attrs["id"] for _, attrs in Page(render_html(trace, "t")).elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_no_marker_is_left(trace):
    assert "{{" not in render_html(trace, "t")


def test_nothing_is_loaded_from_elsewhere(trace):
    html = render_html(trace, "t")
    # The name of SVG's namespace is no address: nothing is fetched by it.
    html = html.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|//\w+\.\w|@import|url\(", html)
    for _, attrs in Page(html).elements:
        assert "src" not in attrs
        assert "style" not in attrs
        assert attrs.get("href", "#").startswith("#")
        assert not [name for name in attrs if name.startswith("on")]


def test_links_inside_the_page_lead_somewhere(trace):
    elements = Page(render_html(trace, "t")).elements
    ids = {attrs.get("id") for _, attrs in elements}
    links = [attrs["href"][1:] for _, attrs in elements if "href" in attrs]
    named = [attrs["aria-labelledby"] for _, attrs in elements if "aria-labelledby" in attrs]
    assert links
    assert {*links, *named} <= ids


def test_policy_allows_only_our_own_style_and_script(trace):
    html = render_html(trace, "t")
    (policy,) = (attrs["content"] for _, attrs in Page(html).elements if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_hostile_text_is_inert(make_trace):
    trace = make_trace(src=HOSTILE, tgt=HOSTILE).model_copy(update={"model": HOSTILE[0]})
    html = render_html(trace, HOSTILE[0])
    calm = make_trace(src=("a",) * len(HOSTILE), tgt=("b",) * len(HOSTILE))
    expected = [tag for tag, _ in Page(render_html(calm, "t")).elements if tag != "path"]
    page = Page(html)
    assert [tag for tag, _ in page.elements if tag != "path"] == expected
    assert Trace.from_json(page.texts["trace"]) == trace
    assert "<img" not in html
    for token in HOSTILE:
        assert token in page.texts["source"]


def test_page_carries_the_trace_and_the_messages(trace):
    page = Page(render_html(trace, "t"))
    assert Trace.from_json(page.texts["trace"]) == trace
    assert json.loads(page.texts["messages"]) == load_messages()


def test_table_is_whole_without_javascript(make_trace):
    trace = make_trace()
    page = Page(render_html(trace, "I am a student"))
    table = page.texts["table"]
    for step in trace.steps:
        assert step.input in table
        assert step.choice in table
    for shown in ("70.0%", "un10.0%", "élève<0.1%", "everything else20.0%", "chosen"):
        assert table.count(shown) == len(trace.steps)
    strips = [attrs["data-vector"] for _, attrs in page.elements if "data-vector" in attrs]
    assert {f"step {index}" for index in range(len(trace.steps))} <= set(strips)
    assert {f"encoder {index}" for index in range(len(trace.src_tokens))} <= set(strips)


def test_attention_is_shown_or_said_to_be_missing(make_trace):
    english = load_messages()["en"]
    looking = Page(render_html(make_trace(), "t")).texts
    blind = Page(render_html(make_trace(attention=False), "t")).texts
    assert english["context_note_attention"] in looking["context"]
    assert english["context_note_plain"] in blind["context"]
    assert english["attention_none"] in blind["table"]
    assert english["attention_none"] not in looking["table"]


def test_choice_outside_the_candidates_is_said(make_trace):
    trace = make_trace()
    odd = trace.steps[0].model_copy(update={"choice": "moi", "choice_id": 99})
    page = Page(render_html(trace.model_copy(update={"steps": (odd,)}), "t"))
    assert load_messages()["en"]["choice_outside"] in page.texts["table"]
    assert "chosen" not in page.texts["table"].replace("chosen from outside", "")


def test_no_message_stands_twice():
    """JSON would silently keep the last one."""

    def once(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), {one for one in names if names.count(one) > 1}
        return dict(pairs)

    path = PACKAGE / "inspection" / "messages.json"
    assert json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)


def test_both_languages_say_the_same_things():
    english, korean = load_messages()["en"], load_messages()["ko"]
    assert set(english) == set(korean)

    def names(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, text in english.items():
        assert names(korean[key]) == names(text), key
        # A message may be a number and its sign alone.
        if re.search("[A-Za-z]", re.sub(r"{.*?}", "", text)):
            assert re.search("[가-힣]", korean[key]), key
        assert not re.search("[가-힣]", text), key


def test_every_message_is_used_and_every_key_exists(make_trace):
    pages = [Page(render_html(make_trace(attention=on), "t")) for on in (True, False)]
    used = {
        attrs[name]
        for page in pages
        for _, attrs in page.elements
        for name in ("data-t", "data-t-label")
        if name in attrs
    }
    messages = set(load_messages()["en"])
    assert used <= messages
    # What scripts, reports and the server's page say, they name; some names end in what a trace says.
    folders = [PACKAGE / "inspection", PACKAGE / "server"]
    sources = [
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".html", ".js", ".py")
    ]
    sources.append((PACKAGE / "comparing.py").read_text(encoding="utf-8"))
    named = set(re.findall(r"[\"'`:.]([a-z]\w+)\b", "\n".join(sources)))
    begun = tuple(re.findall(r"[\"'`]([a-z]+_)\$?\{", "\n".join(sources)))
    left = {key for key in messages - used - named if not key.startswith(begun)}
    assert left == set()


def test_edges_render(make_trace):
    blank = make_trace(src=(" ", "\t"), tgt=("<eos>",), hidden_size=1)
    blank = blank.model_copy(update={"src_text": "", "tgt_text": ""})
    page = Page(render_html(blank, ""))
    assert "␣" in page.texts["source"]
    assert "(empty)" in page.texts["output"]
    zero = make_trace(hidden_size=700)
    silent = zero.model_copy(update={"context": (0.0,) * 700})
    assert "0 0 64 11" in render_html(silent, "t")
