"""Replays and rotations of keys beside hold, restriction, erasure and expiry, in either order.

What follows for each row is told by a model of a few lines; the real thing runs beside it. Pairs
without either are in `test_precedence.py`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from support.office import EU, START
from support.town import ALICE, Town
from support.wire import NOW as CAME
from support.wire import marking, pipeline, reading, registration, registry, wire

from jobs.holds.naming import names_of
from schemas.marks import Mark
from schemas.tables import TELEMETRY
from storage.holds import put_record, read_record

HOLD = "H-1"
SOON, LATER, OVER = (START + timedelta(hours=hours) for hours in (2, 24, 48))


@dataclass(slots=True)
class Model:
    """What has to become of Alice's rows, by offset.

    Attributes:
        seen: That analysts see.
        due: Of all, those whose hour is the first one.
    """

    seen: set[int] = field(default_factory=set)
    aside: set[int] = field(default_factory=set)
    copied: set[int] = field(default_factory=set)
    due: set[int] = field(default_factory=set)
    held: bool = False
    restricted: bool = False
    erased: bool = False

    @property
    def admits(self) -> bool:
        """Whether what comes now is stored."""
        return not (self.restricted or self.erased)

    def restrict(self) -> None:
        self.restricted = True
        self.aside, self.seen = self.aside | self.seen, set()

    def lift(self) -> None:
        self.restricted = False
        if not self.erased:
            self.seen, self.aside = self.seen | self.aside, set()

    def erase(self) -> None:
        self.erased = True
        if not self.restricted:
            self.drop(self.seen | self.aside)

    def drop(self, rows: set[int]) -> None:
        gone = rows & (self.seen | self.aside)
        self.copied |= gone if self.held else set()
        self.seen, self.aside = self.seen - gone, self.aside - gone


@dataclass(slots=True)
class Twins:
    """The real thing, and the model."""

    town: Town
    model: Model = field(default_factory=Model)

    def hold(self) -> None:
        self.model.held = True
        names = names_of([ALICE], self.town.keys.live(EU))
        if known := read_record(self.town.holds.store, HOLD):
            put_record(self.town.holds.store, known.extended(names))
        else:
            self.town.holds.hold(HOLD, devices=names)

    def restrict(self) -> None:
        self.model.restrict()
        self.town.restrict(ALICE)

    def erase(self) -> None:
        self.model.erase()
        self.town.erase(ALICE)

    def expire(self) -> None:
        self.model.drop(self.model.due)
        self.town.now = max(self.town.now, SOON)
        self.town.expire()

    def replay(self) -> None:
        """A record comes, and is judged as a worker judges it."""
        admits = is_stored(self.town.told.roll.of(ALICE).mark)
        assert admits == self.model.admits
        if admits:
            self.store(LATER)

    def rotate(self) -> None:
        """As it has to be: a new version, which holds know before it is used; then a record."""
        self.town.keys = self.town.keys.add(EU, self.town.now)
        if self.model.held:
            self.hold()
        self.town.keys = self.town.keys.rotate(EU, self.town.now)
        self.replay()

    def store(self, expires: datetime) -> None:
        """Rows under each of Alice's pseudonyms."""
        before = self.offsets()
        self.town.store(TELEMETRY, ALICE, each=1, expires=expires)
        new = self.offsets() - before
        self.model.seen |= new
        self.model.due |= new if expires == SOON else set()

    def offsets(self, *, aside: bool = False) -> set[int]:
        return {offset for _, offset in self.town.seen(ALICE, aside=aside)}

    def compare(self) -> None:
        assert self.offsets() == self.model.seen
        assert self.offsets(aside=True) == self.model.aside
        assert self.town.holds.offsets(HOLD) == sorted(self.model.copied)

    def finish(self) -> None:
        """The restriction is lifted, what waits for that is done, and then everything is over."""
        if self.model.restricted:
            self.model.lift()
            self.town.lift(ALICE)
        if self.model.erased:
            self.erase()
        self.compare()
        self.model.due |= self.model.seen | self.model.aside
        self.town.now = OVER
        self.expire()
        self.compare()
        assert [key for key in self.town.traces(ALICE) if "/date=" in key] == []


def is_stored(mark: Mark | None) -> bool:
    """Whether a worker stores a record that comes behind a mark."""
    said = mark or Mark(device=ALICE)
    erased = None if said.erased is None else 1  # at any time behind the binding
    mark_ = marking(ALICE, since=CAME - 1, restricted=said.restricted, erased=erased)
    path = pipeline(known=registry(registration(ALICE), mark_))
    batch = path.collect(wire([reading(device=ALICE)]))
    folders = path.finish(wire([]).partition, [batch]).rows[EU].values()
    return any(rows.num_rows for rows in folders)


LATER_ROWS = ("replay", "rotate")
PAIRS = [
    pair
    for pair in permutations(("hold", "restrict", "erase", "expire", *LATER_ROWS), 2)
    if not set(LATER_ROWS).isdisjoint(pair)
]


@pytest.mark.parametrize("acts", PAIRS, ids="-".join)
def test_two_acts_in_either_order_end_as_the_precedence_says_for_later_rows_too(
    tmp_path: Path, acts: tuple[str, str]
) -> None:
    twins = Twins(Town.build(tmp_path))
    twins.store(SOON)
    for act in acts:
        getattr(twins, act)()
        twins.compare()
    twins.finish()


def test_all_of_them_one_after_the_other_end_so_too(tmp_path: Path) -> None:
    twins = Twins(Town.build(tmp_path))
    twins.store(SOON)
    for act in ("hold", "replay", "rotate", "restrict", "replay", "erase", "expire", "rotate"):
        getattr(twins, act)()
        twins.compare()
    twins.finish()
