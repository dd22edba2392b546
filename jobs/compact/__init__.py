"""Many small files become few large ones, and map tiles go to the compacted tier.

`horizon.py` reads from a log which hours are over, `plan.py` decides which files become one,
`rewrite.py` makes the new ones, `run.py` commits them.

A commit takes the old files away and adds those that stand for them, or does nothing. Beside the
sink, expiry, erasure and a second compaction it is refused where one of its files is gone; then the
folder is planned again. Nothing is deleted here: what was taken away stays for 10 minutes, so that
queries finish, and what a killed run put and never committed is an orphan; `fortnight sweep`
deletes both. The log is summed up at the end of a run; `fortnight expire` cleans it.
"""

from jobs.compact.horizon import Horizon
from jobs.compact.plan import Task, plan
from jobs.compact.run import REASON, Report, Shard, compact, look

__all__ = ["REASON", "Horizon", "Report", "Shard", "Task", "compact", "look", "plan"]
