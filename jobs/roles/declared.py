"""The roles: what each is for, and the least that it needs. Whatever is not here is refused.

A right on records or rows is one on what Kafka or S3 can tell apart: topics, groups, buckets and
the beginnings of object keys.

Registrations are the account service's. Officers may write to their topic too: what they say of a
device (restricted, stopped, erased, held) has to have one order with its registrations, or a replay
would judge otherwise than the first try did; and a consent that a subject takes back, or a wrong
country, has to hold also where the account service is slow to say so. Each such record is an act
with an entry in the ledger, which names nobody.
"""

from dataclasses import dataclass
from enum import StrEnum

from jobs.buckets import Purpose
from jobs.replay import MARKS, NAME
from jobs.subjects.marks import NAME as MARKING
from schemas.settings import Settings
from schemas.tables import CLEANING_HISTORY, DEAD_LETTERS, MAP_TILES, STREAMED, TABLES, TELEMETRY
from schemas.tables.devices import DEVICES_TOPIC
from storage import ledger, links, watches
from storage.holds import signs


class Kind(StrEnum):
    """What Kafka knows rights on, in its own words."""

    TOPIC = "Topic"
    GROUP = "Group"
    TRANSACTION = "TransactionalId"
    CLUSTER = "Cluster"


@dataclass(frozen=True, slots=True)
class KafkaRight:
    """What may be done with some of Kafka's resources.

    Attributes:
        operations: Kafka's words; one that reads, writes, deletes or alters also describes.
        prefixed: The names are beginnings of names.
    """

    kind: Kind
    names: tuple[str, ...]
    operations: tuple[str, ...]
    prefixed: bool = False


@dataclass(frozen=True, slots=True)
class S3Right:
    """What may be done in one of a region's buckets.

    Attributes:
        actions: IAM's words, without `s3:`.
        keys: Patterns of object keys; none: the bucket itself.
        purpose: Which of the buckets.
    """

    actions: tuple[str, ...]
    keys: tuple[str, ...] = ()
    purpose: Purpose = Purpose.ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Somebody, or a program, with the rights that its work needs.

    Attributes:
        does: What it is for.
        never: What it must not be able to do; the tests try each of these.
        kms: IAM's words, without `kms:`, where FORTNIGHT_WRAPPING is kms.
        kms_of: Beginning of the versions whose keys may be opened; empty: of all.
    """

    name: str
    does: str
    never: str
    kafka: tuple[KafkaRight, ...] = ()
    s3: tuple[S3Right, ...] = ()
    kms: tuple[str, ...] = ()
    kms_of: str = ""


_DATA = tuple(STREAMED)
_INPUT = (*_DATA, DEVICES_TOPIC)
_LOOK = ("Describe", "DescribeConfigs")
_CLUSTER = ("kafka-cluster",)

_LIST = ("GetBucketLocation", "ListBucket")
_LIST_VERSIONS = (*_LIST, "ListBucketMultipartUploads", "ListBucketVersions")
_FIND, _FIND_VERSIONS = S3Right(_LIST), S3Right(_LIST_VERSIONS)
_READ, _WRITE = ("GetObject",), ("GetObject", "PutObject", "AbortMultipartUpload")
_REMOVE = ("DeleteObject", "DeleteObjectVersion")
_CONFIGURATION = (
    "BucketPublicAccessBlock",
    "BucketVersioning",
    "EncryptionConfiguration",
    "LifecycleConfiguration",
)
_EVIDENCE = (
    "GetBucketAcl",
    "GetBucketLogging",
    "GetBucketNotification",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetInventoryConfiguration",
    "GetReplicationConfiguration",
)
_READ_ALL = ("GetObject", "GetObjectTagging", "GetObjectVersion")
"""What is beside an object's bytes, too."""

