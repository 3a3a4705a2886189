"""A trace as one web page that needs nothing but itself: no server, no network.

The page's own policy lets no other script or style run than those that stand in it.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape

from dragoman.inspection.markup import fill, inert, load, load_messages
from dragoman.inspection.steps import render_steps
from dragoman.inspection.trace import Trace


def render_html(trace: Trace, title: str, panels: Sequence[str] = ()) -> str:
    """Make the page of one trace, in English and Korean.

    Args:
        trace: What happened.
        title: The page's heading.
        panels: What to show below it, as `dragoman.inspection.panels` makes it.

    Returns:
        A whole HTML document. The trace lies in it unchanged, as the JSON in ``#trace``.
    """
    style, script = load("trace.css"), load("trace.js")
    parts = {
        "policy": policy(style, script),
        "style": style,
        "script": script,
        "title": escape(title),
        "model": escape(trace.model),
        "steps": render_steps(trace),
        "panels": "".join(panels),
        "messages": inert(json.dumps(load_messages(), ensure_ascii=False)),
    }
    return fill(load("trace.html"), parts)


def policy(style: str, script: str) -> str:
    """Allow this style and this script, and nothing else (Content Security Policy, level 3)."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )


def _digest(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
