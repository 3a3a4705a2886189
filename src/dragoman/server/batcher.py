"""Batching across requests: sentences of many requests are translated together.

Requests wait in line; every batch takes a few sentences of each in turn until it is full, so that a long request does
not keep a short one waiting. What a sentence becomes does not depend on its company. A request keeps the model that
it was accepted with, also when that is replaced meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from dragoman.errors import InputError
from dragoman.server.metrics import Metrics
from dragoman.server.options import ServeOptions
from dragoman.server.refusals import BusyError, LateError, TooMuchError
from dragoman.server.registry import Served
from dragoman.translator import TranslateOptions, Translation

T = TypeVar("T")

_NUM_OTHERS = 2
# Sentences of a request in one go: few, so that others get their turn, but a short text need not stand in line again.
_TURN = 4


@dataclass(frozen=True)
class Job:
    """How sentences are to be translated; those of equal jobs go into one batch.

    Attributes:
        served: By what.
        beam_size: Hypotheses kept; None for as the model says.
        nbest: Outputs a sentence.
        attention: Whether to say where the model looked, and how sure it is.
        min_confidence: Write nothing where the model is less sure.
    """

    served: Served
    beam_size: int | None = None
    nbest: int = 1
    attention: bool = False
    min_confidence: float | None = None

    @property
    def options(self) -> TranslateOptions:
        """The same as the translator takes it."""
        return TranslateOptions(
            beam_size=self.beam_size,
            nbest=self.nbest,
            attention=self.attention,
            confidence=self.attention,
            min_confidence=self.min_confidence,
        )


@dataclass(eq=False)
class _Request:
    """What is left of a request, and what is done."""

    job: Job
    texts: Sequence[str]
    deadline: float
    accepted: float
    done: asyncio.Future[list[Translation]]
    found: list[Translation | None] = field(default_factory=list[Translation | None])
    taken: int = 0
    open: int = 0


class Batcher:
    """Translates for many at once.

    Args:
        options: Limits.
        metrics: Where to count.
    """

    def __init__(self, options: ServeOptions, metrics: Metrics) -> None:
        self._options, self._metrics = options, metrics
        # One hand: two batches side by side would only share the same cores.
        self._hand = ThreadPoolExecutor(1, "model")
        # What else is done with a model has hands of its own: a long trace keeps no batch waiting.
        self._others = ThreadPoolExecutor(_NUM_OTHERS, "other")
        self._line: deque[_Request] = deque()
        self._waiting = 0
        self._pace_s = 0.01  # a sentence's, as last seen
        self._news = asyncio.Event()
        self._closing = False
        self._runner: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work; call it inside the loop."""
        self._runner = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Finish what was accepted, then stop."""
        self._closing = True
        self._news.set()
        if self._runner is not None:
            await self._runner
        for hands in (self._hand, self._others):
            # Not in the loop, which still has to answer those that wait for them.
            await asyncio.to_thread(hands.shutdown)

    async def translate(self, texts: Sequence[str], job: Job) -> list[Translation]:
        """Translate sentences.

        Raises:
            TooMuchError: More than may ever wait.
            BusyError: Too many wait already.
            LateError: It took longer than a request may.
        """
        if not texts:
            return []
        if len(texts) > self._options.max_queue:
            raise TooMuchError(
                f"{len(texts)} sentences; at most {self._options.max_queue} may wait. Send several requests."
            )
        if self._closing or self._waiting + len(texts) > self._options.max_queue:
            raise BusyError(self._retry_after())
        now = time.monotonic()
        done: asyncio.Future[list[Translation]] = asyncio.get_running_loop().create_future()
        request = _Request(job, texts, now + self._options.timeout_s, now, done)
        request.found = [None] * len(texts)
        self._line.append(request)
        self._count(len(texts))
        self._news.set()
        try:
            async with asyncio.timeout_at(
                asyncio.get_running_loop().time() + self._options.timeout_s
            ):
                return await done
        except TimeoutError:
            raise LateError(self._late()) from None

    async def call(self, work: Callable[[], T]) -> T:
        """Do something else with a model.

        Raises:
            LateError: It did not get its turn in time.
        """
        loop = asyncio.get_running_loop()
        turn: Awaitable[T] = loop.run_in_executor(self._others, work)
        try:
            return await asyncio.wait_for(turn, self._options.timeout_s)
        except TimeoutError:
            raise LateError(self._late()) from None

    def _count(self, change: int) -> None:
        self._waiting += change
        self._metrics.waiting.set(self._waiting)

    def _retry_after(self) -> int:
        return max(1, min(60, round(self._waiting * self._pace_s)))

    def _late(self) -> str:
        return f"not done after {self._options.timeout_s:g} s; send less, or try again later."

    async def _run(self) -> None:
        while True:
            if not self._line:
                if self._closing:
                    return
                self._news.clear()
                await self._news.wait()
                # The first one waits a moment for company; afterwards company gathers during each batch.
                await asyncio.sleep(self._options.gather_s)
                continue
            self._drop_late()
            batch = self._take()
            if batch:
                await self._work(batch)

    def _drop_late(self) -> None:
        """Give up requests that are past their time, or whose client has gone."""
        now = time.monotonic()
        for request in [one for one in self._line if one.deadline < now or one.done.done()]:
            self._line.remove(request)
            self._count(request.taken - len(request.texts))
            if not request.done.done():
                request.done.set_exception(LateError(self._late()))

    def _take(self) -> list[tuple[_Request, int]]:
        """Take a few sentences of each waiting request in turn, until a batch is full."""
        if not self._line:
            return []
        job, options = self._line[0].job, self._options
        turns = deque(request for request in self._line if request.job == job)
        batch: list[tuple[_Request, int]] = []
        room = options.max_batch_chars
        full = False
        while turns and not full:
            request = turns.popleft()
            for number in range(request.taken, len(request.texts))[:_TURN]:
                room -= len(request.texts[number])
                full = len(batch) == options.max_batch or (bool(batch) and room < 0)
                if full:
                    break
                batch.append((request, number))
                request.taken += 1
                request.open += 1
            if request.taken < len(request.texts):
                turns.append(request)
        self._move_on({request for request, _ in batch})
        self._count(-len(batch))
        return batch

    def _move_on(self, served: set[_Request]) -> None:
        """Let go of requests that were taken whole; the others' rest goes to the end of the line."""
        rest = [one for one in self._line if one in served and one.taken < len(one.texts)]
        self._line = deque([one for one in self._line if one not in served] + rest)

    async def _work(self, batch: list[tuple[_Request, int]]) -> None:
        job = batch[0][0].job
        texts = [request.texts[number] for request, number in batch]
        began = time.monotonic()
        for request, _ in batch:
            self._metrics.queued.observe(began - request.accepted)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._hand, _translate, job, texts)
        except Exception as error:
            for request, _ in batch:
                if not request.done.done():
                    request.done.set_exception(error)
            return
        self._pace_s = (time.monotonic() - began) / len(batch)
        self._metrics.batch_sizes.observe(len(batch))
        for (request, number), made in zip(batch, found, strict=True):
            self._finish(request, number, made)

    def _finish(self, request: _Request, number: int, made: Translation | Exception) -> None:
        if request.done.done():
            return
        if isinstance(made, Exception):
            request.done.set_exception(made)
            return
        self._metrics.tokens.inc(len(made.tokens))
        request.found[number] = made
        request.open -= 1
        if request.taken == len(request.texts) and not request.open:
            request.done.set_result([one for one in request.found if one is not None])


def _translate(job: Job, texts: list[str]) -> list[Translation | Exception]:
    """Translate; where a sentence is refused, the others are not."""
    try:
        return list(job.served.model.translate(texts, job.options))
    except InputError:
        found: list[Translation | Exception] = []
        for text in texts:
            try:
                found.append(job.served.model.translate(text, job.options))
            except InputError as error:
                found.append(error)
        return found
