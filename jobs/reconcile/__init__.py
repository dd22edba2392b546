"""Prove from the logs, and then from the rows, that every record ended exactly once.

`ledger.py` reads one destination's log: spans tile each partition without gap or overlap, and
receipts add up. `agreement.py` compares destinations: they say the same of the same offsets.
`rows.py` opens the files: what is stored is what the receipts say. `report.py` puts it together.

Everything is read again from `_delta_log/N.json` (SINK rule 9), nothing is believed of a library.
"""

from jobs.reconcile.ledger import Breach
from jobs.reconcile.report import Line, Report, reconcile

__all__ = ["Breach", "Line", "Report", "reconcile"]
