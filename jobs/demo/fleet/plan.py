"""What a simulated fleet is like: how many robots, whose, where, and how much goes wrong."""

from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from math import ceil

import numpy as np

from jobs.demo.fleet.registrations import NOWHERE, VENDORS, Owner, owner_of, owner_of_canary
from jobs.demo.fleet.robot import RECORDS_A_SECOND
from schemas.canaries import canaries
from schemas.regions import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How much goes wrong, as shares from 0 to 1.

    Attributes:
        broken: Of records.
        late: Of cleanings that are uploaded hours or days later, a quarter of them too late.
        offline: Of cleanings during which a robot is silent for minutes, and then says it all.
        changes: Of cleanings after which the owner moves, changes a consent or cancels.
        unregistered, nowhere, wrong_clocks, unknown_fields: Of robots.
        unbound: Of robots that are registered, and nobody's yet.
        eager_maps: Of robots that send maps always, also where their maker wants them for faults.
    """

    broken: float = 0.01
    late: float = 0.03
    offline: float = 0.1
    changes: float = 0.03
    unregistered: float = 0.01
    nowhere: float = 0.01
    wrong_clocks: float = 0.03
    unknown_fields: float = 0.05
    unbound: float = 0.03
    eager_maps: float = 0.15

    @classmethod
    def none(cls) -> "Mix":
        """A fleet in which nothing goes wrong."""
        return cls(**{one.name: 0.0 for one in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A fleet. Equal plans with an equal start make the same records, byte for byte.

    Attributes:
        countries: ISO codes; see `registrations.countries_of`.
        speed: Seconds of the robots' lives that pass in one second.
        late_window: The worker's: what is older is expired on arrival.
        served: Regions that the workers serve; None for all.
        canaries: Beside the robots, those whose names are public test values.
    """

    robots: int = 100
    seed: int = 1
    countries: tuple[str, ...] = ("DE", "FR", "US")
    vendors: tuple[str, ...] = VENDORS
    speed: float = 1.0
    late_window: timedelta = timedelta(days=9)
    served: frozenset[Region] | None = None
    canaries: bool = False
    mix: Mix = field(default_factory=Mix)

    def at_rate(self, rate: float) -> "Plan":
        """The same fleet, living as fast as it takes to say about `rate` records a second."""
        speaking = max(1, self.robots + len(self._canaries()))
        return replace(self, speed=rate / (speaking * RECORDS_A_SECOND))

    def owners(self) -> list[Owner]:
        """Every robot's owner; then those whose robots are not registered; at the end canaries'."""
        ghosts = ceil(self.robots * self.mix.unregistered)
        owners = [self._owner(index) for index in range(self.robots + ghosts)]
        return owners + self._canaries()

    def _canaries(self) -> list[Owner]:
        return [owner_of_canary(one) for one in canaries() if self.canaries]

    def _owner(self, index: int) -> Owner:
        owner = owner_of(self.seed, index, self.vendors, self.countries)
        mix, rng = self.mix, np.random.default_rng([self.seed, index, 3])
        is_nowhere, is_unbound, is_eager = rng.random(3) < (
            mix.nowhere,
            mix.unbound,
            mix.eager_maps,
        )
        return replace(
            owner,
            country=NOWHERE if is_nowhere else owner.country,
            is_registered=index < self.robots,
            is_bound=not is_unbound,
            sends_every_map=bool(is_eager),
        )
