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
        self.app = create_app(self.service)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def __aenter__(self):
        self.service.batcher.start()
        return self

    async def __aexit__(self, *_):
        await self.client.aclose()
        await self.service.batcher.close()

    def hold(self, *, others=False):
        """Keep the model busy until the returned function is called."""
        go, batcher = threading.Event(), self.service.batcher
        hands = (batcher._others, batcher._others) if others else (batcher._hand,)
        held = threading.Barrier(len(hands) + 1)

        def wait():
            held.wait()
            go.wait()

        for hand in hands:
            hand.submit(wait)
        held.wait(timeout=30)
        return go.set

    async def taken(self):
        """Wait until a batch has been taken from the line, and itself waits for the held model."""
        while not self.service.batcher._hand._work_queue.qsize():
            await asyncio.sleep(0.001)

    async def in_line(self, sentences):
        """Wait until so many sentences stand in the line."""
        while self.service.batcher._waiting != sentences:
            await asyncio.sleep(0.001)

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


def test_a_text_is_empty_where_the_model_is_not_sure_of_a_sentence(folder):
    async def talk(server):
        sure = (await server.translate("abc", details=True)).json()["translations"][0]
        least = (1 + sure["confidence"]) / 2
        empty = await server.translate("abc", "", min_confidence=least)
        kept = await server.translate("abc", min_confidence=sure["confidence"] - 1e-6)
        return sure, empty.json()["translations"], kept.json()["translations"][0]

    sure, (empty, nothing), kept = run(folder, talk)
    (sentence,) = sure["sentences"]
    assert len(sentence["token_confidences"]) == len(sentence["tokens"])
    assert (empty["text"], empty["abstained"]) == ("", True)
    assert empty["confidence"] == pytest.approx(sure["confidence"])
    assert (nothing["abstained"], nothing["confidence"]) == (False, None)
    assert (kept["text"], kept["abstained"]) == (sure["text"], False)


def test_a_full_line_is_a_429_that_says_when_to_come_back(folder):
    async def talk(server):
        served, release = server.service.registry.served[0], server.hold()
        first = asyncio.create_task(server.translate("a", "b", "c"))
        await server.taken()
        # Three more sentences fill the line.
        second = asyncio.create_task(server.service.batcher.translate(["a", "b", "c"], Job(served)))
        await server.in_line(3)
        refused = await server.translate("d")
        release()
        return refused, await first, await second

    refused, first, second = run(folder, talk, max_queue=3)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert first.status_code == 200
    assert len(second) == 3


def test_a_batch_takes_a_few_sentences_of_each_in_turn(folder):
    async def talk(server):
        batcher, job = server.service.batcher, Job(server.service.registry.find())
        release = server.hold()
        asked = [
            asyncio.create_task(batcher.translate(texts, job))
            for texts in (["x"], [*"abcdefghij"], [*"klm"], [*"n"])
        ]
        await server.in_line(15)
        taken = []
        while batch := batcher._take():
            taken.append("".join(request.texts[number] for request, number in batch))
        for task in asked:
            task.cancel()
        release()
        return taken

    # The one who has ten gets four, and goes to the end of the line.
    assert run(folder, talk, max_batch=8, gather_s=0.2) == ["xabcdklm", "nefghij"]


def test_too_many_at_once_is_a_429(folder):
    async def talk(server):
        release = server.hold()
        first = asyncio.create_task(server.translate("a"))
        await server.taken()
        refused = await server.translate("b")
        alive = await server.client.get("/healthz")
        release()
        return refused, alive, await first

    refused, alive, first = run(folder, talk, max_concurrency=1)
    assert (refused.status_code, alive.status_code, first.status_code) == (429, 200, 200)
    assert "retry-after" in refused.headers


@pytest.mark.parametrize("asked", ["/v1/trace", "/v1/translate"])
def test_what_is_late_is_given_up_with_a_503(folder, asked):
    async def talk(server):
        release = server.hold(others=asked == "/v1/trace")
        body = {"text": "abc"} if asked == "/v1/trace" else {"texts": ["abc"]}
        answer = await server.client.post(asked, json=body)
        release()
        return answer, await server.translate("a")

    answer, after = run(folder, talk, timeout_s=0.2)
    assert answer.status_code == 503
    assert "0.2 s" in answer.json()["error"]
    assert "retry-after" in answer.headers
    assert after.status_code == 200


def test_what_may_never_fit_is_a_413_and_not_a_429(folder):
    async def talk(server):
        await server.service.batcher.translate([], Job(server.service.registry.served[0]))
        return await server.translate(*["a"] * 9)

    answer = run(folder, talk, max_queue=8)
    assert answer.status_code == 413
    assert "9 sentences" in answer.json()["error"]


