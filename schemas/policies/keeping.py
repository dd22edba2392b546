"""Clauses on how long data is kept, where, and how it is guarded there."""

from datetime import timedelta
from typing import Literal

from schemas.policies.clause import Clause

Copy = Literal["rows", "ledger", "logs", "replicas", "kafka"]
"""What a place of storage is said of."""


class Retention(Clause, tag="retention", frozen=True, kw_only=True):
    """How long rows are kept: a maximum, and a minimum.

    Attributes:
        tables: Whose rows.
        at_most: No row, and no copy of it, is older.
        at_least: A row is there so long.
        early: How much earlier than `at_least` a row may go, for rows that go together.
        stated: The published policy says so; else it is what this deployment chose.
    """

    tables: tuple[str, ...]
    at_most: timedelta
    at_least: timedelta
    early: timedelta
    stated: bool


class Permanent(Clause, tag="permanent", frozen=True, kw_only=True):
    """What is kept while the account exists.

    Attributes:
        topics: Kafka's, compacted: of each device the newest registration.
    """

    topics: tuple[str, ...]


class Hold(Clause, tag="hold", frozen=True, kw_only=True):
    """What is kept although it is due: expiry and erasure wait.

    Attributes:
        grounds: For which somebody may place one.
    """

    grounds: tuple[str, ...]


class Residence(Clause, tag="residency", frozen=True, kw_only=True):
    """Where data lies.

    Attributes:
        region: Whose devices; empty: every region, as this deployment and local law have it.
        location: Where that is promised, an S3 location.
        covers: What has to lie there.
    """

    region: str = ""
    location: str = ""
    covers: tuple[Copy, ...]


class Transport(Clause, tag="transport", frozen=True, kw_only=True):
    """Nothing travels in the clear.

    Attributes:
        hops: Between which parties.
        mutual: Both sides show who they are.
    """

    hops: tuple[Literal["kafka", "s3"], ...]
    mutual: bool


class Storage(Clause, tag="storage", frozen=True, kw_only=True):
    """What lies somewhere lies there encrypted."""

    encrypted: tuple[Literal["objects", "keyring"], ...]
