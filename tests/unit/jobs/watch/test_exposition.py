import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection

import msgspec
import pytest
from support.watched import NOW, SECOND, hour, partition_state, problem, state

from jobs.watch.exposition import exposition, numbers
from jobs.watch.history import History
from jobs.watch.serving import Serving
from schemas.errors import SettingsError
from schemas.exposition import parse_text
from schemas.metrics import (
    KAFKA_LAG,
    KAFKA_LAG_SECONDS,
    KAFKA_OFFSET,
    KAFKA_SUM_LAG,
    KAFKA_TOPIC_SUM_LAG,
    LOOKED_AT,
    PARTITION_LAG,
    PROBLEMS,
    REACHABLE,
    WATCH_METRICS,
)

LAG_EXPORTER = {
    "kafka_consumergroup_group_offset": "group topic partition member_host consumer_id client_id",
    "kafka_consumergroup_group_lag": "group topic partition member_host consumer_id client_id",
    "kafka_consumergroup_group_lag_seconds": (
        "group topic partition member_host consumer_id client_id"
    ),
    "kafka_consumergroup_group_max_lag": "group is_simple_consumer",
    "kafka_consumergroup_group_max_lag_seconds": "group is_simple_consumer",
    "kafka_consumergroup_group_sum_lag": "group",
    "kafka_consumergroup_group_topic_sum_lag": "group topic",
    "kafka_partition_latest_offset": "topic partition",
    "kafka_partition_earliest_offset": "topic partition",
}
"""kafka-lag-exporter's metrics and their labels besides `cluster_name`, as its README has them."""


def test_names_and_labels_are_those_that_dashboards_of_kafka_lag_exporter_know() -> None:
    ours = {one.name: one.labels for one in WATCH_METRICS if one.name.startswith("kafka_")}
    assert ours == {name: ("cluster_name", *of.split()) for name, of in LAG_EXPORTER.items()}


def test_every_metric_has_a_number_when_all_is_known() -> None:
    waiting = partition_state(0, lag=5)
    told = numbers(state(partitions=(waiting,), problems=(problem("x", since=state().now),)))
    assert [one.name for one in WATCH_METRICS if not told.get(one)] == []


def test_what_is_shown_is_read_back() -> None:
    told = {metric: values for metric, values in numbers(state()).items() if values}
    assert parse_text(exposition(state()), WATCH_METRICS) == told


def test_sums_are_those_of_the_partitions() -> None:
    seen = state()
    told = numbers(seen)
    (total,) = told[KAFKA_SUM_LAG].values()
    assert total == sum(told[KAFKA_LAG].values()) == sum(told[KAFKA_TOPIC_SUM_LAG].values())
    assert len(told[KAFKA_LAG_SECONDS]) == len(seen.partitions)


def test_what_the_group_never_committed_has_no_number_and_no_lag_of_the_group() -> None:
    new = replace(partition_state(0, lag=9), group_offset=None, group_lag=None)
    told = numbers(state(partitions=(new,)))
    assert (told.get(KAFKA_OFFSET), told.get(KAFKA_LAG)) == (None, None)
    assert list(told[PARTITION_LAG].values()) == [9]


def test_while_kafka_is_away_there_are_no_old_numbers_of_it() -> None:
    away = replace(state().reaches[0], answers=False, problem="no answer within 5 s")
    told = numbers(state(group=None, partitions=(), reaches=(away,)))
    assert told[REACHABLE] == {("kafka", "kafka"): False}
    kafkas = [metric for metric in told if metric.name.startswith("kafka_") and told[metric]]
    assert kafkas == []


def test_before_the_first_look_there_are_names_only() -> None:
    assert parse_text(exposition(None), WATCH_METRICS) == {}


def test_the_latest_state_is_served_once_there_is_one() -> None:
    history = History()
    with closing(Serving(history, 0)) as served:
        with pytest.raises(urllib.error.HTTPError) as early:
            urllib.request.urlopen(f"http://127.0.0.1:{served.port}/readyz")
        early.value.close()
        history.append(state())
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics") as answer:
            found = parse_text(answer.read().decode(), WATCH_METRICS)
    assert early.value.code == 503
    assert found[LOOKED_AT] == {(): state().now.timestamp()}
    assert sum(found[PROBLEMS].values()) == 0


def test_who_may_be_elsewhere_needs_the_token_for_numbers_and_not_for_probes() -> None:
    token = "correct horse battery staple"
    with pytest.raises(SettingsError, match="needs a token"):
        Serving(History(), 0, "0.0.0.0")  # noqa: S104 - refused
    with closing(Serving(History(), 0, token=token)) as served:
        assert [ask(served, "/metrics", given) for given in ("", token[:-1], token)] == [
            (401, "Bearer"),
            (401, "Bearer"),
            (200, None),
        ]
        assert ask(served, "/livez", "") == (200, None)


def ask(served: Serving, path: str, token: str) -> tuple[int, str | None]:
    """The status, and what is asked for."""
    connection = HTTPConnection("127.0.0.1", served.port, timeout=30)
    with closing(connection):
        connection.request("GET", path, headers={"authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["WWW-Authenticate"]


def test_of_states_that_are_alike_history_keeps_one_in_five_seconds_and_the_newest() -> None:
    bad = problem("a partition stands still", since=NOW)
    wrong = range(7, 10)
    states = [
        state(NOW + second * SECOND, problems=(bad,) if second in wrong else ())
        for second in range(20)
    ]
    history = History()
    for one in states:
        history.append(one)
        assert history.latest == one
    kept = [(one.now - NOW) // SECOND for one in history.states]
    assert kept == [0, 5, 6, 9, 14, 19]


def test_history_forgets_what_is_too_old_or_too_much_and_never_the_newest() -> None:
    states = hour().states
    few = History(room=3 * len(states[0].partitions))
    short = History(length=states[-1].now - states[-5].now)
    for one in states:
        few.append(one)
        short.append(one)
    assert few.states == states[-3:]
    assert short.states == states[-5:]
    none = History(room=0)
    none.append(states[-1])
    assert none.latest == states[-1]


def test_a_state_is_json_for_whoever_wants_all_of_it() -> None:
    told = msgspec.json.decode(msgspec.json.encode(state()))
    assert told["cluster"] == state().cluster
    assert len(told["partitions"]) == len(state().partitions)
