"""What Prometheus reads at /metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Counters of one server; no other's are mixed in."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self.requests = Counter(
            "dragoman_requests_total", "Requests.", ("route", "status"), registry=registry
        )
        self.latency = Histogram(
            "dragoman_request_seconds",
            "From a request's first byte to its answer's last.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "dragoman_requests_in_flight", "Requests being worked on.", registry=registry
        )
        self.waiting = Gauge("dragoman_queue_sentences", "Sentences waiting.", registry=registry)
        self.queued = Histogram(
            "dragoman_queue_seconds",
            "How long sentences waited.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_sizes = Histogram(
            "dragoman_batch_sentences",
            "Sentences translated together.",
            buckets=_SIZES,
            registry=registry,
        )
        self.tokens = Counter("dragoman_tokens_total", "Tokens written.", registry=registry)

    def text(self) -> bytes:
        """Write them all, in Prometheus' text format."""
        return generate_latest(self._registry)
