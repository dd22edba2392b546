"""What a fleet needs: workers, partitions, requests, objects and bytes of a day. Pure.

`load.py` is what robots do, which is the operator's to say; `measured.py` what that costs a core
and a disk, and by which command it was measured; `plan.py` reckons.

Requests are counted from what a flush does in every destination (`streams.sink.delivery`,
`storage.lake`) and from what the jobs read of the logs, which is most of them.
"""

from jobs.sizing.load import Load
from jobs.sizing.measured import Measured
from jobs.sizing.plan import UTILISATION, Requests, Size, lines, plan

__all__ = ["UTILISATION", "Load", "Measured", "Requests", "Size", "lines", "plan"]
