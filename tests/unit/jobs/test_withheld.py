from pathlib import Path

from support.sinks import flush, telemetry_lake
from support.wire import AMERICAN, GERMAN, pipeline, reading, registration, registry, wire

from jobs.withheld import RECORDS, Kept, count

KNOWN = registry(
    registration(GERMAN), registration(AMERICAN, vendor="360-robot-vacuum", consents=[])
)


def test_what_policies_kept_out_is_counted_by_maker_version_and_reason(tmp_path: Path) -> None:
    lake = telemetry_lake(tmp_path)
    records = [reading(x=1.0, y=2.0), reading(x=1.0, y=2.0, fault_kind="transient"), reading()]
    died = flush(lake, pipeline(known=KNOWN), [wire([*records, reading(device=AMERICAN)])])
    assert died is None
    smarock, other = (
        ("telemetry", "smarock", "2022.1"),
        ("telemetry", "360-robot-vacuum", "2018-05.1"),
    )
    assert count([lake["eu"]]) == {
        Kept(*smarock, "x", "no fault that a map is for"): 1,
        Kept(*smarock, "y", "no fault that a map is for"): 1,
        Kept(*other, RECORDS, "no consent"): 1,
    }
    assert count([lake["us"]]) == count([lake["eu"]])


def test_a_table_without_receipts_has_kept_nothing_out(tmp_path: Path) -> None:
    assert not count(telemetry_lake(tmp_path).values())
