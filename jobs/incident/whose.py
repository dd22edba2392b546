"""Whose data an incident concerns, in one region: counted, and on request resolved to accounts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobs import private_files
from jobs.incident.accounts import Computing, as_csv, is_among
from jobs.incident.exposure import Exposed, Reach, look
from jobs.incident.sent import Sent
from jobs.kafka import Cluster
from jobs.office import Office
from jobs.subjects.roll import Roll, read
from schemas.acts import Ground
from schemas.errors import SettingsError
from schemas.incidents import SUBJECTS, incidents, open_incident
from schemas.privacy import canonical
from schemas.regions import Region, Residency
from storage.ledger import Recorded
from storage.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody may have got at: stored rows within reach, or a topic's raw records.

    Attributes:
        bucket: Only in this one; empty for each of the region's.
        topic: Instead of stored rows.
    """

    reach: Reach
    bucket: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        stored = bool(self.reach.prefix or self.reach.version or self.bucket)
        if stored == bool(self.topic):
            raise SettingsError("some of --files, --key and --bucket, or --topic, are needed")

    @property
    def scope(self) -> Mapping[str, str]:
        """As the ledger tells it."""
        told = {
            "files": self.reach.prefix,
            "key": f"k{self.reach.version}" if self.reach.version else "",
            "bucket": self.bucket,
            "topic": self.topic,
            "since": self.reach.since.isoformat() if self.reach.since else "",
        }
        return {name: text for name, text in told.items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """A region's places.

    Attributes:
        buckets: By name.
        cluster: Reached only when it is needed.
        computing: Opens the keyring only when it is needed.
    """

    region: Region
    residency: Residency
    buckets: Mapping[str, ObjectStore]
    cluster: Callable[[], Cluster]
    computing: Callable[[], Computing] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whose data it is.

    Attributes:
        accounts: Of how many pseudonyms, or devices of a topic, the account is in the file; None
            where nobody asked for that.
    """

    exposed: Exposed
    recorded: Recorded
    accounts: int | None = None


def whose(
    office: Office, number: str, question: Question, *, places: Places, accounts: Path | None = None
) -> Answer:
    """Find whose data it is, and tell in the ledger that somebody looked.

    Args:
        number: Of an open incident.
        accounts: A file to be made, for its owner's eyes only: whom to tell. It gets its name after
            the act is entered.

    Raises:
        PolicyError: No such incident is open.
        SettingsError: There is no such bucket or topic, or the file is there already.
        RetryableError: A store or Kafka does not answer: nobody knows.
        IntegrityError: A file cannot be read: nobody knows.
    """
    open_incident(incidents(office.ledger.entries()), number)
    office.check()
    exposed, roll = _find(question, places, resolved=accounts is not None)
    told = {"incident": number, **question.scope, "accounts": "yes" if accounts else "no"}
    counts = {"files": exposed.files, "rows": exposed.rows.total()}
    act = office.act(
        SUBJECTS, Ground.DEFECT, scope=told, looked_at={**counts, "names": len(exposed.everybody)}
    )
    if accounts is None or roll is None:
        return Answer(exposed, office.record(act))
    with private_files.growing(accounts) as file:
        file.write(as_csv(roll))
        recorded = office.record(act)
    return Answer(exposed, recorded, len(roll.devices))


def _find(question: Question, places: Places, *, resolved: bool) -> tuple[Exposed, Roll | None]:
    """What is exposed, and the robots whose it is, where that was asked for."""
    if question.topic:
        return _find_sent(question, places)
    if question.bucket and question.bucket not in places.buckets:
        raise SettingsError(f"--bucket: one of {', '.join(places.buckets)}")
    chosen = [question.bucket] if question.bucket else [*places.buckets]
    exposed = look([places.buckets[name] for name in chosen], question.reach)
    if not resolved:
        return exposed, None
    with places.cluster() as cluster:
        return exposed, read(cluster, is_among(exposed.everybody, places.computing().names))


def _find_sent(question: Question, places: Places) -> tuple[Exposed, Roll]:
    with places.cluster() as cluster:
        sent = Sent.read(cluster, question.topic, question.reach.since)
        roll = read(cluster, is_among(frozenset(sent.records), lambda one: [canonical(one)]))
    exposed = sent.exposed(places.region, places.residency, roll)
    mine = {device: one for device, one in roll.devices.items() if device in exposed.everybody}
    return exposed, Roll(mine, roll.next_offset)
