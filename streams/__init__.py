"""Rows in motion: from a chunk of a Kafka partition to a commit in every region.

What was acknowledged is durable, exactly once, whatever is killed in between: a table's log holds
the positions, and Kafka's group offsets follow it for displays alone.

Reading order: `pipeline` (the whole path on one page), `stages` (its steps, each a pure function),
`registry` and `gating` (who is registered, and what a policy lets in), `sink` (collect, encode,
put, commit), `kafka` (the only place that knows Faust), `worker` (all of it as a process).
"""
