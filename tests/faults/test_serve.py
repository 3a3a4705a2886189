"""What clients, operators and broken models do to a server, and that others do not notice."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dragoman.contracts.tiny import build
from helpers.bundles import SMALL, write_tiny
from helpers.serving import Server

pytestmark = pytest.mark.fault(
    "clients that vanish, stall, send too much or nonsense; models replaced under load",
    "a 4xx with a sentence, or a right answer; nobody else notices, and no request is lost",
)

LONG = "abc def " * 1250  # 10,000 characters


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(write_tiny(tmp_path_factory.mktemp("faults") / "tiny"))
    yield running
    status, said = running.stop()
    assert status == 0
    assert b"Traceback" not in said
    assert b'"event": "fault"' not in said


def post(path: str, body: bytes) -> bytes:
    """Write a request as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def is_quiet(server: Server, seconds: float = 15) -> bool:
    """Wait until nothing is being worked on; /metrics itself counts as one."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.gauge("dragoman_requests_in_flight") == 1:
            return True
        time.sleep(0.05)
    return False


def test_a_client_killed_in_mid_stream(server):
    code = (
        "import socket, sys, time\n"
        "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "s.sendall(sys.stdin.buffer.read())\n"
        "s.recv(200); print('reading', flush=True); time.sleep(60)\n"
    )
    asked = post("/v1/translate/stream", json.dumps({"text": LONG}).encode())
    # More of them than there are places for streams: each must give its own back.
    for _ in range(3):
        clients = []
        for _ in range(6):
            client = subprocess.Popen(
                [sys.executable, "-c", code, str(server.port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            client.stdin.write(asked)
            client.stdin.close()
            clients.append(client)
        for client in clients:
            assert client.stdout.readline() == b"reading\n"
            client.kill()
            client.wait()
            client.stdout.close()
        assert is_quiet(server)
    done = server.client.post("/v1/translate/stream", json={"text": "a"})
    assert "event: done" in done.text


def test_clients_that_go_before_their_answer(server):
    asked = post("/v1/translate", json.dumps({"texts": [LONG]}).encode())
    for part in (asked[:20], asked[:-100], asked):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(part)
    assert server.translate("a")
    assert is_quiet(server)


def test_a_slow_reader_holds_up_nobody(server):
    asked = post("/v1/translate/stream", json.dumps({"text": LONG}).encode())
    slow = []
    for _ in range(4):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.connect(("127.0.0.1", server.port))
        client.sendall(asked)
        slow.append(client)
    began = time.monotonic()
    for _ in range(5):
        assert server.translate("b a")
    assert time.monotonic() - began < 10
    for client in slow:
        client.close()
    assert is_quiet(server)


@pytest.mark.parametrize(
    "content",
    [
        b"{bad",
        b"[]",
        b"\x00",
        b'{"texts": 3}',
        b'{"texts": [["a"]]}',
        b'{"texts": ["\xff"]}',
        b'{"texts": ["\\ud800"]}',
        b'{"texts": ["a"], "beam_size": 1e400}',
        b'{"texts": ["a"], "beam_size": ' + b"9" * 30 + b"}",
        b'{"texts": ["a"], "beam_size": ' + b"9" * 5000 + b"}",
        b'{"texts": ["a"], "alternatives": NaN}',
        b'{"texts": ["a"], "details": "perhaps"}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("path", ["/v1/translate", "/translate", "/v1/trace", "/v1/score"])
def test_bad_requests_get_a_sentence(server, path, content):
    headers = {"content-type": "application/json"}
    answer = server.client.post(path, content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


@pytest.mark.parametrize("share", ["1e400", "-1e400", "1e39", "NaN", "1" + "0" * 30])
def test_a_share_out_of_range(server, share):
    content = json.dumps({"text": "a", "changes": {"blend": {"text": "b", "share": 0}}})
    content = content.replace("0}}", share + "}}")
    headers = {"content-type": "application/json"}
    answer = server.client.post("/v1/trace", content=content, headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/9.9", b"\x16\x03\x01 hello", b"GET " + b"a" * 70_000]
)
def test_what_is_no_http(server, line):
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as client:
        client.sendall(line + b"\r\n\r\n")
        assert client.recv(100)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 505", b"")
    assert server.translate("a")


def test_ten_thousand_characters_stall_nobody(server):
    short = "b a"
    alone = server.translate(short)
    with ThreadPoolExecutor(4) as pool:
        long = [pool.submit(server.translate, LONG) for _ in range(3)]
        taken = []
        while not all(one.done() for one in long):
            began = time.monotonic()
            assert server.translate(short) == alone
            taken.append(time.monotonic() - began)
        whole = time.monotonic()
        assert long[0].result() == long[1].result() == long[2].result()
    assert taken
    assert max(taken) < 2, whole


def test_sigterm_finishes_what_was_accepted(tmp_path):
    running = Server(write_tiny(tmp_path / "tiny"))
    texts = ["abc def " * 6, "b a " * 12]
    wanted = running.translate(*texts)
    pool = ThreadPoolExecutor(8)
    asked = [pool.submit(running.translate, *texts * 50) for _ in range(8)]
    while running.gauge("dragoman_requests_in_flight") < 9:
        assert not any(one.done() for one in asked)
    running.process.send_signal(signal.SIGTERM)
    assert [one.result() for one in asked] == [wanted * 50] * 8
    pool.shutdown()
    assert running.stop()[0] == 0


def test_models_change_while_requests_come(tmp_path):
    """SIGHUP switches, a broken model is refused, SIGUSR1 switches back; no answer is lost or mixed."""
    mine = write_tiny(tmp_path / "tiny")
    other = write_tiny(tmp_path / "other", network=build(SMALL.model_copy(update={"cell": "gru"})))
    checks = tmp_path / "checks.tsv"
    checks.write_text("a\nb a\n")
    running = Server(mine, "--checks", str(checks))
    first, seen, stopping = running.model_id, {}, threading.Event()

    def keep_asking():
        while not stopping.is_set():
            answer = running.client.post("/v1/translate", json={"texts": ["abc def"]})
            assert answer.status_code == 200
            said = answer.json()
            seen.setdefault(said["model_id"], set()).add(said["translations"][0]["text"])

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(keep_asking) for _ in range(4)]
        shutil.copytree(other, mine, dirs_exist_ok=True)
        os.kill(running.process.pid, signal.SIGHUP)
        running.wait_for("reloaded")
        second = running.model_id
        for name in ("weights.bin", "encoder.onnx"):
            (mine / name).write_bytes(b"broken")
        os.kill(running.process.pid, signal.SIGHUP)
        running.wait_for("not reloaded")
        assert running.model_id == second
        assert running.client.post("/v1/trace", json={"text": "abc"}).status_code == 200
        os.kill(running.process.pid, signal.SIGUSR1)
        running.wait_for("rolled back")
        assert running.model_id == first
        time.sleep(0.2)
        stopping.set()
        for one in asking:
            one.result()
    assert set(seen) == {first, second}
    assert [len(texts) for texts in seen.values()] == [1, 1]
    assert running.stop()[0] == 0