_EVERY_TABLE = tuple(f"{name}/*" for name in TABLES)
_LOGS = tuple(f"{name}/_delta_log/*" for name in TABLES)
_LEDGER, _LINKS, _WATCH = f"{ledger.FOLDER}/*", f"{links.FOLDER}/*", f"{watches.FOLDER}/*"
_SIGNS = f"{signs.FOLDER}/*"
_CHECKS, _CLOCK = "_checks/*", "clock/*"
"""Where a worker tests its store, and a sweep asks it for the time."""

_ANYTHING = ("*",)


def _aside(actions: tuple[str, ...], purpose: Purpose) -> tuple[S3Right, S3Right]:
    """What may be done in a bucket for rows that are put aside, all of its objects alike."""
    return (
        S3Right(_LIST_VERSIONS, purpose=purpose),
        S3Right(actions, _ANYTHING, purpose=purpose),
    )


def roles(settings: Settings) -> tuple[Role, ...]:
    """Every role of a deployment with these settings; each region has its own of those in S3."""
    group = (settings.group,)
    return (*_programs(group), *_people(group))


def _programs(group: tuple[str, ...]) -> tuple[Role, ...]:
    return (
        Role(
            name="fleet",
            does="robots, or the gateway that speaks for them: publish what they measured",
            never="read a record, register a device, touch a bucket",
            kafka=(KafkaRight(Kind.TOPIC, _DATA, ("Write",)),),
        ),
        Role(
            name="account-service",
            does="says which device is whose, where it lives, and what was consented to",
            never="read a record, publish a measurement, touch a bucket",
            kafka=(KafkaRight(Kind.TOPIC, (DEVICES_TOPIC,), ("Write",)),),
        ),
        Role(
            name="worker",
            does="from Kafka to the tables of its regions",
            never="publish a record, delete a row or a version, reach another region's bucket",
            kafka=(
                KafkaRight(Kind.TOPIC, _INPUT, ("Read", "DescribeConfigs")),
                KafkaRight(Kind.GROUP, group, ("Read",), prefixed=True),
            ),
            s3=(
                _FIND,
                S3Right(("ListBucketVersions",)),  # to leave nothing of its test behind
                S3Right(_WRITE, _EVERY_TABLE),
                S3Right((*_WRITE, *_REMOVE), (_CHECKS,)),
            ),
            kms=("Decrypt",),
        ),
        Role(
            name="upkeep",
            does="expires, sweeps, compacts and reconciles a region's tables; copies what is held",
            never="see Kafka, or another region's bucket; delete what is held",
            s3=(
                _FIND_VERSIONS,
                S3Right((*_WRITE, *_REMOVE), (*_EVERY_TABLE, _CLOCK)),
                S3Right(_REMOVE, (_LINKS, _WATCH)),
                *_aside((*_WRITE, *_REMOVE), Purpose.RESTRICTED),
                *_aside(_WRITE, Purpose.HELD),
            ),
            kms=("Decrypt",),
            kms_of="hold ",
        ),
        Role(
            name="watch",
            does="measures lag and freshness, from Kafka's figures and the tables' logs",
            never="read a record or a file of rows, publish, join the workers' group",
            kafka=(
                KafkaRight(Kind.TOPIC, _INPUT, _LOOK),  # says also when a record came
                KafkaRight(Kind.GROUP, group, ("Describe",), prefixed=True),
            ),
            s3=(_FIND, S3Right(_READ, _LOGS)),
        ),
    )


