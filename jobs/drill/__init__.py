"""Rights drills: canaries ask, officers' own code answers, and another reads whether it is so.

`series` is how far each canary's drill came, as the ledger tells it; `steps` are the rights, one by
one; `witness` reads what is stored by verify's own hand; `run` is one drill of a region.
"""

from jobs.drill.run import PENDING, Drill, Outcome

__all__ = ["PENDING", "Drill", "Outcome"]
