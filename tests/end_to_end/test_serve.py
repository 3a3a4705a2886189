"""`dragoman serve` as a process of its own, asked over HTTP."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from libretranslatepy import LibreTranslateAPI

from helpers.bundles import write_tiny
from helpers.serving import Server

TEXTS = ["a", "b a", "c b a a b c", "a a", "", "b " * 30, "zzz 😀"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(write_tiny(tmp_path_factory.mktemp("serve") / "tiny"))
    yield running
    status, said = running.stop()
    assert status == 0
    assert b"Traceback" not in said
    assert b"zzz" not in said, "what people translate is not logged"


def test_company_changes_no_answer(server):
    alone = [server.translate(text)[0] for text in TEXTS]
    assert server.translate(*TEXTS) == alone
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda text: server.translate(text)[0], TEXTS * 8))
    assert found == alone * 8


def test_libretranslate_clients_work(server):
    client = LibreTranslateAPI(server.url + "/")
    assert client.translate("b a", "en", "fr") == server.translate("b a")[0]
    assert {one["code"] for one in client.languages()} == {"en", "fr"}


@pytest.mark.parametrize(
    "content",
    [
        b"{bad",
        b"[]",
        b'{"texts": 3}',
        b'{"texts": ["\xff"]}',
        b'{"texts": ["a"], "beam_size": 1e99}',
    ],
)
def test_bad_requests_get_a_sentence(server, content):
    headers = {"content-type": "application/json"}
    answer = server.client.post("/v1/translate", content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]
    assert server.translate("a")


def test_too_much_is_refused(server):
    answer = server.client.post("/v1/translate", json={"texts": ["a " * 5_000_000]})
    assert answer.status_code == 413
    assert server.translate("a")


def test_a_trace_and_a_score(server):
    trace = server.client.post("/v1/trace", json={"text": "b a"}).json()
    assert trace["steps"][0]["input"] == "<sos>"
    pair = {"source": "b a", "target": "a"}
    score = server.client.post("/v1/score", json={"pairs": [pair]})
    assert score.status_code == 200, score.text


def test_the_page_loads_nothing_from_elsewhere(server):
    page = server.client.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


def test_it_says_how_it_is(server):
    assert server.client.get("/healthz").status_code == 200
    assert "dragoman_requests_total" in server.client.get("/metrics").text
    assert "/v1/translate" in server.client.get("/openapi.json").json()["paths"]


def test_keys(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("secret\n")
    keys.chmod(0o600)
    running = Server(write_tiny(tmp_path / "tiny"), "--api-key-file", str(keys))
    try:
        body = {"texts": ["a"]}
        assert running.client.post("/v1/translate", json=body).status_code == 401
        headers = {"authorization": "Bearer secret"}
        assert running.client.post("/v1/translate", json=body, headers=headers).status_code == 200
    finally:
        assert running.stop()[0] == 0