def _people(group: tuple[str, ...]) -> tuple[Role, ...]:
    return (
        Role(
            name="analyst",
            does="queries telemetry and cleanings",
            never="see a map, a topic, a key, an object's old version; write anything",
            s3=(
                _FIND,
                S3Right(_READ, tuple(f"{t.name}/*" for t in (TELEMETRY, CLEANING_HISTORY))),
            ),
        ),
        Role(
            name="map-analyst",
            does="looks at maps, which identify homes whatever is done to their columns",
            never="see another table, a topic, a key, an object's old version; write anything",
            s3=(_FIND, S3Right(_READ, (f"{MAP_TILES.name}/*",))),
        ),
        Role(
            name="link-analyst",
            does="joins what analysts found before and after a key's rotation, while links last",
            never="see a table, a topic, a key, an object's old version; write anything",
            s3=(_FIND, S3Right(_READ, (_LINKS,))),
        ),
        Role(
            name="operator",
            does="makes topics, buckets and tables, and checks that they keep the promises",
            never="read a record, or a row but of dead letters, which are positions; publish",
            kafka=(
                KafkaRight(Kind.TOPIC, _INPUT, ("Create", "AlterConfigs", *_LOOK)),
                KafkaRight(Kind.GROUP, group, ("Describe",), prefixed=True),
            ),
            s3=(
                _FIND,
                *(
                    S3Right(("CreateBucket", *_both(_CONFIGURATION)), purpose=one)
                    for one in Purpose
                ),
                S3Right(_WRITE, _LOGS),
                S3Right(_READ, (f"{DEAD_LETTERS.name}/*",)),
            ),
        ),
        Role(
            name="officer",
            does="answers subjects' requests, and marks their devices; sends dead letters again",
            never="change a bucket's settings, delete an entry of the ledger or a topic",
            kafka=(
                KafkaRight(Kind.TOPIC, _INPUT, ("Read", "Write", "DescribeConfigs")),
                KafkaRight(Kind.TOPIC, (MARKS,), ("Create", "Read", "Write", "DescribeConfigs")),
                KafkaRight(Kind.TRANSACTION, (NAME, MARKING), ("Write",)),
                KafkaRight(Kind.GROUP, group, ("Describe",), prefixed=True),
            ),
            s3=(
                _FIND_VERSIONS,
                S3Right((*_WRITE, *_REMOVE, "GetObjectVersion"), _EVERY_TABLE),
                S3Right(_WRITE, (_LEDGER,)),
                S3Right((*_WRITE, *_REMOVE), (_LINKS, _WATCH, _SIGNS)),
                *_aside((*_WRITE, *_REMOVE, "GetObjectVersion"), Purpose.RESTRICTED),
                *_aside((*_WRITE, *_REMOVE, "GetObjectVersion"), Purpose.HELD),
            ),
            kms=("CreateKey", "Decrypt", "Encrypt", "ScheduleKeyDeletion"),
        ),
        Role(
            name="custodian",
            does="keeps the keyring and what opens it; makes and rotates keys, told in the ledger",
            never="see a record or a row: who can compute pseudonyms must not meet them",
            s3=(_FIND, S3Right(_WRITE, (_LEDGER,))),
            kms=("CreateKey", "Decrypt", "Encrypt", "ScheduleKeyDeletion"),
        ),
        Role(
            name="auditor",
            does="checks every promise against stored bytes and live configuration",
            never="read a record, write, delete, open the keyring",
            kafka=(
                KafkaRight(Kind.TOPIC, (*_INPUT, MARKS), _LOOK),
                KafkaRight(Kind.GROUP, group, ("Describe",), prefixed=True),
                KafkaRight(Kind.CLUSTER, _CLUSTER, _LOOK),
            ),
            s3=(
                _FIND_VERSIONS,
                S3Right(("ListAllMyBuckets",)),
                S3Right((*(f"Get{name}" for name in _CONFIGURATION), *_EVIDENCE)),
                S3Right(_READ_ALL, (*_EVERY_TABLE, _LEDGER, _LINKS, _WATCH, _SIGNS)),
                *(
                    right
                    for one in (Purpose.RESTRICTED, Purpose.HELD)
                    for right in (
                        S3Right(
                            (*(f"Get{name}" for name in _CONFIGURATION), *_EVIDENCE), purpose=one
                        ),
                        *_aside(_READ_ALL, one),
                    )
                ),
            ),
        ),
    )


def _both(configuration: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{verb}{name}" for verb in ("Get", "Put") for name in configuration)
