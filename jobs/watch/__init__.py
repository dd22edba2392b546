"""Watching from outside: what Kafka, the tables' logs and the workers' metrics say, made one state.

`state.py` is everything that is known at an instant, `verdict.py` what is thought of a partition,
`problems.py` what somebody has to look at, `history.py` the last hour.
"""
