"""The rules that one value alone cannot break, by column arithmetic."""

import pyarrow.compute as pc

from schemas.batches import DecodedBatch, Ending, ValidBatch
from schemas.tables import Table


def validate(decoded: DecodedBatch, table: Table) -> tuple[ValidBatch, list[Ending]]:
    """Keep the rows that keep every rule of the table; the first broken rule is the reason."""
    rows, endings = decoded.rows, []
    for reason, rule in table.rules.items():
        keeps = pc.fill_null(rule(rows), fill_value=False)
        broken = rows.filter(pc.invert(keeps))
        if broken.num_rows:
            endings.append(
                Ending(
                    f"rejected/{reason}",
                    broken["offset"].to_numpy(),
                    broken["ingest_time"].to_numpy(),
                )
            )
            rows = rows.filter(keeps)
    return ValidBatch(decoded.partition, rows), endings
