"""What docs/serve.md and deploy/ say can be done."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from dragoman.cli.main import build
from dragoman.loading import load
from dragoman.server.app import create_app
from dragoman.server.options import ServeOptions
from dragoman.server.registry import Registry, Spec
from dragoman.server.service import Service

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/serve.md", ROOT / "docs/serve.ko.md"]


def commands(page: Path) -> list[str]:
    """List the lines of a page's code, remarks left out."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), flags=re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [re.sub(r"\s+#.*", "", line).strip() for line in lines]


def test_both_languages_give_the_same_commands():
    assert commands(PAGES[0]) == commands(PAGES[1])
    routes = [re.findall(r"`((?:GET|POST) /\S+)`", page.read_text()) for page in PAGES]
    assert routes[0] == routes[1]


def test_the_examples_are_answered():
    registry = Registry([Spec.parse("phrasebook-en-fr")], load)
    asked = [line for line in commands(PAGES[0]) if line.startswith("curl") and "{" in line]
    with TestClient(create_app(Service.build(registry, ServeOptions()))) as client:
        for line in asked:
            path, body = re.search(r"localhost:8000(\S+) .*-d '(.*)'", line).groups()
            headers = {"Content-Type": "application/json"}
            answer = client.post(path, content=body, headers=headers)
            assert answer.status_code == 200, (line, answer.text)
        form = {"q": "I am a student.", "source": "en", "target": "fr"}
        assert client.post("/translate", data=form).json()["translatedText"]
        assert {route for route, _ in routes(client)} >= {"/v1/translate", "/detect", "/metrics"}
    assert len(asked) == 3


def routes(client):
    paths = client.get("/openapi.json").json()["paths"]
    return [(path, method) for path, item in paths.items() for method in item]


@pytest.mark.parametrize("name", ["Dockerfile", "dragoman.service", "README.md"])
def test_options_of_deploy_exist(name):
    text = (ROOT / "deploy" / name).read_text()
    known = CliRunner().invoke(build(), ["serve", "--help"], env={"COLUMNS": "200"}).output
    if name == "Dockerfile":
        text = next(line for line in text.splitlines() if line.startswith("ENTRYPOINT"))
    elif name == "README.md":
        text = next(line for line in text.splitlines() if "/models/my" in line).partition(
            "/models/my"
        )[2]
    else:
        text = re.search(r"ExecStart=(.*?)\n#", text, flags=re.DOTALL)[1]
    found = set(re.findall(r"--[a-z][a-z-]+", text))
    assert found
    assert all(option in known for option in found)
