"""The report as a document: canonical JSON, signed, that names the report before it.

    {"report": {...}, "signature": {"region": "eu", "key": "...", "value": "..."}}

What is signed is the canonical JSON of `report`, under Ed25519, by the ledger's key of a region; an
auditor has the public key from somebody else. Where no key was at hand there is no signature, and
the page says so.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jobs.verify.promise import Judged
from jobs.verify.rows.homes import FEWEST, MOST, Linked, linked
from jobs.verify.rows.measures import K
from jobs.verify.run import Outcome
from jobs.verify.verdict import Look, Verdict
from schemas.canonical import canonical_json, digest
from schemas.errors import IntegrityError
from schemas.ledger_keys import LedgerKey

_SIGNED = b"fortnight/verify/report\n"
"""What a signature is of, so that none can be taken for another."""
_FORMAT = 1

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Previous:
    """The report before this one.

    Attributes:
        digest: SHA-256 of its file; empty: there is none.
    """

    digest: str = ""

    @classmethod
    def of(cls, data: bytes) -> "Previous":
        """Of a file's bytes."""
        return cls(digest(data))


def document(outcome: Outcome, previous: Previous) -> Document:
    """Everything that the report says; whole numbers, texts and lists of them."""
    scene, seen = outcome.scene, outcome.seen
    maps = linked(seen.measures.maps)
    counts = {verdict.value: 0 for verdict in Verdict}
    for judged in outcome.judged:
        counts[judged.verdict.value] += 1
    return {
        "format": _FORMAT,
        "made": _time(max(scene.now, *(bucket.now for bucket in scene.buckets))),
        "policies": dict(scene.policies.versions),
        "seed": scene.sampling.seed,
        "deep": scene.sampling.deep,
        "files": seen.files,
        "opened": len(seen.chosen) - seen.vanished,
        "rows": dict(sorted(seen.answers.rows.items())),
        "scope": _scope(outcome),
        "figures": {**_groups(outcome), **_shares(maps)},
        "maps": _compared(maps),
        "verdicts": counts,
        "promises": [_promise(judged) for judged in outcome.judged],
        "previous": previous.digest,
    }


def sealed(report: Document, key: LedgerKey | None) -> bytes:
    """The file: the report, and a signature where there is a key."""
    if key is None:
        return canonical_json({"report": report})
    value = key.signing.sign(_SIGNED + canonical_json(report))
    signature = {
        "region": key.region,
        "key": _text(key.signing.public_key().public_bytes_raw()),
        "value": _text(value),
    }
    return canonical_json({"report": report, "signature": signature})


def opened(data: bytes, public: Ed25519PublicKey) -> Document:
    """Read a report that was signed.

    Raises:
        IntegrityError: It is no report, or was not signed by that key, or was changed.
    """
    try:
        found = msgspec.json.decode(data)
        report: Document = found["report"]
        value = base64.b64decode(found["signature"]["value"])
        public.verify(value, _SIGNED + canonical_json(report))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, InvalidSignature):
        raise IntegrityError("not a report, or not signed by that key") from None
    return report


def _groups(outcome: Outcome) -> dict[str, int]:
    """How small groups of robots are."""
    told: dict[str, int] = {}
    for region, groups in outcome.seen.measures.groups.items():
        told[f"{region}: groups of one country, model, firmware and cell"] = groups.groups
        told[f"{region}: those of fewer than {K} robots"] = groups.small
        told[f"{region}: robots in the smallest"] = groups.smallest
    return told


def _shares(maps: Linked) -> dict[str, int]:
    """How well maps can be linked; nothing where there are too few."""
    told = {
        "maps: of 100 homes, found again by their walls": maps.turning,
        "maps: of 100 homes, found again without turning them": maps.plain,
    }
    return {name: share for name, share in told.items() if share is not None}


def _compared(maps: Linked) -> str:
    """What that rests on."""
    if maps.turning is None:
        return (
            f"how well maps can be linked: nothing to check: {maps.homes} homes were mapped twice "
            f"in what was opened, and of fewer than {FEWEST} a share says nothing"
        )
    return (
        f"how well maps can be linked: of {maps.homes} homes, at most {MOST}, drawn by the seed: "
        "an earlier map of each is looked for by its walls among the maps of all"
    )


def _scope(outcome: Outcome) -> Document:
    scene, seen = outcome.scene, outcome.seen
    listed = {(one.region, one.bucket): one for one in seen.listings}
    return {
        "buckets": [
            {
                "name": bucket.name,
                "region": bucket.region,
                "purpose": bucket.purpose.value,
                "objects": one.strays.looked_at if one else 0,
                "refused": (one.refused if one else bucket.refused),
            }
            for bucket in scene.buckets
            for one in [listed.get((bucket.region, bucket.name))]
        ],
        "registrations": scene.registry.records if scene.registry else 0,
        "log entries": seen.log_objects,
        "log entries read": len(seen.entries),
        **_kafka(outcome),
    }


def _kafka(outcome: Outcome) -> Document:
    found = outcome.scene.configured
    if found is None:
        return {"topics": [], "groups": []}
    topics, groups = found.kafka.all_topics, found.kafka.groups
    return {
        "topics": sorted(topics) if isinstance(topics, tuple) else [],
        "groups": sorted(groups) if isinstance(groups, tuple) else [],
    }


def _promise(judged: Judged) -> Document:
    clause = judged.promise.clause
    return {
        "name": judged.promise.name,
        "vendor": judged.promise.vendor,
        "id": clause.id,
        "kind": clause.kind,
        "source": {section: list(places) for section, places in clause.source.items()},
        "rule": clause.rule,
        "verdict": judged.verdict.value,
        "looks": [_look(look) for look in judged.looks],
    }


def _look(look: Look) -> Document:
    return {
        "checked": look.checked,
        "looked_at": look.looked_at,
        "unit": look.unit,
        "of": look.of,
        "sample": look.sample,
        "found": look.found,
        "findings": [{"place": one.place, "what": one.what} for one in look.findings],
        "unknown": list(dict.fromkeys(look.unknown)),
        "attested": list(look.attested),
        "notes": list(look.notes),
        "repeat": look.repeat,
    }


def _time(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
