from datetime import UTC, datetime
from pathlib import Path

from support.sinks import flush, telemetry_lake
from support.wire import AMERICAN, EU, GERMAN, US, admission, reading, wire

from jobs import keys
from schemas.keyring import Keyring
from schemas.tables import TELEMETRY
from schemas.wrapping import Passphrase
from storage.lake import Destination
from streams.keys import WatchedKeyring
from streams.pipeline import Pipeline

PASS = Passphrase("correct horse battery staple")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def told(destination: Destination) -> list[tuple[int, int]]:
    """(key version, rows) of each commit that moved rows."""
    receipts = [entry.receipt for entry in destination.entries() if entry.receipt]
    return [(one.key_version, one.rows) for one in receipts if one.rows]


def stored(destination: Destination) -> set[tuple[int, str]]:
    rows = destination.dataset().to_table(["key_version", "device"])
    pairs = zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True)
    return {(version, device.partition(":")[0]) for version, device in pairs}


def test_a_running_worker_writes_under_a_new_version_and_its_receipts_say_so(
    tmp_path: Path,
) -> None:
    path, lake = tmp_path / "keyring", telemetry_lake(tmp_path)
    keys.create(path, [EU, US], PASS, NOW)
    keyring = WatchedKeyring(path, lambda sealed: Keyring.unseal(sealed, PASS), [EU, US])
    pipeline = Pipeline(TELEMETRY, admission(), keyring.newest(), newest_keys=keyring.newest)
    both = [reading(), reading(device=AMERICAN)]
    assert flush(lake, pipeline, [wire(both)]) is None

    def rotate_in_flight(step: str) -> None:
        if step == "put/eu":
            keys.change(path, PASS, lambda it: it.rotate(EU, NOW), opening=[EU])

    assert flush(lake, pipeline, [wire(both, first=2)], step=rotate_in_flight) is None
    assert flush(lake, pipeline, [wire([*both, reading(device=GERMAN)], first=4)]) is None
    assert told(lake["eu"]) == [(1, 1), (1, 1), (2, 2)]
    assert told(lake["us"]) == [(1, 1), (1, 1), (1, 1)]
    assert stored(lake["eu"]) == {(1, "k1"), (2, "k2")}
    assert stored(lake["us"]) == {(1, "k1")}
