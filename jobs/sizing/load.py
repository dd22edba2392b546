"""What robots do, as far as it costs."""

from dataclasses import dataclass
from datetime import timedelta

from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY

_HOUR = timedelta(hours=1).total_seconds()
_DAY = timedelta(days=1).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What robots do; the defaults are assumptions, one's own fleet knows better.

    Attributes:
        cleaning_hours: A day, of one robot.
        cleaning_seconds: From reading to reading while it cleans.
        idle_seconds: The same while it does not.
        tiles: Versions of tiles in an hour of cleaning; the demo's robots send 670.
        cleanings: A day, of one robot.
        peak: The busiest minutes over the day's mean.
    """

    robots: int
    cleaning_hours: float = 1.5
    cleaning_seconds: float = 2.0
    idle_seconds: float = 300.0
    tiles: float = 670.0
    cleanings: float = 2.0
    peak: float = 4.0

    @property
    def records(self) -> dict[str, float]:
        """Table -> records a day."""
        cleaning = self.cleaning_hours * _HOUR
        readings = cleaning / self.cleaning_seconds + (_DAY - cleaning) / self.idle_seconds
        return {
            TELEMETRY.name: self.robots * readings,
            MAP_TILES.name: self.robots * self.cleaning_hours * self.tiles,
            CLEANING_HISTORY.name: self.robots * self.cleanings,
        }
