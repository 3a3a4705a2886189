"""The server's answers, good and bad, over a tiny model that is never trained."""

import asyncio
import json
import threading

import httpx
import pytest

from dragoman.errors import ConfigError, ModelError
from dragoman.loading import load
from dragoman.server.app import create_app
from dragoman.server.batcher import Job
from dragoman.server.options import ApiKey, ServeOptions, read_keys
from dragoman.server.registry import Check, Registry, Spec
from dragoman.server.service import Service
from helpers.bundles import write_tiny

TEXTS = ["abc", "d", "hello world", "ponmlkjihg", "a b c d e f"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("serve") / "tiny")


def registry(folder, checks=()):
    return Registry([Spec("tiny", folder, ("en", "fr"))], load, checks, ["abc", "d"])


class Running:
    """A server in this process, and a client of it."""

    def __init__(self, folder, **options):
        self.service = Service.build(registry(folder), ServeOptions(**options))
        transport = httpx.ASGITransport(create_app(self.service), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def __aenter__(self):
        self.service.batcher.start()
        return self

    async def __aexit__(self, *_):
        await self.client.aclose()
        await self.service.batcher.close()

    async def translate(self, *texts, **more):
        return await self.client.post("/v1/translate", json={"texts": [*texts], **more})


def run(folder, talk, **options):
    """Have a talk with a server."""

    async def whole():
        async with Running(folder, **options) as running:
            return await talk(running)

    return asyncio.run(whole())


def test_a_batch_gives_what_each_sentence_gives_alone(folder):
    async def talk(server):
        alone = [(await server.translate(text)).json() for text in TEXTS]
        together = await asyncio.gather(*[server.translate(text) for text in TEXTS * 8])
        whole = (await server.translate(*TEXTS)).json()
        return alone, [one.json() for one in together], whole, server.service.metrics.text()

    alone, together, whole, metrics = run(folder, talk)
    assert together == alone * 8
    assert whole["translations"] == [one["translations"][0] for one in alone]
    counts = [line for line in metrics.decode().splitlines() if "batch_sentences_count" in line]
    assert float(counts[0].split()[1]) < 20  # 50 sentences, in far fewer batches


def test_a_full_line_is_a_429_that_says_when_to_come_back(folder):
    async def talk(server):
        served, go = server.service.registry.served[0], threading.Event()
        held = asyncio.create_task(server.service.batcher.call(go.wait))
        await asyncio.sleep(0.05)
        first = asyncio.create_task(server.translate("a", "b", "c"))
        await asyncio.sleep(0.05)
        # One batch has been taken and waits for the model; three more sentences fill the line.
        second = asyncio.create_task(server.service.batcher.translate(["a", "b", "c"], Job(served)))
        await asyncio.sleep(0.05)
        refused = await server.translate("d")
        go.set()
        return refused, await first, await second, await held

    refused, first, second, _ = run(folder, talk, max_queue=3)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert first.status_code == 200
    assert len(second) == 3


def test_too_many_at_once_is_a_429(folder):
    async def talk(server):
        go = threading.Event()
        held = asyncio.create_task(server.service.batcher.call(go.wait))
        first = asyncio.create_task(server.translate("a"))
        await asyncio.sleep(0.05)
        refused = await server.translate("b")
        alive = await server.client.get("/healthz")
        go.set()
        await held
        return refused, alive, await first

    refused, alive, first = run(folder, talk, max_concurrency=1)
    assert (refused.status_code, alive.status_code, first.status_code) == (429, 200, 200)
    assert "retry-after" in refused.headers


def test_what_is_late_is_given_up_with_a_503(folder):
    async def talk(server):
        go = threading.Event()
        held = asyncio.create_task(asyncio.to_thread(server.service.batcher._hand.submit, go.wait))
        await held
        late = asyncio.create_task(server.client.post("/v1/trace", json={"text": "abc"}))
        answer = await late
        go.set()
        return answer, await server.translate("a")

    answer, after = run(folder, talk, timeout_s=0.2)
    assert answer.status_code == 503
    assert "0.2 s" in answer.json()["error"]
    assert after.status_code == 200


def test_too_much_is_a_413(folder):
    async def talk(server):
        return (
            await server.translate("a" * 60, "b" * 60),
            await server.client.post("/v1/translate", content=b" " * 5000),
        )

    for answer in run(folder, talk, max_chars=100, max_body=4000):
        assert answer.status_code == 413
        assert answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"texts":', 400),
        (b'{"texts": ["\xff\xfe"]}', 400),
        (b"", 422),
        (b"null", 422),
        (b"[" * 50_000, 400),
        (b'{"texts": "abc"}', 422),
        (b'{"texts": [1]}', 422),
        (b'{"texts": []}', 422),
        (b'{"texts": ["\\ud800"]}', 422),
        (b'{"texts": ["a"], "beam_size": 1e400}', 422),
        (b'{"texts": ["a"], "beam_size": 99999999999999999999999}', 422),
        (b'{"texts": ["a"], "surprise": 1}', 422),
        (b'{"texts": ["a"], "model": "none"}', 404),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(folder, body, status):
    async def talk(server):
        headers = {"Content-Type": "application/json"}
        return await server.client.post("/v1/translate", content=body, headers=headers)

    answer = run(folder, talk)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert "Traceback" not in answer.text


def test_what_may_be_left_out_may_be_null(folder):
    async def talk(server):
        return await server.translate("a", model=None, beam_size=None)

    assert run(folder, talk).status_code == 200


def test_a_stream_ends_with_what_greedy_search_gives(folder):
    async def talk(server):
        greedy = await server.translate("abc", beam_size=1)
        streamed = await server.client.post("/v1/translate/stream", json={"text": "abc"})
        return greedy.json(), streamed, server.service.streams.open

    greedy, streamed, still_open = run(folder, talk)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    events = [part.split("\n") for part in streamed.text.strip().split("\n\n")]
    assert [name for name, _ in events][-1] == "event: done"
    done = json.loads(events[-1][1].removeprefix("data: "))
    assert done["text"] == greedy["translations"][0]["text"]
    assert still_open == 0


def test_keys_are_asked_for_and_limited(folder):
    async def talk(server):
        found = []
        for headers in ({}, {"X-API-Key": "no"}, *[{"Authorization": "Bearer yes"}] * 3):
            answer = await server.client.get("/v1/models", headers=headers)
            found.append(answer.status_code)
        libre = {"q": "a", "source": "en", "target": "fr"}
        found.append((await server.client.post("/translate", json=libre)).status_code)
        other = await server.client.post("/translate", json={**libre, "api_key": "other"})
        return [*found, other.status_code, (await server.client.get("/healthz")).status_code]

    keys = [ApiKey("yes", 2), ApiKey("other")]
    assert run(folder, talk, keys=keys) == [401, 401, 200, 200, 429, 401, 200, 200]


def test_a_file_of_keys(tmp_path):
    file = tmp_path / "keys"
    file.write_text("secret 60  # the shop\n\nother\n")
    assert read_keys(file) == [ApiKey("secret", 60), ApiKey("other", 0)]
    file.write_text("secret much\n")
    with pytest.raises(ConfigError, match=r":1: ") as caught:
        read_keys(file)
    assert "secret" not in str(caught.value)


def test_every_answer_has_a_strict_policy_and_no_cors(folder):
    async def talk(server):
        origin = {"Origin": "https://elsewhere.example"}
        return [await server.client.get(path, headers=origin) for path in ("/", "/v1/models", "/x")]

    for answer in run(folder, talk):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "access-control-allow-origin" not in answer.headers


def test_metrics_count_and_the_log_holds_no_text(folder, caplog):
    async def talk(server):
        await server.translate("hello world")
        return (await server.client.get("/metrics")).text

    with caplog.at_level("INFO", "dragoman.server"):
        metrics = run(folder, talk)
    assert 'dragoman_requests_total{route="/v1/translate",status="200"} 1.0' in metrics
    for name in ("request_seconds_bucket", "queue_seconds_bucket", "batch_sentences_bucket"):
        assert f"dragoman_{name}" in metrics
    assert '"chars": 11' in caplog.text
    assert "hello" not in caplog.text


def test_without_the_lab_its_routes_are_gone(folder):
    async def talk(server):
        return (await server.client.post("/lab/steps", json={"text": "a"})).status_code

    assert run(folder, talk, lab=False) == 404
    assert run(folder, talk) == 200


def test_models_are_changed_all_at_once_and_back(folder, tmp_path):
    import shutil

    from dragoman.contracts.tiny import build
    from helpers.bundles import SMALL

    mine = shutil.copytree(folder, tmp_path / "mine")
    served = registry(mine)
    first = served.find()
    assert not served.roll_back()
    write_tiny(mine, network=build(SMALL.model_copy(update={"cell": "gru"})))
    served.reload()
    second = served.find()
    assert second.id != first.id
    assert served.roll_back()
    assert served.find() is first
    (mine / "weights.bin").write_bytes(b"")
    with pytest.raises(ModelError):
        served.reload()
    assert served.find() is first


def test_a_model_that_fails_its_check_is_not_used(folder):
    with pytest.raises(ModelError, match="not put to use"):
        registry(folder, [Check("abc", "never this")])