def test_a_long_look_inside_keeps_no_translation_waiting(folder):
    async def talk(server):
        release = server.hold(others=True)
        answer = await asyncio.wait_for(server.translate("a"), 5)
        release()
        return answer, await server.client.post("/v1/trace", json={"text": "a b " * 150})

    answer, long = run(folder, talk)
    assert answer.status_code == 200
    assert long.status_code == 413
    assert "tokens" in long.json()["error"]


def test_a_stream_that_nobody_waits_for_gives_its_place_back(folder):
    """Its client is gone before the first event: the generator of events never starts."""

    async def talk(server):
        body = json.dumps({"text": "abc"}).encode()
        asked = iter([{"type": "http.request", "body": body}])

        async def receive():
            return next(asked, {"type": "http.disconnect"})

        async def send(message):
            raise OSError("gone")

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/v1/translate/stream",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }
        for _ in range(3):
            asked = iter([{"type": "http.request", "body": body}])
            await asyncio.gather(server.app(scope, receive, send), return_exceptions=True)
        return server.service.streams.open

    assert run(folder, talk, max_streams=2) == 0


def test_every_answer_says_which_model_gave_it(folder):
    async def talk(server):
        served = server.service.registry.find()
        pair = {"source": "a", "target": "b"}
        libre = {"q": "a", "source": "en", "target": "fr"}
        answers = [
            await server.client.post(path, json=body)
            for path, body in [
                ("/v1/translate", {"texts": ["a"]}),
                ("/v1/score", {"pairs": [pair]}),
                ("/v1/trace", {"text": "a"}),
                ("/v1/translate/stream", {"text": "a"}),
                ("/translate", libre),
                ("/lab/steps", {"text": "a"}),
            ]
        ]
        return served.id, answers

    wanted, answers = run(folder, talk)
    for answer in answers:
        assert answer.status_code == 200
        in_body = "json" in answer.headers["content-type"] and answer.json().get("model_id")
        assert answer.headers.get("x-model-id", in_body) == wanted


def test_too_much_is_a_413(folder):
    async def talk(server):
        return (
            await server.translate("a" * 60, "b" * 60),
            await server.client.post("/v1/translate", content=b" " * 5000),
        )

    for answer in run(folder, talk, max_chars=100, max_body=4000):
        assert answer.status_code == 413
        assert answer.json()["error"]


def test_a_body_in_pieces_is_as_limited(folder):
    async def pieces():
        for _ in range(20):
            yield b" " * 1000

    async def talk(server):
        return await server.client.post("/v1/translate", content=pieces())

    assert run(folder, talk, max_body=4000).status_code == 413


def test_a_body_that_does_not_come_is_a_408(folder, monkeypatch):
    monkeypatch.setattr("dragoman.server.guard._BODY_S", 0.1)

    async def pieces():
        yield b"{"
        await asyncio.sleep(5)

    async def talk(server):
        headers = {"Content-Type": "application/json"}
        return await server.client.post("/v1/translate", content=pieces(), headers=headers)

    assert run(folder, talk).status_code == 408


def test_an_answer_that_is_not_read_is_given_up(folder, monkeypatch):
    monkeypatch.setattr("dragoman.server.guard._READ_S", 0.1)

    async def talk(server):
        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            await asyncio.sleep(60)

        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
        await asyncio.wait_for(server.app(scope, receive, send), 5)

    run(folder, talk)


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
    # Written over in place: what ONNX Runtime has mapped of it must not be gone.
    (mine / "weights.bin").write_bytes(b"")
    with pytest.raises(ModelError) as caught:
        served.reload()
    assert str(mine) in str(caught.value)
    assert served.find() is first
    assert first.model.translate("abc").tokens
    assert first.model.trace("abc").steps
    (mine / "encoder.onnx").unlink()
    with pytest.raises(ModelError):
        served.reload()
    assert served.find() is first


def test_a_model_is_called_as_the_link_to_it_is(folder, tmp_path):
    (tmp_path / "current").symlink_to(folder)
    assert Spec.parse(f"{tmp_path / 'current'}@en-fr").name == "current"
    assert Spec.parse("phrasebook-en-fr").name == "phrasebook-en-fr"
    assert Registry([Spec.parse("phrasebook-en-fr-plain")], load).find().languages == ("en", "fr")


def test_a_model_that_fails_its_check_is_not_used(folder):
    with pytest.raises(ModelError, match="not put to use"):
        registry(folder, [Check("abc", "never this")])
