"""Live configuration against what was promised: checks that read no rows.

state.py         how a deployment is set up, as values
collect.py       looking at all of it once a run; cluster.py at Kafka, probes.py at who is answered
attempts.py      trying in S3, as each role, what it may and may not; tried.py is what came of it
buckets.py       buckets one by one; looking.py other things
places.py, openings.py, lifecycles.py, encryption.py       what may be wrong with buckets
topics.py, roles.py, transport.py                          and with Kafka, and on the way
books.py, people.py                                        and in the ledgers
registry.py      kind of clause -> checks
"""

from jobs.verify.configuration.registry import CHECKS

__all__ = ["CHECKS"]
