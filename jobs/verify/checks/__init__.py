"""Who looks at what: kind of clause -> checks. Those on live configuration are merged in.

Each module here is about one kind, and looks at bytes.
"""

from collections.abc import Mapping

from jobs.verify import configuration
from jobs.verify.checks import (
    binding,
    collection,
    consent,
    drills,
    exclusion,
    hold,
    hold_signs,
    map_gate,
    permanent,
    residency,
    retention,
    rights,
    versions,
)
from jobs.verify.promise import Asker, Check
from schemas.policies.policy import KINDS

_ASKED: Mapping[str, tuple[Asker, ...]] = {
    "binding": (binding.bound,),
    "collection": (
        collection.nothing_else,
        collection.pseudonyms,
        collection.as_registered,
        collection.words,
    ),
    "consent": (consent.said_yes,),
    "map-gate": (map_gate.for_a_fault, map_gate.no_more_than),
    "permanent": (permanent.no_longer,),
    "residency": (residency.rows,),
    "retention": (retention.in_time,),
    "right": (rights.kept_out, rights.stays_away),
}
_LOOKED: Mapping[str, tuple[Check, ...]] = {
    "collection": (collection.columns, collection.nobody_named, collection.no_bounds),
    "exclusion": (exclusion.nowhere,),
    "hold": (hold.copies, hold_signs.signs),
    "map-gate": (map_gate.special_case, map_gate.reported),
    "retention": (retention.ages, retention.logs, retention.uploads),
    "right": (rights.watches, drills.drilled, drills.nobody_else),
    "versions": (versions.receipts,),
}

QUESTIONS: Mapping[str, tuple[Asker, ...]] = {kind: _ASKED.get(kind, ()) for kind in KINDS}
"""Kind of clause -> what rows are asked for it, all in one pass."""

CHECKS: Mapping[str, tuple[Check, ...]] = {
    kind: (*_LOOKED.get(kind, ()), *configuration.CHECKS.get(kind, ())) for kind in KINDS
}
"""Kind of clause -> what looks at anything else; a clause without any is not checkable."""
