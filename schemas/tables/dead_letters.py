"""Dead letters: positions and reasons, never payloads, so there is nothing in them to erase."""

import pyarrow as pa

from schemas.privacy import Privacy, column
from schemas.tables.declare import LINEAGE, Table

DEAD_LETTERS = Table(
    name="dead_letters",
    topic="",
    wire=None,
    sort=("topic", "partition", "offset"),
    schema=pa.schema(
        [
            column("topic", pa.string(), privacy=Privacy.LINEAGE, purpose="what was rejected"),
            *LINEAGE,
            column(
                "reason",
                pa.string(),
                privacy=Privacy.LINEAGE,
                purpose="why it was rejected",
                note="a fixed phrase",
            ),
        ]
    ),
)
