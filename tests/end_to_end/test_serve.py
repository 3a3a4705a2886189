"""`dragoman serve` as a process of its own, asked over HTTP."""

import shutil
import signal
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from libretranslatepy import LibreTranslateAPI

from dragoman.config import ModelConfig
from helpers.bundles import write_tiny
from helpers.server import Server

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


def test_a_client_that_is_killed_in_mid_stream_harms_nobody(server):
    """It leaves without a word after the first bytes; others get theirs, and its place is given back."""
    body = b'{"text": "b a c a b c a"}'
    head = (
        f"POST /v1/translate/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    wanted = server.translate(*TEXTS)
    for _ in range(40):  # More than may be streamed at once.
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(head + body)
            client.recv(16)
    assert server.translate(*TEXTS) == wanted
    deadline = time.monotonic() + 10
    while True:
        answer = server.client.post("/v1/translate/stream", json={"text": "a b"})
        if answer.status_code == 200 or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert "event: done" in answer.text


def test_slow_readers_and_writers_keep_nobody_waiting(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for client in slow[:10]:  # They never finish what they begin to send.
        client.sendall(b"POST /v1/translate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    body = b'{"text": "b a c a b c a"}'
    for client in slow[10:]:  # They never read.
        client.sendall(
            b"POST /v1/translate/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
    began = time.monotonic()
    for _ in range(10):
        server.translate(*TEXTS)
    assert time.monotonic() - began < 5
    for client in slow:
        client.close()


def test_models_are_changed_by_a_signal_and_back(tmp_path):
    """SIGHUP: a new model is checked and put to use, a damaged one is not; SIGUSR1 goes back."""
    folder, other = tmp_path / "tiny", tmp_path / "other"
    write_tiny(folder)
    write_tiny(other, ModelConfig(embedding_size=6, hidden_size=8, cell="gru", dropout=0.0))
    running = Server(folder)

    def model_id() -> str:
        return running.client.get("/v1/models").json()["models"][0]["id"]

    def after(signum: int, event: bytes) -> str:
        count = running.log().count(event)
        running.process.send_signal(signum)
        for _ in range(200):
            if running.log().count(event) > count:
                return model_id()
            time.sleep(0.05)
        raise TimeoutError(event)

    try:
        first = model_id()
        answered = running.client.post("/v1/translate", json={"texts": ["a"]}).json()
        assert answered["model_id"] == first
        shutil.copytree(other, folder, dirs_exist_ok=True)
        second = after(signal.SIGHUP, b'"reloaded"')
        assert second != first
        (folder / "weights.bin").write_bytes(b"damaged")
        assert after(signal.SIGHUP, b'"not reloaded"') == second
        assert after(signal.SIGUSR1, b'"rolled back"') == first
        assert running.translate("a") == [answered["translations"][0]["text"]]
    finally:
        status, said = running.stop()
    assert status == 0
    assert b"checksum differs" in said


def test_what_was_accepted_is_finished(tmp_path):
    """Told to stop while requests are under way, it answers them and leaves with 0."""
    running = Server(write_tiny(tmp_path / "tiny"))
    wanted = running.translate("b a c " * 20)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(running.translate, *["b a c " * 20] * 60) for _ in range(8)]
        time.sleep(0.05)
        running.process.send_signal(signal.SIGTERM)
        answers = [one.exception() or one.result() for one in asked]
    assert running.stop()[0] == 0
    done = [one for one in answers if isinstance(one, list)]
    assert done
    assert all(one == wanted * 60 for one in done)
    # Whoever had not been accepted yet could not connect; nobody got half an answer.
    lost = [one for one in answers if not isinstance(one, list)]
    assert all(
        isinstance(one, httpx.ConnectError | httpx.ReadError | httpx.RemoteProtocolError)
        for one in lost
    )
