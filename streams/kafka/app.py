"""The worker's Faust app: an agent a topic, and the one place where failures are told apart."""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ssl import SSLContext
from typing import Any, TypeVar, cast

import faust
from faust.types import AgentT

from schemas.errors import FatalError, RetryableError
from schemas.metrics import PARTITIONS
from schemas.settings import Settings
from streams.kafka.agents import Agents
from streams.kafka.devices import Devices
from streams.kafka.positions import Positions
from streams.kafka.topics import Topics
from streams.kafka.transport.consumer import Consumer
from streams.kafka.transport.driver import broker_url, register
from streams.kafka.watchdog import TEMPORARY_FAILURE, Watchdog
from streams.memory import Tidying
from streams.monitoring import Meter
from streams.sink import Sink

logger = logging.getLogger(__name__)

STOPPED, CRASHED = 0, 70
"""Exit codes: asked to stop; an operator has to look (sysexits.h, EX_SOFTWARE)."""

STOP_WITHIN = timedelta(seconds=30)
"""A worker that was asked to stop, or crashed, ends after this, come what may."""

_THREADS_WITHIN = timedelta(seconds=1)
"""Once the group was left, a thread that still waits for its store is not waited for."""

_TICK = 0.1
_REPORT_EVERY = 30.0
_CATCH_UP_WITHIN = timedelta(seconds=30)
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_T = TypeVar("_T")


