from pathlib import Path

import pytest
from support.system import System

from jobs import links
from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from jobs.kafka import Cluster
from schemas.regions import Region, Residency
from schemas.tables.devices import DEVICES_TOPIC

pytestmark = pytest.mark.kafka


def said(country: str) -> dict[str, object]:
    return {"vendor": "smarock", "model": "X1", "country": country, "account": "somebody"}


def test_the_devices_of_a_region_are_those_that_are_registered_there_now(
    tmp_path: Path, own_broker: Broker, s3: S3Server
) -> None:
    system = System.prepare(tmp_path, own_broker, s3)
    system.publish(
        DEVICES_TOPIC,
        [
            ("Stays", {"device": "Stays", **said("DE")}),
            ("Moves", {"device": "Moves", **said("DE")}),
            ("Comes", {"device": "Comes", **said("US")}),
            ("Leaves", {"device": "Leaves", **said("FR")}),
            ("Broken", b"{"),
            ("Moves", {"device": "Moves", **said("US")}),
            ("Comes", {"device": "Comes", **said("NO")}),
            ("Leaves", None),
        ],
    )
    with Cluster(system.settings.bootstrap_servers) as cluster:
        found = links.registered(cluster, Region("eu"), Residency.shipped())
    assert sorted(found) == ["Comes", "Stays"]
