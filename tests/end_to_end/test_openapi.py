"""Schemathesis' checks, all of them, over the OpenAPI document of a server in this process."""

from itertools import chain

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.python.asgi import shutdown_lifespans

from dragoman.loading import load
from dragoman.server.app import create_app
from dragoman.server.options import ServeOptions
from dragoman.server.registry import Registry, Spec
from dragoman.server.service import Service
from helpers.bundles import write_tiny

SETTINGS = {
    "seed": 1,
    "generation": {"max-examples": 30, "database": "none"},
    # What a schema cannot say: all of a request's texts together may be too long (413), and an intervention must fit
    # the sentence and the model that it is meant for (422, /v1/trace).
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "401", "404", "413", "429", "503"]
        },
        "negative_data_rejection": {
            "expected-statuses": ["400", "401", "404", "405", "413", "415", "422", "429"]
        },
    },
    "operations": [
        {
            "include-path": "/v1/trace",
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "413", "422"]}
            },
        }
    ],
}


@pytest.fixture
def app(tmp_path):
    registry = Registry([Spec("tiny", write_tiny(tmp_path / "tiny"), ("en", "fr"))], load)
    yield create_app(Service.build(registry, ServeOptions()))
    shutdown_lifespans()


def faults(event):
    """Yield what an event tells of failures, each with how to see it again."""
    if isinstance(event, events.NonFatalError):
        yield str(event.value)
    if not isinstance(event, events.ScenarioFinished):
        return
    for check in chain.from_iterable(event.recorder.checks.values()):
        if check.status == Status.FAILURE:
            told = check.failure_info
            yield f"{event.label}: {told.failure.message}\n{told.code_sample[:500]}"


def test_no_check_fails(app):
    config = SchemathesisConfig.from_dict(SETTINGS)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    seen = list(from_schema(schema).execute())
    found = list(chain.from_iterable(map(faults, seen)))
    assert not found, "\n\n".join(found)
    tried = {event.label for event in seen if isinstance(event, events.ScenarioFinished)}
    operations = {
        f"{m.upper()} {path}" for path, item in app.openapi()["paths"].items() for m in item
    }
    assert tried >= operations
