"""What was seen of the bytes, once, for every check that asks."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.verify.rows.measures import Measures
from jobs.verify.rows.question import Answers
from jobs.verify.rows.watched import Watched
from jobs.verify.stored.files import StoredFile
from jobs.verify.stored.footers import Looked, Shape
from jobs.verify.stored.leaks import Leak
from jobs.verify.stored.listing import Listing
from jobs.verify.stored.logs import LogEntry
from jobs.verify.verdict import SHOWN, Tally


@dataclass(slots=True)
class Words:
    """What footers, pages, logs and what lies beside objects say, in any words.

    Attributes:
        shapes: Shape -> some places of files that have it.
        leaks: (kind, vendor) of an identifier -> where it is.
        texts: How many objects were searched.
        damaged: Files that could not be read whole, and why.
        untold: Files with bytes that their footers do not tell of.
        names: (place, where, name) of every distinct name beside rows: of metadata, tags.
    """

    shapes: dict[Shape, list[str]] = field(default_factory=lambda: defaultdict(list))
    leaks: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    texts: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    names: list[tuple[str, str, str]] = field(default_factory=list)
    untold: Tally = field(default_factory=Tally)

    def take(self, looked: Looked) -> None:
        """Add a file that was looked at."""
        place = looked.file.place
        self.texts += 1
        if looked.shape is None:
            self.damaged[place] = "it is no Parquet file"
        elif len(places := self.shapes[looked.shape]) < SHOWN:
            places.append(place)
        if not looked.is_told_whole:
            self.untold.add(place, "it has bytes that its footer does not tell of")
        if looked.damaged:
            self.damaged[place] = looked.damaged
        for where, leak in looked.leaks:
            self.leak(place, where, leak)

    def leak(self, place: str, where: str, leak: Leak) -> None:
        """Add an identifier that was found."""
        what = "a network card's address" if leak.kind == "address" else f"a {leak.kind}'s own name"
        self.leaks[leak.kind, leak.vendor].add(place, f"{where}: {what} {leak.form}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Every object by its name, and some by their bytes.

    Attributes:
        listings: Of each bucket, in the scene's order.
        chosen: The data files that were to be opened.
        vanished: How many of them were gone by then: expired, summed up, or taken away.
        words: What they say besides rows, with logs and what lies beside objects.
        answers: What their rows said.
        entries: Of tables' logs, those that were read.
        log_objects: How many there are.
        measures: Figures over their rows.
        watched: Region -> what its watch entries say.
        unseen: Place -> why what lies beside rows there could not be read.
        lost: Bucket -> why what came in the place of files that were gone could not be found.
    """

    listings: tuple[Listing, ...] = ()
    chosen: tuple[StoredFile, ...] = field(default=(), repr=False)
    vanished: int = 0
    words: Words = field(default_factory=Words)
    answers: Answers = field(default_factory=Answers)
    entries: tuple[LogEntry, ...] = ()
    log_objects: int = 0
    measures: Measures = field(default_factory=Measures)
    watched: Mapping[str, Watched] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """Data files in all."""
        return sum(len(listing.files) for listing in self.listings)

    @property
    def not_seen(self) -> tuple[str, ...]:
        """Why not all rows that were chosen could be asked."""
        refused = (one.refused for one in self.listings if one.refused)
        unread = {**self.lost, **self.words.damaged, **self.answers.unread}
        told = [f"{place}: {why}" for place, why in sorted(unread.items())[:SHOWN]]
        return (*refused, *told)

    @property
    def not_searched(self) -> tuple[str, ...]:
        """Why not all bytes that were chosen could be searched."""
        return (*self.not_seen, *(f"{place}: {why}" for place, why in self.unseen.items()))
