import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import datetime

import msgspec
import pyarrow as pa
import pytest

from schemas.errors import IntegrityError
from storage.logs import Discreet, Json, Lines, Quiet

SERIAL = "SERIAL-4711"


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def output(clock: Seconds) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Discreet("%(name)s: %(message)s"))
    handler.addFilter(Quiet(clock))
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_an_error_that_quotes_a_record_is_logged_without_the_quotation(output: io.StringIO) -> None:
    with pytest.raises(pa.ArrowInvalid, match=SERIAL) as caught:
        pa.array([SERIAL]).cast(pa.int64())
    logging.getLogger("streams.sink").error("failed: %r", caught.value, exc_info=caught.value)
    assert SERIAL not in output.getvalue()
    assert output.getvalue().count("ArrowInvalid") == 2
    assert "test_logs.py" in output.getvalue()


def test_nor_does_a_chain_of_errors_quote_it(output: io.StringIO) -> None:
    try:
        try:
            msgspec.json.decode(f'"{SERIAL}', type=int)
        except msgspec.DecodeError as error:
            raise ValueError(SERIAL) from error
    except ValueError:
        logging.getLogger("streams.sink").exception("failed")
    assert SERIAL not in output.getvalue()


def test_our_own_errors_say_which_place_they_mean(output: io.StringIO) -> None:
    error = IntegrityError("fleet.telemetry:3@17")
    logging.getLogger("streams.kafka.app").error("crashed: %s", error, exc_info=error)
    assert output.getvalue().count("IntegrityError: fleet.telemetry:3@17") == 2


def test_a_library_says_the_same_once_in_ten_seconds(output: io.StringIO, clock: Seconds) -> None:
    for _ in range(100):
        logging.getLogger("aiokafka.conn").error("cannot connect to %s", "broker 1")
        clock.now += 0.01
    clock.now += 10
    logging.getLogger("aiokafka.conn").error("cannot connect to %s", "broker 1")
    assert output.getvalue().splitlines() == [
        "aiokafka.conn: cannot connect to broker 1",
        "aiokafka.conn: cannot connect to broker 1 (and 99 like it)",
    ]


def test_an_event_is_one_line_of_json_whatever_is_in_it(output: io.StringIO) -> None:
    logging.getLogger().handlers[0].setFormatter(Json())
    log = logging.getLogger("streams.kafka.app")
    try:
        int(SERIAL)
    except ValueError:
        log.exception("crashed: %s", 'it said\n"no"')
    log.info("stopped")
    crashed, stopped = (json.loads(line) for line in output.getvalue().splitlines())
    assert crashed["message"] == 'crashed: it said\n"no"'
    assert crashed["level"] == "ERROR"
    assert crashed["stack"].endswith("ValueError")
    assert SERIAL not in output.getvalue()
    assert stopped.keys() == {"time", "level", "logger", "message"}
    assert datetime.fromisoformat(stopped["time"]).tzinfo is not None


def test_what_a_program_prints_becomes_an_event_a_line(output: io.StringIO) -> None:
    with redirect_stdout(Lines(logging.getLogger("jobs.expire").info)):
        print("one\ntw", end="")  # noqa: T201 - what is tested
        print("o\n100 % gone")  # noqa: T201
    told = output.getvalue().splitlines()
    assert told == ["jobs.expire: one", "jobs.expire: two", "jobs.expire: 100 % gone"]


def test_we_ourselves_are_never_silenced(output: io.StringIO) -> None:
    for _ in range(3):
        logging.getLogger("streams.kafka.positions").warning("going on")
    assert output.getvalue().count("going on") == 3
