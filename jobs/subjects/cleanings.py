"""Wrong entries of a stored cleaning are put right: the old value is in no version of any file.

Only what a cleaning says of itself, and only what its maker's policy lets in. The ledger tells
which columns were corrected, and no value. What is held is copied with its old values before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_type_hints

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from jobs.holds.keeping import Keeper
from jobs.rewriting import Selection
from jobs.rewriting.change import Change, Changed, change
from jobs.rewriting.remake import Clock
from jobs.subjects.case import Case
from schemas.errors import PolicyError, SettingsError
from schemas.policies import Policies
from schemas.privacy import Privacy, privacy_of
from schemas.retention import microseconds
from schemas.tables import CLEANING_HISTORY
from schemas.tables.cleaning_history import Cleaning
from storage.lake import Destination

ACT = "subject correct"
REASON = "correct"
"""What a commit says that changed values."""

_FIXED = "event_time"
"""A measure that decides when a row must be gone."""

COLUMNS = tuple(
    one.name
    for one in CLEANING_HISTORY.schema
    if privacy_of(one) is Privacy.MEASURE
    and one.name in Cleaning.__struct_fields__
    and one.name != _FIXED
)
"""What may be put right: what a robot measured of a cleaning."""

_KINDS = get_type_hints(Cleaning, include_extras=True)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is right of one cleaning.

    Attributes:
        session: The cleaning's pseudonym, as its row has it.
        values: Column -> what is right, as it is stored.
    """

    session: str = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, session: str, settings: Sequence[str]) -> "Correction":
        """Read `area=120` and its like; nothing behind the sign is no value.

        Raises:
            SettingsError: There is no such column, or it cannot have the value; which is not told.
        """
        return cls(session, dict(_parsed(one) for one in settings))

    def chosen(self, rows: pa.Table) -> pa.ChunkedArray:
        """(n,) bool, whether a row is the cleaning's."""
        return pc.equal(rows["session"].cast(pa.string()), self.session)

    def put_right(self, rows: pa.Table, policies: Policies) -> pa.Table:
        """Rows with what is right.

        Raises:
            PolicyError: They would break a rule of the table, or the maker's policy.
        """
        for vendor in pc.unique(rows["vendor"]).to_pylist():
            self._see_policy(policies, vendor)
        for name, value in self.values.items():
            at = rows.schema.get_field_index(name)
            one = rows.schema.field(name)
            column = pa.array([value] * rows.num_rows, one.type)
            rows = rows.set_column(at, one, column)
        for reason, keeps in CLEANING_HISTORY.rules.items():
            for batch in rows.to_batches():
                if not pc.all(keeps(batch)).as_py():
                    raise PolicyError(f"--set: {reason}")
        return rows

    def _see_policy(self, policies: Policies, vendor: str) -> None:
        policy = policies.of(vendor)
        collected = policy.collections() if policy else {}
        for name, value in self.values.items():
            if value is not None and f"{CLEANING_HISTORY.name}.{name}" not in collected:
                raise PolicyError(f"--set: {name} is not collected by the policy of {vendor}")


@dataclass(frozen=True, slots=True)
class Cleanings:
    """Where a region's cleanings are.

    Attributes:
        places: Destinations; of other tables than the cleanings' nothing is looked at.
        keeper: Copies held rows before they change; None where nobody can hold rows.
        clock: UTC.
    """

    places: Sequence[Destination]
    keeper: Keeper | None
    clock: Clock

    def correct(
        self, case: Case, names: Iterable[str], wanted: Correction, policies: Policies
    ) -> str:
        """Put a cleaning right, and tell it; in words. Safe to repeat.

        Args:
            case: Who asks.
            names: The subject's pseudonyms: no other robot's cleaning is touched.
            wanted: What is right.
            policies: What makers' robots may report.

        Raises:
            PolicyError: The subject has no such cleaning, or the values must not be stored.
            RetryableError: A store does not answer; call again.
        """
        selection = Selection(frozenset(names))
        new = Change(selection, wanted.chosen, lambda rows: wanted.put_right(rows, policies))
        done, last = self._change_all(new), self._change_all(new)
        while any(one.rows for one in last):  # twice at least: a restriction may move some
            done, last = done + last, self._change_all(new)
        there, rows = sum(one.there for one in last), sum(one.rows for one in done)
        if not there:
            raise PolicyError("--cleaning: this subject has no such cleaning that is stored")
        case.tell(
            ACT,
            scope={"table": CLEANING_HISTORY.name, "fields": ", ".join(sorted(wanted.values))},
            looked_at={"rows": there},
            changed={"rows": rows, "files": sum(one.files for one in done)},
        )
        return f"{case.request.number}: {rows} of {there} rows of that cleaning were put right"

    def _mine(self) -> list[Destination]:
        return [place for place in self.places if place.table is CLEANING_HISTORY]

    def _change_all(self, new: Change) -> list[Changed]:
        return [self._change(place, new) for place in self._mine()]

    def _change(self, place: Destination, new: Change) -> Changed:
        first = self.keeper.before(place) if self.keeper else None
        return change(place, new, reason=REASON, clock=self.clock, first=first)


def _parsed(setting: str) -> tuple[str, Any]:
    name, _, text = setting.partition("=")
    if name not in COLUMNS:
        raise SettingsError(f"--set: COLUMN=VALUE, of {', '.join(COLUMNS)}")
    try:
        given: Any = _moment(text) if name == "started" else text or None
        return name, msgspec.convert(given, _KINDS[name], strict=False)
    except (msgspec.ValidationError, ValueError):
        raise SettingsError(f"--set: {name} cannot have that value") from None


def _moment(text: str) -> int:
    """Microseconds since 1970 of an instant; UTC where it does not say."""
    at = datetime.fromisoformat(text)
    return microseconds(at if at.tzinfo else at.replace(tzinfo=UTC))
