"""What a case waits for, in words, and as an exit status."""

from collections.abc import Sequence

from schemas.errors import RetryableError
from schemas.lineage import Partition

_SHOWN = 12


def say_places(waiting: Sequence[Partition]) -> str:
    """Which partitions are waited for."""
    shown = ", ".join(map(str, waiting[:_SHOWN]))
    rest = len(waiting) - _SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return f"what came before the mark is not durable yet on {shown}{more}"


def insist(pending: int) -> None:
    """Whether every case is done.

    Raises:
        RetryableError: Some are pending.
    """
    if pending:
        raise RetryableError(f"{pending} pending: the same command again goes on")
