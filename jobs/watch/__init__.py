"""Watching from outside: what Kafka, the tables' logs and the workers' metrics say, made one state.

`watcher.py` looks around: it asks every place at once (`places/`) and judges what came back
(`judging/`, by `verdict.py`); the result is a `State` (`state.py`), which holds what somebody has
to look at (`problems.py`). The last hour is kept (`history.py`), told to Prometheus
(`exposition.py`, `serving.py`) and shown in a browser (`console/`).
"""

from jobs.watch.history import History
from jobs.watch.serving import Serving
from jobs.watch.state import PartitionState, State
from jobs.watch.watcher import EVERY, FLUSHES, Watch, Watched

__all__ = ["EVERY", "FLUSHES", "History", "PartitionState", "Serving", "State", "Watch", "Watched"]
