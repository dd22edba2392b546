"""What our processes log: places, never values, whatever a library would like to tell.

A line is an event: for people on a terminal, and JSON, one object a line, for whatever collects it.

Libraries quote contents in their errors (pyarrow, msgspec) and log whole responses when they are
debugged (aiokafka): the first lose their message here, the second never speak below INFO.
"""

import io
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

import msgspec

from schemas.errors import FortnightError
from schemas.settings import LogFormat

_OURS = ("schemas", "storage", "streams", "jobs")
_CHATTY = (
    *("faust", "mode", "aiokafka", "kafka", "asyncio"),
    *("boto3", "botocore", "s3transfer", "urllib3", "deltalake"),
)
"""Their INFO is noise, their DEBUG holds records, requests or arguments."""

_SCOLDING = ("kafka.net.selector",)
"""Their WARNING is for their own developers: that this machine was busy for a tenth of a second."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_BURST_SECONDS = 10.0

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """Shows where an exception came from, and its message only where no record can be in it."""

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802  # logging's name
        """The stack, and the exception as `describe` has it; not what it was raised from."""
        lines = traceback.format_tb(ei[2])
        return "".join(lines) + (describe(ei[1]) if ei[1] is not None else "")


class Json(Discreet):
    """One JSON object a line: time (UTC), level, logger, message; with an exception, its stack."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        event = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["stack"] = self.formatException(record.exc_info)
        return msgspec.json.encode(event).decode()


class Lines(io.TextIOBase):
    """Takes what a program prints, and logs it line by line."""

    def __init__(self, log: Callable[[str, str], None]) -> None:
        """Log each line with `log`, a logger's method of some level."""
        self._log = log
        self._begun = ""

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Log the lines that end in it; the rest waits for its end."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._log("%s", line)
        return len(text)


class Quiet(logging.Filter):
    """Lets each line of a library through once in a while: a broker that is down makes 70 a second.

    Also hides the messages of exceptions that are a line's arguments.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show it; tells how many of its like were not shown."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_discreet, record.args))
        if record.name.partition(".")[0] in _OURS:
            return True
        key = record.name, str(record.msg)
        shown_at, hidden = self._seen.get(key, (-_BURST_SECONDS, 0))
        if self._now() - shown_at < _BURST_SECONDS:
            self._seen[key] = shown_at, hidden + 1
            return False
        self._seen[key] = self._now(), 0
        if hidden:
            record.msg = f"{record.msg} (and {hidden} like it)"
        return True


def describe(error: BaseException) -> str:
    """An exception's class, and its message if it is ours or the system's."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, FortnightError | OSError) else name


def set_up(level: str, style: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Log to standard error.

    Args:
        level: DEBUG, INFO, WARNING or ERROR; libraries stay above what may hold records.
        style: For people, as JSON, or as the stream is a terminal or not.
        stream: Where to, instead.
    """
    handler = logging.StreamHandler(stream)
    is_human = style == "human" or (style == "auto" and handler.stream.isatty())
    handler.setFormatter(Discreet(_FORMAT) if is_human else Json())
    handler.addFilter(Quiet())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    for name in _SCOLDING:
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda ended: _log_uncaught(*ended[:3])


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    shown = (kind, error, trace) if error is not None else None
    logging.getLogger(__name__).critical("ended by %s", kind.__name__, exc_info=shown)


def _discreet(argument: object) -> object:
    return describe(argument) if isinstance(argument, BaseException) else argument
