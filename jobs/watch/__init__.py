"""Watching from outside: what Kafka, the tables' logs and the workers' metrics say, made one state.

`watcher.py` looks around: it asks every place at once (`asking.py`): Kafka (`kafka_side.py`), the
destinations' logs (`table_log.py`), the workers (`workers.py`). What comes back becomes a `State`
(`state.py`): partitions are judged by how they moved (`verdict.py`, `partitions.py`), and what
somebody has to look at is found (`findings.py`). The last hour is kept (`history.py`), and told to
Prometheus (`exposition.py`, `serving.py`).
"""

from jobs.watch.history import History
from jobs.watch.serving import Serving
from jobs.watch.state import PartitionState, State
from jobs.watch.watcher import Watch, Watched

__all__ = ["History", "PartitionState", "Serving", "State", "Watch", "Watched"]
