"""What a worker logs: places, never values, whatever a library would like to tell.

Libraries quote contents in their errors (pyarrow, msgspec) and log whole responses when they are
debugged (aiokafka): the first lose their message here, the second never speak below INFO.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType

from schemas.errors import FortnightError

_OURS = ("schemas", "storage", "streams", "jobs")
_CHATTY = (
    *("faust", "mode", "aiokafka", "kafka", "asyncio"),
    *("boto3", "botocore", "s3transfer", "urllib3", "deltalake"),
)
"""Their INFO is noise, their DEBUG holds records, requests or arguments."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_BURST_SECONDS = 10.0

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """Shows where an exception came from, and its message only where no record can be in it."""

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802  # logging's name
        """The stack, and the exception as `describe` has it; not what it was raised from."""
        lines = traceback.format_tb(ei[2])
        return "".join(lines) + (describe(ei[1]) if ei[1] is not None else "")


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


def set_up(level: str) -> None:
    """Log to standard error.

    Args:
        level: DEBUG, INFO, WARNING or ERROR; libraries stay above what may hold records.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(_FORMAT))
    handler.addFilter(Quiet())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda ended: _log_uncaught(*ended[:3])


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    shown = (kind, error, trace) if error is not None else None
    logging.getLogger(__name__).critical("ended by %s", kind.__name__, exc_info=shown)


def _discreet(argument: object) -> object:
    return describe(argument) if isinstance(argument, BaseException) else argument
