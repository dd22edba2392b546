"""Verdicts on a partition, as Burrow defines them, and told as Burrow numbers them.

Burrow (github.com/linkedin/Burrow, wiki: Consumer Lag Evaluation Rules) needs no threshold: it
looks at how the offset and the lag moved over a window.
"""

from enum import IntEnum


class Verdict(IntEnum):
    """What is to be thought of a partition, or of a group; the larger, the worse.

    The numbers are those of Burrow's metrics, whose 0 means "not found".
    """

    OK = 1
    """Nothing waits, or not for long, or what waits becomes less."""
    WARN = 2
    """It moves, and records come faster; or watched too briefly to say more."""
    ERR = 3
    """Retention took records before they were durable; of a group: one of its partitions is bad."""
    STOP = 4
    """It does not move, and its owner makes nothing durable, or it has no owner."""
    STALL = 5
    """It does not move, while its owner makes other partitions durable."""
    REWIND = 6
    """An offset went back."""
