"""First on the path of processes that tests start: without what production does not have either.

Where pandas is installed, whoever imports pyarrow's datasets loads it: a seventh of a start's time.
"""

from pathlib import Path

LEAN = str(Path(__file__).parent)
"""For PYTHONPATH."""
