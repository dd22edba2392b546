"""What people read of a policy: the record of processing, the notice's table, what changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec

from schemas.drills import STEPS
from schemas.policies.answering import (
    Attested,
    Incident,
    Minimisation,
    Recipients,
    Review,
    Right,
)
from schemas.policies.checkers import CHECKERS, DRILLS
from schemas.policies.clause import Clause
from schemas.policies.collecting import Collection, Consent, Exclusion
from schemas.policies.columns import COLLECTED_COLUMNS
from schemas.policies.keeping import Hold, Permanent, Residence, Retention, Storage, Transport
from schemas.policies.policy import Policy

_TITLE = (
    "# Makers' policies\n\n"
    "Written from `schemas/policies` by `fortnight documents write`: do not edit. The same files\n"
    "drive the workers. Sections and sentences are those of each maker's published policy; rules\n"
    "are in our words. What a privacy officer does with them is in [a guide](privacy.md)."
)
_COMMON = frozenset({"id", "source", "rule"})


def page(policies: Iterable[Policy]) -> str:
    """Everything about every policy, as Markdown."""
    return "\n\n".join([_TITLE, *(explain(policy) for policy in policies)]) + "\n"


def explain(policy: Policy) -> str:
    """A policy's record of processing, its notice's table, its clauses, and what is none."""
    head = (
        f"## {policy.vendor}\n\nThe policy of {policy.maker}, version {policy.published} "
        f"({policy.published_at}), in edition {policy.edition} of our file: receipts name it "
        f"`{policy.version}`."
    )
    parts = {
        "Record of processing (GDPR Art. 30)": _table(("Art. 30(1)", "", "by"), _record(policy)),
        "What is stored, and what for": _table(
            ("columns", "purpose", "legal basis", "by"), _notice(policy)
        ),
        "Clauses": _table(("clause", "kind", "where", "rule", "checked by"), _clauses(policy)),
        "Out of scope": _table(("where", "why"), _outside(policy)),
    }
    return "\n\n".join([head, *(f"### {title}\n\n{text}" for title, text in parts.items())])


def differences(old: Policy, new: Policy) -> list[str]:
    """What a new version changes, a line each: clauses that come, go, or say something else."""
    before = {clause.id: clause for clause in old.clauses}
    after = {clause.id: clause for clause in new.clauses}
    lines = [] if old.version == new.version else [f"version: {old.version} -> {new.version}"]
    lines += [f"gone: {_told(before[name])}" for name in before if name not in after]
    lines += [f"new: {_told(after[name])}" for name in after if name not in before]
    for name, clause in after.items():
        if name in before:
            lines += [f"changed: {name}, {what}" for what in _changes(before[name], clause)]
    stored, will_be = old.collections().keys(), new.collections().keys()
    lines += [f"column: {name} is null from now on" for name in sorted(stored - will_be)]
    lines += [f"column: {name} is stored from now on" for name in sorted(will_be - stored)]
    return lines


def _record(policy: Policy) -> Iterator[Sequence[str]]:
    """The rows of Art. 30(1)(a) to (g)."""
    yield "(a) controller", policy.maker, ""
    purposes = {one.purpose: one.id for one in policy.of_kind(Collection)}
    yield "(b) purposes", "; ".join(purposes), _ids(policy.of_kind(Collection))
    yield "(c) people and data", "robots' owners: the columns below", ""
    given = policy.of_kind(Recipients)
    yield "(d) recipients", "; ".join(who for one in given for who in one.recipients), _ids(given)
    places = policy.of_kind(Residence)
    yield "(e) where", "; ".join(map(_place, places)), _ids(places)
    kept = policy.of_kind(Retention) + policy.of_kind(Permanent) + policy.of_kind(Hold)
    yield "(f) time limits", "; ".join(map(_kept, kept)), _ids(kept)
    measures = tuple(
        one
        for kind in (Transport, Storage, Minimisation, Review, Incident, Attested)
        for one in policy.of_kind(kind)
    )
    yield (
        "(g) measures",
        " ".join(one.rule for one in measures) or "none is published",
        _ids(measures),
    )


def _place(place: Residence) -> str:
    if not place.location:
        return "each region as the deployment sets it"
    return f"{place.region}: {place.location}, {', '.join(place.covers)}"


def _kept(clause: Retention | Permanent | Hold) -> str:
    match clause:
        case Retention(at_most=at_most, early=early, stated=stated):
            source = "as published" if stated else "chosen by the deployment"
            return f"rows {_value(at_most)}, {source} (at most {_value(early)} less)"
        case Permanent(topics=topics):
            return f"{', '.join(topics)} while the account exists"
        case Hold(grounds=grounds):
            return f"longer for a hold: {', '.join(grounds)}"


def _notice(policy: Policy) -> Iterator[Sequence[str]]:
    for one in policy.of_kind(Collection):
        yield _columns(one.columns), one.purpose, one.basis, f"`{one.id}`"
    for consent in policy.of_kind(Consent):
        held = [f"all of `{table}`" for table in consent.tables]
        what = ", ".join([*held, *([_columns(consent.columns)] if consent.columns else [])])
        yield what, f"only with the consent `{consent.item}`", "", f"`{consent.id}`"
    for excluded in policy.of_kind(Exclusion):
        yield ", ".join(excluded.fields), "never decoded", "", f"`{excluded.id}`"
    if missing := sorted(COLLECTED_COLUMNS - policy.collections().keys()):
        yield _columns(missing), "null for this maker's robots", "", ""


def _clauses(policy: Policy) -> Iterator[Sequence[str]]:
    for clause in policy.clauses:
        kind = clause.kind
        checkers = ", ".join(f"`{one}`" for one in _checkers(clause))
        values = "; ".join(f"{name} {_value(value)}" for name, value in _values(clause).items())
        rule = f"{clause.rule} ({values})" if values and kind != "collection" else clause.rule
        yield (
            f"`{clause.id}`",
            kind,
            _source(clause.source),
            rule,
            checkers,
        )


def _checkers(clause: Clause) -> Iterator[str]:
    is_drilled = isinstance(clause, Right) and clause.right in STEPS
    return (one for one in CHECKERS[clause.kind] if is_drilled or one != DRILLS)


def _outside(policy: Policy) -> Iterator[Sequence[str]]:
    for one in policy.out_of_scope:
        yield _source(one.source), one.reason


def _told(clause: Clause) -> str:
    return f"{clause.id} ({clause.kind}): {clause.rule}"


def _changes(old: Clause, new: Clause) -> Iterator[str]:
    before, after = _everything(old), _everything(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{name}: {_value(before.get(name))} -> {_value(after.get(name))}"


def _everything(clause: Clause) -> dict[str, object]:
    return {"kind": clause.kind, **msgspec.structs.asdict(clause)}


def _values(clause: Clause) -> dict[str, object]:
    """What a program reads of a clause, where it says more than its default."""
    return {
        name: value
        for name, value in msgspec.structs.asdict(clause).items()
        if name not in _COMMON and value not in (None, "", ())
    }


def _ids(clauses: Iterable[Clause]) -> str:
    return ", ".join(f"`{clause.id}`" for clause in clauses)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _source(source: Mapping[str, tuple[int, ...]]) -> str:
    return "; ".join(f"{section}: {', '.join(map(str, n))}" for section, n in source.items())


def _value(value: object) -> str:
    match value:
        case timedelta():
            days, hours = value // timedelta(days=1), value / timedelta(hours=1)
            return f"{days} days" if hours == 24 * days and days > 1 else f"{hours:g} hours"
        case Mapping():
            return "; ".join(f"{name}: {_value(one)}" for name, one in value.items())
        case tuple():
            return ", ".join(map(str, value)) or "nothing"
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
