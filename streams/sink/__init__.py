"""The exactly-once sink: `flushes` collects and flushes, `delivery` makes durable.

`work` is what both hand to each other, `dead_letters` what becomes of rejected records; `limits`
and `budget` are when to stop and when to wait.
"""

from streams.sink.flushes import Barrier, Counts, FlushRules, Sink

__all__ = ["Barrier", "Counts", "FlushRules", "Sink"]
