"""Every clause of every policy, proven against stored bytes and live configuration.

verdict.py        what was looked at, what was found, what follows
promise.py        a clause and whose it is; what a check is
scene.py          what checks are given: policies, settings, buckets, Kafka, keys
opening.py        from settings to a scene; what cannot be reached is said to be so
sample.py         which files are opened
stored/           names, footers, pages and logs, read by rules of its own
rows/             what rows say, asked in SQL
beside.py         what is no row: names, other objects, old versions, metadata and tags
survey.py         one look at everything; seen.py is what it saw; watching.py opens watch entries
checks/           kind of clause -> who looks at it; on bytes
configuration/    the same on live configuration
run.py            one run from the first listing to the last verdict
report/           what an auditor reads
self_test.py      whether it finds anything at all

It is a second implementation: of names, pseudonyms, footers and expiry it shares no code with the
pipeline (a contract of import-linter says so), and its numbers come from the policy files alone, so
that a mistake of the pipeline is not repeated in its proof.
"""

from jobs.verify.promise import Check, Judged, Promise
from jobs.verify.run import Outcome, verify
from jobs.verify.scene import Bucket, Purpose, Scene, open_buckets
from jobs.verify.verdict import Finding, Look, Tally, Verdict, verdict_of

__all__ = [
    "Bucket",
    "Check",
    "Finding",
    "Judged",
    "Look",
    "Outcome",
    "Promise",
    "Purpose",
    "Scene",
    "Tally",
    "Verdict",
    "open_buckets",
    "verdict_of",
    "verify",
]
