"""How fast the worker is, beside peers that do the same work with fewer promises.

Read in this order: `workload/` (what is sent), `peers/` (programs that know nothing of Fortnight),
`measure.py` (one program on one core), `suite.py` (the rounds), `report.py`.
"""
