"""What was seen of the bytes, once, for every check that asks."""

from dataclasses import dataclass, field

from jobs.verify.stored.files import StoredFile
from jobs.verify.stored.listing import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Every object by its name, and some by their bytes.

    Attributes:
        listings: Of each bucket, in the scene's order.
        chosen: The data files that were opened.
    """

    listings: tuple[Listing, ...] = ()
    chosen: tuple[StoredFile, ...] = field(default=(), repr=False)

    @property
    def files(self) -> int:
        """Data files in all."""
        return sum(len(listing.files) for listing in self.listings)
