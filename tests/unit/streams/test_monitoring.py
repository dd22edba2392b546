import re
import urllib.request
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SettingsError
from schemas.metrics import (
    METRICS,
    RECORDS_ENDED,
    RECORDS_READ,
    RESIDENT_BYTES,
    WORKER_METRICS,
    Kind,
)
from streams.monitoring import Exposition, Meter

_LINE = re.compile(r'[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? [0-9.e+]+')


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 10**12))))
def test_what_was_counted_adds_up(counted: list[tuple[str, int]]) -> None:
    meter = Meter()
    for topic, amount in counted:
        meter.add(RECORDS_READ, amount, topic=topic)
    assert meter.value(RECORDS_READ) == sum(amount for _, amount in counted)
    assert meter.value(RECORDS_READ, topic="a") == sum(n for topic, n in counted if topic == "a")


def test_labels_are_those_of_the_metric() -> None:
    with pytest.raises(ValueError, match="labels are topic, how"):
        Meter().add(RECORDS_ENDED, topic="a")


@given(st.text())
def test_any_label_makes_one_line_that_prometheus_can_read(how: str) -> None:
    meter = Meter()
    meter.add(RECORDS_ENDED, 3, topic="fleet.telemetry", how=how)
    lines = meter.exposition().split("\n")
    values = [line for line in lines if line and not line.startswith("#")]
    assert len(values) == 2
    if not set(how) & {"\r"}:
        assert all(map(_LINE.fullmatch, values))


def test_the_exposition_says_of_every_metric_what_it_is() -> None:
    text = Meter().exposition()
    for metric in WORKER_METRICS:
        assert f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n" in text


def test_the_summary_tells_only_what_changed() -> None:
    meter = Meter()
    meter.add(RECORDS_READ, 2_000_000, topic="a")
    assert "records_read=2000000" in meter.summary()
    assert "records_read" not in meter.summary()


def test_names_are_prometheus_names_and_unique() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    for metric in METRICS:
        assert re.fullmatch(r"(fortnight|kafka)_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)


def test_it_is_served_on_this_machine_only() -> None:
    meter = Meter()
    meter.add(RECORDS_READ, 7, topic="fleet.telemetry")
    served = Exposition(meter, 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics") as answer:
            text = answer.read().decode()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{served.port}/")
        refused.value.close()
    finally:
        served.close()
    assert 'fortnight_records_read_total{topic="fleet.telemetry"} 7\n' in text
    assert meter.value(RESIDENT_BYTES) > 10**6
    assert refused.value.code == 404


def test_who_may_be_elsewhere_needs_the_token_for_numbers_and_not_for_probes() -> None:
    token = "correct horse battery staple"
    with pytest.raises(SettingsError, match=r"FORTNIGHT_METRICS_TOKEN.* needs a token"):
        Exposition(Meter(), 0, host="0.0.0.0")  # noqa: S104 - refused
    with closing(Exposition(Meter(), 0, {"/livez": lambda: ""}, token=token)) as served:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/livez") as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics")
        refused.value.close()
        assert refused.value.code == 401


def test_a_check_that_says_why_not_is_service_unavailable() -> None:
    checks = {"/livez": lambda: "", "/readyz": lambda: "the store is away"}
    served = Exposition(Meter(), 0, checks)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/livez") as answer:
            alive = answer.status, answer.read()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{served.port}/readyz")
        why = refused.value.read()
        refused.value.close()
    finally:
        served.close()
    assert alive == (200, b"ok\n")
    assert (refused.value.code, why) == (503, b"the store is away\n")
