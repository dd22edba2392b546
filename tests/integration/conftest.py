"""What tests of faults share: a broker a module, and the truth of what was sent to it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support.evidence.truth import Truth
from support.faults.colony import Colony
from support.system import System

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server

SESSION = timedelta(seconds=3)


@pytest.fixture(scope="module")
def module_broker(cache: Path) -> Iterator[Broker]:
    """A Kafka of one module's tests: each reads what all of them sent."""
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder), cache=cache) as running:
        yield running


@pytest.fixture(scope="module")
def truth(module_broker: Broker) -> Truth:
    """What was sent to the module's Kafka, and how it has to end."""
    return Truth(module_broker.address)


@pytest.fixture
def colony_on(
    module_broker: Broker, truth: Truth, tmp_path: Path
) -> Iterator[Callable[..., Colony]]:
    """Make tables and a group of their own on an S3 server; nobody works yet."""
    with ExitStack() as opened:

        def make(s3: S3Server, **settings: object) -> Colony:
            quick = {"flush_period": timedelta(seconds=0.3), "session_timeout": SESSION}
            given = {"partitions": 3, "group": f"group-{uuid4().hex[:8]}", **quick, **settings}
            system = System.prepare(tmp_path, module_broker, s3, **given)
            return opened.enter_context(Colony.on(system, truth).working())

        yield make
