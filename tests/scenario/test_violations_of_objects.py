"""Mischief that only an S3 knows: versions, markers, uploads, and words beside objects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from support.configured import clean
from support.verified.columns import ADDRESS
from support.verified.house import FRENCH, GERMAN, NOW, QIHOO, SMAROCK, House, broken, findings
from support.verified.planting import both, by, newest
from support.wire import EU, US

from jobs.demo.object_store import S3Server
from jobs.verify import Outcome, Scene, verify
from jobs.verify.configuration.collect import collect
from jobs.verify.scene import Purpose
from schemas.retention import format_hour
from schemas.settings import RegionSettings, Settings
from schemas.tables import CLEANING_HISTORY
from storage.s3 import S3Bucket, S3Location, S3Store
from storage.s3.evidence import Unseen

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AGES = both("fortnight", "two-weeks")
FIRST_ENTRY = f"telemetry/_delta_log/{1:020}.json"


@dataclass(frozen=True, slots=True)
class Served:
    """The house's objects in a bucket that keeps versions."""

    house: House
    where: S3Location

    @property
    def client(self) -> "S3Client":
        return self.where.client()

    def verify(self) -> Outcome:
        """The promises about bytes: how the bucket is set up is another test's."""
        return verify(replace(self.scene(), configured=clean()))

    def scene(self) -> Scene:
        scene = self.house.scene()
        eu, us = scene.buckets
        place = RegionSettings(EU, self.where.bucket, self.where.location)
        settings = Settings(regions=(place, scene.settings.regions[1]))
        seen = replace(eu, name=self.where.bucket, store=S3Store(self.where), where=self.where)
        assert us.purpose is Purpose.ROWS
        return replace(scene, buckets=(seen, us), settings=settings)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        yield House.build(Path(folder) / "clean")


@pytest.fixture
def served(house: House, s3: S3Server) -> Served:
    where = S3Location(f"verified-{uuid4().hex[:12]}", "eu-central-1", s3.url)
    S3Bucket(where, ["telemetry", "map_tiles", "cleaning_history"]).create(versioned=True)
    store = S3Store(where)
    for info in house.store(EU).list():
        store.put(info.key, house.store(EU).get(info.key))
    return Served(house, where)


def _past(house: House) -> str:
    """A path whose hour has passed."""
    day, hour = (NOW - timedelta(days=16)).date(), format_hour(NOW - timedelta(days=1))
    del house
    return f"telemetry/date={day}/expires={hour}/{uuid4().hex}.parquet"


def deleted_by_name_only(served: Served) -> None:
    served.client.delete_object(
        Bucket=served.where.bucket, Key=newest(served.house, CLEANING_HISTORY)
    )


def an_old_version_past_its_hour(served: Served) -> None:
    key, store = _past(served.house), S3Store(served.where)
    store.put(key, b"PAR1")
    store.delete([key])


def parts_of_an_upload_past_its_hour(served: Served) -> None:
    served.client.create_multipart_upload(Bucket=served.where.bucket, Key=_past(served.house))


def a_serial_number_in_an_objects_metadata(served: Served) -> None:
    _put_again(served, Metadata={"origin": GERMAN.serial.lower()})


def a_serial_number_in_a_tag(served: Served) -> None:
    _put_again(served, Tagging=f"robot={FRENCH.serial.replace(':', '-')}")


def a_networks_name_as_a_tag(served: Served) -> None:
    _put_again(served, Tagging="wifi-ssid=x")


def a_cards_address_in_an_objects_metadata(served: Served) -> None:
    _put_again(served, Metadata={"gateway": ADDRESS})


def a_serial_number_in_a_tag_of_a_log_entry(served: Served) -> None:
    _put_again(served, FIRST_ENTRY, Tagging=f"{FRENCH.serial}=x")


def a_serial_number_in_a_tag_of_a_watch_entry(served: Served) -> None:
    place = f"_watch/expires={format_hour(NOW + timedelta(hours=1))}/{uuid4().hex}.sealed"
    S3Store(served.where).put(place, b"sealed")
    _put_again(served, place, Tagging=f"{FRENCH.serial}=x")


def a_serial_number_in_an_old_version_of_a_log_entry(served: Served) -> None:
    """Somebody put it right, in a bucket that keeps what was wrong."""
    store = S3Store(served.where)
    right = store.get(FIRST_ENTRY)
    store.put(FIRST_ENTRY, right + f'{{"seen": "{GERMAN.serial}"}}\n'.encode())
    store.put(FIRST_ENTRY, right)


def a_serial_number_in_a_deleted_objects_name(served: Served) -> None:
    place = f"_checks/{GERMAN.serial}"
    S3Store(served.where).put(place, b"")
    served.client.delete_object(Bucket=served.where.bucket, Key=place)


def _put_again(served: Served, key: str = "", **beside: Any) -> None:  # noqa: ANN401 - of put_object
    key = key or newest(served.house)
    data = S3Store(served.where).get(key)
    served.client.put_object(Bucket=served.where.bucket, Key=key, Body=data, **beside)


@pytest.mark.parametrize(
    ("plant", "breaks"),
    [
        (deleted_by_name_only, AGES),
        (an_old_version_past_its_hour, AGES),
        (parts_of_an_upload_past_its_hour, AGES),
        (a_serial_number_in_an_objects_metadata, by(SMAROCK, "collect-device")),
        (a_serial_number_in_a_tag, by(QIHOO, "collect-association")),
        (a_serial_number_in_a_tag_of_a_log_entry, by(QIHOO, "collect-association")),
        (a_serial_number_in_a_tag_of_a_watch_entry, by(QIHOO, "collect-association")),
        (a_serial_number_in_an_old_version_of_a_log_entry, by(SMAROCK, "collect-device")),
        (a_serial_number_in_a_deleted_objects_name, by(SMAROCK, "collect-device")),
        (a_networks_name_as_a_tag, both("no-network-identifiers")),
        (a_cards_address_in_an_objects_metadata, both("no-network-identifiers")),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_violation_that_only_s3_shows_is_found(
    plant: Callable[[Served], None], breaks: frozenset[str], served: Served
) -> None:
    plant(served)
    outcome = served.verify()
    assert broken(outcome) == breaks, "\n".join(findings(outcome))


def test_a_bucket_that_keeps_versions_and_every_promise_is_no_violation(served: Served) -> None:
    outcome = served.verify()
    assert not list(findings(outcome))
    assert US in outcome.scene.regions


def test_a_violation_of_residence_is_a_bucket_that_nobody_named_with_any_folder_of_ours(
    served: Served,
) -> None:
    ours = ("_held", "_holds", "_ledger", "_links", "_preserved", "_watch", "telemetry")
    where = replace(served.where, bucket=f"unnamed-{uuid4().hex[:12]}")
    S3Bucket(where, []).create(versioned=True)
    for folder in (*ours, "photos"):
        S3Store(where).put(f"{folder}/a", b"")
    others = collect(served.scene()).others
    assert not isinstance(others, Unseen)
    assert others[where.bucket] == ours