async def insist(attempt: Callable[[], Awaitable[_T]]) -> _T:
    """Try again while time may heal it; everything else goes to the caller, and ends the worker.

    This is the one place that tells our errors apart by branch.
    """
    pause = _SHORTEST_PAUSE
    while True:
        try:
            return await attempt()
        except RetryableError as error:
            logger.warning("%s; trying again in %.1f s", error, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def exit_code(work: Callable[[], int]) -> int:
    """Work, and turn what ends it into an exit code: 75 to be started again, 70 for an operator."""
    try:
        return work()
    except RetryableError as error:
        logger.critical("cannot begin: %s", error)
        return TEMPORARY_FAILURE
    except FatalError as error:
        logger.critical("cannot begin: %s", error)
        return CRASHED


class App(faust.App):
    """Faust's app; what an agent raises ends it, since going on would leave records behind."""

    logger = logging.getLogger("faust.app")

    def _create_directories(self) -> None:
        """Make none: nothing is kept, and a killed worker would leave them behind."""

    async def _on_agent_error(self, agent: AgentT[Any], exc: BaseException) -> None:
        del agent
        await self.crash(exc)


def make_app(settings: Settings, tls: SSLContext | None = None) -> App:
    """A Faust app without topics; each setting that is not Faust's default was a trap once."""
    register()
    session = settings.session_timeout.total_seconds()
    return App(
        settings.group,
        broker=broker_url(settings.bootstrap_servers),
        broker_credentials=faust.SSLCredentials(context=tls) if tls else None,
        broker_session_timeout=session,
        broker_heartbeat_interval=min(1.0, session / 6),
        broker_rebalance_timeout=2 * session,
        broker_request_timeout=max(30.0, session),
        broker_max_poll_interval=1_000_000.0,  # else backpressure ends membership, in silence
        broker_commit_interval=1.0,
        consumer_max_fetch_size=2**22,  # a chunk of tiles worth its overhead
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance or None,
        stream_wait_empty=True,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        reply_create_topic=False,
        web_enabled=False,
        store="memory://",
    )


@dataclass(slots=True, kw_only=True)
class Worker:
    """Runs the agents until it is asked to stop or cannot go on.

    Attributes:
        observe: Called now and then, to bring the meter up to date.
        tls: See `storage.tls.kafka_tls`; None: Kafka in the clear.
    """

    settings: Settings
    topics: Topics
    devices: Devices
    meter: Meter
    watchdog: Watchdog
    observe: Callable[[], None]
    tls: SSLContext | None = None
    _app: App = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _sinks: Mapping[str, Sink] = field(init=False)

    def run(self, sinks: Mapping[str, Sink]) -> int:
        """Work; the process's exit code.

        Args:
            sinks: Topic -> its sink; `barrier` is theirs.
        """
        self._sinks = sinks
        return asyncio.run(self._serve())

    def barrier(self) -> int:
        """Wait until what was fetched up to now can be judged, as `streams.sink.Barrier` asks.

        The registry has applied what `fleet.devices` holds, and no topic was recreated. For the
        threads of a running worker.
        """
        return asyncio.run_coroutine_threadsafe(insist(self._caught_up), self._loop).result()

    async def _caught_up(self) -> int:
        barrier = asyncio.to_thread(self.devices.barrier, _CATCH_UP_WITHIN)
        offset, _ = await asyncio.gather(barrier, asyncio.to_thread(self.topics.verify))
        return offset

    async def _serve(self) -> int:
        self._loop = asyncio.get_running_loop()
        self._app = make_app(self.settings, self.tls)
        self._assemble()
        asked = asyncio.Event()
        for one in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(one, asked.set)
        self.watchdog.start()
        starting = asyncio.ensure_future(self._app.start())
        await _first_of(asked.wait(), self._app.wait_until_stopped(), _failure(starting))
        self.watchdog.end_within(STOP_WITHIN)
        code = await self._stop(starting)
        self.watchdog.end_within(_THREADS_WITHIN, code)
        return code

    async def _stop(self, starting: "asyncio.Future[None]") -> int:
        logger.info("stopping")
        stopping = asyncio.ensure_future(self._app.stop())
        await asyncio.wait([stopping])  # not awaited itself: after a crash it may end cancelled
        starting.cancel()
        await asyncio.wait([starting])
        reason = self._app.crash_reason
        if reason is None and not starting.cancelled():
            reason = starting.exception()
        if reason is None:
            logger.info("stopped")
            return STOPPED
        logger.critical("the worker cannot go on: %s", reason)
        return TEMPORARY_FAILURE if isinstance(reason, RetryableError) else CRASHED

    def _assemble(self) -> None:
        consumer = cast("Consumer", self._app.consumer)
        consumer.topic_ids = self.topics.ids
        consumer.drains = [sink.drain for sink in self._sinks.values()]
        positions = Positions(
            consumer,
            self._sinks,
            verify=self.topics.verify,
            insist=insist,
            crash=self._crash,
        )
        consumer.on_assigned = positions.on_assigned
        consumer.on_revoked = positions.on_revoked
        agents = Agents(consumer, insist=insist, meter=self.meter)
        for topic, sink in self._sinks.items():
            agents.add(self._app, topic, sink)
        self._app.task(self._tick)

    async def _tick(self) -> None:
        """Start due flushes, pass failures on, and say now and then how it goes."""
        reported, tidying = time.monotonic(), Tidying()
        while not self._app.should_stop:
            await asyncio.sleep(_TICK)
            tidying.tick()
            for sink in self._sinks.values():
                sink.tick()
                if sink.failed is not None:
                    await self._app.crash(sink.failed)
            if self.devices.failed is not None:
                await self._app.crash(self.devices.failed)
            if cast("Consumer", self._app.consumer).is_settled:
                self.watchdog.well()
            self._observe()
            if time.monotonic() - reported >= _REPORT_EVERY:
                reported = time.monotonic()
                logger.info("%s", self.meter.summary())

    def _observe(self) -> None:
        self.observe()
        assigned = self._app.consumer.assignment()
        for topic in self._sinks:
            count = sum(tp.topic == topic for tp in assigned)
            self.meter.set(PARTITIONS, count, topic=topic)

    def _crash(self, error: BaseException) -> None:
        self._app.add_future(self._app.crash(error))


async def _first_of(*waits: Awaitable[object]) -> None:
    """Return when one of them is over."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def _failure(starting: "asyncio.Future[None]") -> None:
    """Return when it failed; never if it succeeded."""
    await asyncio.wait([starting])
    if starting.cancelled() or starting.exception() is None:
        await asyncio.Event().wait()
