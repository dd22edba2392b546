"""Who checks what: a kind of clause that is not told of here fails the build.

A checker is named as Python imports it, so that a test can see that it is there. Kinds with none
are promises that rest on people alone so far: docs/policies.md says so beside each such clause.
"""

from collections.abc import Mapping

CHECKERS: Mapping[str, tuple[str, ...]] = {
    "collection": ("streams.gating:Gating.blank", "tests/scenario/test_conservation.py"),
    "exclusion": ("tests/unit/schemas/policies/test_checkers.py",),
    "consent": ("streams.gating:Gating.withheld", "tests/scenario/test_conservation.py"),
    "binding": ("streams.gating:Gating.withheld", "tests/scenario/test_conservation.py"),
    "map-gate": ("streams.gating:Gating.withheld", "streams.stages.obscure:Obscuring.obscure"),
    "retention": ("jobs.expire:plan", "jobs.topics:breaches", "tests/unit/jobs/test_expire.py"),
    "permanent": ("jobs.topics:breaches",),
    "residency": ("storage.places:check_promises", "jobs.storage_admin:breaches"),
    "storage": ("jobs.storage_admin:breaches",),
    "versions": ("tests/unit/schemas/policies/test_editions.py",),
    "transport": (),
    "hold": (),
    "recipients": (),
    "right": (),
    "minimisation": (),
    "review": (),
    "incident": (),
    "attested": (),
}
"""Kind -> what checks its clauses, in the pipeline, in a command or in the build."""

PEOPLE_ALONE = frozenset(kind for kind, checkers in CHECKERS.items() if not checkers)
"""Kinds that no program checks yet."""
