"""Expiry and sweeping while others work, killed anywhere, and where old versions are kept."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support.lake import Writer, empty
from support.rows import NOW
from typer.testing import CliRunner

from jobs.cli import app
from jobs.demo.object_store import S3Server
from jobs.expire import PERIOD, expire, look
from schemas.errors import RetryableError, StoreUnavailableError
from schemas.regions import Region
from schemas.settings import RegionSettings, Settings
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.places import location_of, open_lake, open_stores
from storage.s3 import S3Bucket, S3Store

HOUR = timedelta(hours=1)
EU = Region("eu")


class Killed(DirectoryStore):
    """Deletes some objects, and then the process is gone."""

    def __init__(self, root: Path, lives: int) -> None:
        super().__init__(root)
        self.lives = lives

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        for key in keys:
            if not self.lives:
                raise StoreUnavailableError(key)
            self.lives -= 1
            super().delete([key], every_version=every_version)


def object_count(destination: Destination) -> int:
    return len(list(destination.store.list_versions("telemetry/date=")))


@pytest.mark.parametrize("lives", range(4))
def test_a_run_killed_while_it_deletes_is_finished_by_the_next(tmp_path: Path, lives: int) -> None:
    writer = Writer(empty(tmp_path))
    due = [writer.put(NOW) for _ in range(4)]
    kept = writer.put(NOW + HOUR)
    writer.commit(*due, kept)
    with pytest.raises(StoreUnavailableError):
        expire(empty(Killed(tmp_path, lives)), NOW)
    assert [file.path for file in writer.destination.live()] == [kept.path]
    assert object_count(writer.destination) == 5 - lives
    report = expire(writer.destination, NOW)
    assert report.dropped == 0
    assert len(report.plan.left_over) == 4 - lives
    assert object_count(writer.destination) == 1


def test_several_runs_at_once_beside_a_worker_drop_each_file_once(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    for _ in range(12):
        writer.commit(writer.put(NOW), writer.put(NOW + HOUR))
    stop = threading.Event()

    def work() -> int:
        commits = 0
        while not stop.wait(0.01):
            file = writer.put(NOW + HOUR)
            try:
                writer.commit(file)
            except RetryableError:
                continue
            commits += 1
        return commits

    with ThreadPoolExecutor(5) as pool:
        worker = pool.submit(work)
        try:
            runs = [pool.submit(expire, empty(tmp_path), NOW) for _ in range(4)]
            dropped = [run.result().dropped for run in runs]
        finally:
            stop.set()
        assert worker.result() > 0
    assert sum(dropped) == 12
    removed = [path for entry in writer.destination.entries() for path in entry.removed]
    assert len(removed) == len(set(removed)) == 12
    live = writer.destination.live()
    assert all(file.path.expires > NOW + PERIOD for file in live)
    assert writer.destination.dataset().count_rows() == sum(file.rows for file in live)


@pytest.fixture
def places(s3: S3Server) -> Settings:
    """One region, with a bucket that keeps versions and has its tables."""
    mark = uuid4().hex[:8]
    settings = Settings(
        regions=(RegionSettings(EU, f"eu-{mark}", "eu-central-1"),), s3_endpoint=s3.url
    )
    S3Bucket(location_of(settings.regions[0], settings), []).create(versioned=True)
    for destination in open_lake(open_stores(settings), settings).values():
        destination.create()
    return settings


def command_line(settings: Settings) -> CliRunner:
    regions = ",".join(f"{r.region}={r.bucket}@{r.location}" for r in settings.regions)
    return CliRunner(
        env={"FORTNIGHT_REGIONS": regions, "FORTNIGHT_S3_ENDPOINT": settings.s3_endpoint}
    )


def test_every_version_of_what_is_due_is_gone(places: Settings) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    destination = open_lake(open_stores(places), places)["telemetry", EU]
    writer = Writer(destination)
    due, kept, hidden = writer.put(now), writer.put(now + 2 * HOUR), writer.put(now)
    writer.commit(due, kept)
    destination.store.delete([f"telemetry/{hidden.path}"])  # leaves its version, and a marker
    assert object_count(destination) == 4

    run = command_line(places)
    dry = run.invoke(app, ["expire", "--dry-run"])
    assert dry.exit_code == 0
    assert f"drop {due.path}" in dry.output
    assert f"delete {hidden.path}" in dry.output
    assert str(kept.path) not in dry.output
    assert object_count(destination) == 4

    done = run.invoke(app, ["expire"])
    assert done.exit_code == 0
    assert "telemetry in eu: dropped 1 files (3 rows), deleted 2; the oldest row" in done.output
    left = list(destination.store.list_versions("telemetry/date="))
    assert [info.key for info in left] == [f"telemetry/{kept.path}"]
    assert not look(destination, now)[0].delete


def test_an_unfinished_upload_is_aborted_when_it_is_old(places: Settings) -> None:
    store = open_stores(places)[EU]
    assert isinstance(store, S3Store)
    client = store.location.client()
    client.create_multipart_upload(Bucket=store.location.bucket, Key="telemetry/part")
    # moto says of every upload that it began in 2010
    assert "aborted" not in command_line(places).invoke(app, ["expire", "--dry-run"]).output
    assert "aborted 1 unfinished uploads" in command_line(places).invoke(app, ["expire"]).output
    assert "Uploads" not in client.list_multipart_uploads(Bucket=store.location.bucket)


def test_orphans_are_swept_by_the_store_s_clock(places: Settings) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    destination = open_lake(open_stores(places), places)["telemetry", EU]
    writer = Writer(destination)
    live, orphan = writer.put(now + 2 * HOUR), writer.put(now + 2 * HOUR)
    writer.commit(live)
    run = command_line(places)
    young = run.invoke(app, ["sweep"])
    assert "telemetry in eu: no orphans" in young.output
    time.sleep(1.5)  # the store's clock counts whole seconds
    age = {"FORTNIGHT_ORPHAN_AGE": "0.000001"}
    dry = run.invoke(app, ["sweep", "--dry-run"], env=age)
    assert f"delete {orphan.path}" in dry.output
    assert "no log entry names it" in dry.output
    assert object_count(destination) == 2
    assert f"deleted {orphan.path}" in run.invoke(app, ["sweep"], env=age).output
    assert object_count(destination) == 1
    assert destination.dataset().count_rows() == 3
