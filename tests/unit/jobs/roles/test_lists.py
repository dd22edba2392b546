from hypothesis import given
from hypothesis import strategies as st

from jobs.kafka import Permission
from jobs.roles.declared import roles
from jobs.roles.lists import commands, compare, plan
from schemas.settings import Settings
from schemas.tables.devices import DEVICES_TOPIC

WANTED = plan(roles(Settings()))
ONE = st.sampled_from(sorted(WANTED))


@given(st.sets(ONE), st.sets(ONE))
def test_what_was_made_good_is_as_it_has_to_be(
    wanted: set[Permission], found: set[Permission]
) -> None:
    difference = compare(wanted, found)
    made = (found - set(difference.surplus)) | set(difference.missing)
    left = compare(wanted, made)
    assert (left.missing, left.surplus) == ((), ())


@given(st.sets(ONE))
def test_what_is_wanted_is_never_taken_away(found: set[Permission]) -> None:
    difference = compare(WANTED, found)
    assert WANTED.isdisjoint((*difference.surplus, *difference.strangers))


def test_only_the_account_service_and_officers_write_among_the_registrations() -> None:
    writers = {
        one.principal
        for one in WANTED
        if one.name == DEVICES_TOPIC
        and one.operation not in ("Read", "Describe", "DescribeConfigs")
    }
    assert writers == {"User:account-service", "User:officer", "User:operator"}
    assert not any(one.operation == "Write" and one.principal == "User:operator" for one in WANTED)


def test_a_line_of_nobody_we_know_matters_where_it_touches_our_topics() -> None:
    touching = [
        Permission("User:x", "Topic", "*", "Read"),
        Permission("User:x", "Topic", DEVICES_TOPIC, "Write"),
        Permission("User:x", "Topic", "fleet.", "Read", prefixed=True),
        Permission("User:x", "Group", "fortnight-eu", "Read"),
        Permission("User:x", "Topic", DEVICES_TOPIC, "Read", host="10.0.0.1"),
    ]
    elsewhere = [
        Permission("User:x", "Topic", "orders", "Write"),
        Permission("User:x", "Topic", "fleet.d", "Read"),
        Permission("User:x", "Group", DEVICES_TOPIC, "Read"),
        Permission("User:kafka", "Cluster", "kafka-cluster", "ClusterAction"),
    ]
    greedy = Permission("User:worker", "Topic", "orders", "Read")
    found = compare(WANTED, WANTED.union(touching, elsewhere, [greedy]))
    assert set(found.strangers) == set(touching)
    assert found.surplus == (greedy,)


def test_every_permission_is_one_command() -> None:
    lines = list(commands(WANTED, "broker:9092"))
    assert len(set(lines)) == len(WANTED)
    assert any(line.endswith("--operation Describe --cluster") for line in lines)
    assert any("--group fortnight --resource-pattern-type prefixed" in line for line in lines)
