"""The server keeps to its own OpenAPI document, whatever it is sent."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from helpers.bundles import write_tiny
from helpers.serving import Server

# What may answer a request that is not as described: 413 too, where it is too large as well.
_CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429]
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(write_tiny(tmp_path_factory.mktemp("schema") / "tiny"))
    yield server
    status, said = server.stop()
    assert status == 0
    assert b"Traceback" not in said
    assert b'"fault"' not in said


def test_schemathesis_finds_nothing(running, tmp_path):
    (tmp_path / "schemathesis.toml").write_text(_CONFIG)
    program = Path(sys.executable).parent / "schemathesis"
    words = [program, "run", f"{running.url}/openapi.json", "--checks", "all", "--no-color"]
    done = subprocess.run(
        [*words, "--max-examples", "30", "--seed", "3"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    shown = "\n".join(line[:300] for line in done.stdout.splitlines() if "curl" not in line)
    assert done.returncode == 0, shown
    assert "Tested: 12" in done.stdout


def test_every_route_of_the_api_is_described(running):
    document = httpx.get(f"{running.url}/openapi.json").json()
    assert {"/v1/translate", "/v1/translate/stream", "/v1/trace", "/v1/score", "/v1/models"} <= set(
        document["paths"]
    )
    assert {"/translate", "/languages", "/healthz", "/readyz", "/metrics"} <= set(document["paths"])
    for path in ("/v1/translate", "/v1/score", "/v1/trace", "/v1/translate/stream"):
        (kind,) = document["paths"][path]["post"]["requestBody"]["content"].values()
        name = kind["schema"]["$ref"].rpartition("/")[2]
        assert document["components"]["schemas"][name]["examples"]
