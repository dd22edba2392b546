"""How a deployment is set up, as it was found: values, from which checks draw their conclusions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from jobs.kafka import BrokerPlace, Permission, Topic
from jobs.verify.configuration.tried import InS3
from schemas.ledger import Entry
from storage.s3.evidence import BucketEvidence, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A bucket that the settings name.

    Attributes:
        purpose: `rows`, `restricted`, `holds` or `anchors`.
        set_to: The location that the settings say; what a policy promises comes before it.
        found: Its configuration; None: it is not there. Unseen: a folder, or no answer.
    """

    name: str
    region: str
    purpose: str
    set_to: str
    found: Seen[BucketEvidence | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """A cluster.

    Attributes:
        topics: Ours, with their settings; those that are there.
        all_topics, groups: Names of everything that we can see.
        brokers: Who they are, and where they say that they are.
        permissions: Its lists; empty and `unguarded`: nobody asks them.
        unguarded: It has no authorizer: whoever reaches it may do everything.
        tried: Role -> topic -> what the cluster answers that this role may do, asked as that role.
        strays: Topic that is none of ours -> whether records in it name devices of ours.
    """

    topics: Seen[Mapping[str, Topic]]
    all_topics: Seen[tuple[str, ...]]
    groups: Seen[tuple[str, ...]]
    brokers: Seen[tuple[BrokerPlace, ...]]
    permissions: Seen[frozenset[Permission]]
    unguarded: bool = False
    tried: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    strays: Mapping[str, Seen[bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One way that data travels, and who is let in at its end.

    Attributes:
        hop: `kafka` or `s3`.
        place: `host:port`, or a bucket and its endpoint.
        local: It ends on this machine.
        answers: Whether it answers us, as we are set to ask.
        in_the_clear: Whether it answers what is not encrypted; only a refusal is a no.
        to_strangers: The same of somebody who does not show who they are.
    """

    hop: str
    place: str
    local: bool
    answers: bool
    in_the_clear: Seen[bool]
    to_strangers: Seen[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A region's ledger.

    Attributes:
        refused: Why it could not be read; empty where it could.
        broken: What is wrong with chain, signatures, anchors and approvals, in words.
        anchors: Where they are.
        anchored: When the newest was put, by that store's clock.
        unanchored: When the oldest entry was made that no anchor covers; None: there is none.
        since: When the first entry was made, or the region's first key.
    """

    region: str
    refused: str = ""
    entries: tuple[Entry, ...] = ()
    broken: tuple[str, ...] = ()
    anchors: str = ""
    anchored: datetime | None = None
    unanchored: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """All of it.

    Attributes:
        account: The AWS account of whoever looks; empty: nobody says.
        others: Bucket that no setting names -> folders in it that are called as ours are.
        keyring: Version of a key -> how it is wrapped; empty: in the clear.
        keyring_open: Whether others than its owner may read the keyring's file.
        in_s3: What roles were let do in S3, asked as they.
    """

    buckets: tuple[Placed, ...]
    kafka: Kafka
    hops: tuple[Hop, ...]
    books: tuple[Books, ...]
    others: Seen[Mapping[str, Seen[tuple[str, ...]]]]
    account: str
    keyring: Seen[Mapping[str, str]]
    keyring_open: bool
    now: datetime
    in_s3: InS3 = field(default_factory=InS3)
