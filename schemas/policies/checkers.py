"""Who checks what: a kind of clause that is not told of here fails the build.

A checker is named as Python imports it, so that a test can see that it is there: what drives the
pipeline or a command, and what `fortnight verify` looks with, which shares no code with it.
"""

from collections.abc import Mapping

_VERIFY = "jobs.verify.checks"
_SET_UP = "jobs.verify.configuration"

DRILLS = f"{_VERIFY}.drills:drilled"
"""Looks at those rights that canaries use."""

CHECKERS: Mapping[str, tuple[str, ...]] = {
    "collection": (
        "streams.gating:Gating.blank",
        f"{_VERIFY}.collection:nothing_else",
        f"{_VERIFY}.collection:pseudonyms",
    ),
    "exclusion": (
        "tests/unit/schemas/policies/test_checkers.py",
        f"{_VERIFY}.exclusion:nowhere",
    ),
    "consent": ("streams.gating:Gating.withheld", f"{_VERIFY}.consent:said_yes"),
    "binding": ("streams.gating:Gating.withheld", f"{_VERIFY}.binding:bound"),
    "map-gate": (
        "streams.gating:Gating.withheld",
        "streams.stages.obscure:Obscuring.obscure",
        f"{_VERIFY}.map_gate:for_a_fault",
        f"{_VERIFY}.map_gate:special_case",
    ),
    "retention": (
        "jobs.expire:plan",
        f"{_VERIFY}.retention:ages",
        f"{_VERIFY}.retention:in_time",
        f"{_SET_UP}.topics:retention",
        f"{_SET_UP}.lifecycles:removed_in_time",
    ),
    "permanent": ("jobs.topics:breaches", f"{_SET_UP}.topics:permanent"),
    "residency": (
        "storage.places:check_promises",
        f"{_VERIFY}.residency:rows",
        f"{_SET_UP}.places:places",
        f"{_SET_UP}.topics:places",
    ),
    "storage": ("jobs.storage_admin:breaches", f"{_SET_UP}.encryption:at_rest"),
    "transport": ("storage.tls:kafka_tls", f"{_SET_UP}.transport:hops"),
    "hold": (
        f"{_VERIFY}.hold:copies",
        f"{_SET_UP}.people:held",
        f"{_SET_UP}.lifecycles:left_alone",
    ),
    "recipients": (
        "jobs.office.disclosures:disclose",
        f"{_SET_UP}.people:given_away",
        f"{_SET_UP}.openings:closed",
    ),
    "right": (
        f"{_VERIFY}.rights:kept_out",
        DRILLS,
        f"{_SET_UP}.people:answered",
    ),
    "minimisation": (
        f"{_SET_UP}.roles:tables",
        f"{_SET_UP}.roles:denials",
        f"{_SET_UP}.roles:in_s3",
    ),
    "review": ("jobs.office.assurances:review", f"{_SET_UP}.people:reviewed"),
    "incident": (f"{_SET_UP}.people:told",),
    "versions": (
        "tests/unit/schemas/policies/test_editions.py",
        f"{_VERIFY}.versions:receipts",
    ),
    "attested": ("jobs.office.assurances:attest", f"{_SET_UP}.people:attested"),
}
"""Kind -> what checks its clauses, in the pipeline, in a command or in the build."""

PEOPLE_ALONE = frozenset({"attested"})
"""Kinds of which a program sees no more than that somebody signed for them."""
