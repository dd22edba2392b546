"""A demo that lets nobody in without a certificate: who its parts are, and what they may do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from jobs import certs
from jobs.certs import Identity
from jobs.demo.broker_security import ADMINISTRATOR
from jobs.kafka import Cluster
from jobs.roles import lists
from jobs.roles.declared import Role, roles
from schemas.settings import Settings

_SIMULATION = "simulation"
_PARTS = {"worker": "worker", "fleet": _SIMULATION}
"""Part -> its role; what runs on a schedule is upkeep."""


def make(folder: Path) -> Mapping[str, str]:
    """Make everybody's certificates; the variables of the administrator, who starts the demo."""
    names = [ADMINISTRATOR, *(role.name for role in _roles(Settings()))]
    certs.make(folder, names, now=datetime.now(UTC))  # noqa: TID251 - a demo's clock
    return Identity.of(folder, ADMINISTRATOR).variables()


def identity(part: str, folder: Path) -> Identity:
    """Who a part of the demo is."""
    return Identity.of(folder, _PARTS.get(part, "upkeep"))


def let_in(cluster: Cluster, settings: Settings) -> None:
    """Allow every role what it is for."""
    lists.carry_out(lists.compare(lists.plan(_roles(settings)), cluster.permissions()), cluster)


def _roles(settings: Settings) -> tuple[Role, ...]:
    """The roles, and one that is fleet and account service at once, as a simulation is."""
    declared = {role.name: role for role in roles(settings)}
    fleet, service = declared["fleet"], declared["account-service"]
    both = replace(fleet, name=_SIMULATION, kafka=fleet.kafka + service.kafka)
    return (*declared.values(), both)
