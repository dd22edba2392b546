"""A demo that lets nobody in without a certificate: who its parts are, and what they may do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from jobs import certs
from jobs.certs import Identity
from jobs.demo.broker_security import ADMINISTRATOR
from jobs.kafka import Cluster
from jobs.roles import lists
from jobs.roles.declared import roles
from schemas.settings import Settings

_PARTS = {"worker": "worker", "fleet": "fleet", "follow": "officer"}
"""Part -> its role; what else runs on a schedule is upkeep."""


def make(folder: Path) -> Mapping[str, str]:
    """Make everybody's certificates; the variables of the administrator, who starts the demo."""
    names = [ADMINISTRATOR, *(role.name for role in roles(Settings()))]
    certs.make(folder, names, now=datetime.now(UTC))  # noqa: TID251 - a demo's clock
    return Identity.of(folder, ADMINISTRATOR).variables()


def identity(part: str, folder: Path) -> Identity:
    """Who a part of the demo is."""
    return Identity.of(folder, _PARTS.get(part, "upkeep"))


def registrar(folder: Path) -> Path:
    """The certificate of whoever registers the fleet's devices, which the fleet may not."""
    return Identity.of(folder, "account-service").certificate


def let_in(cluster: Cluster, settings: Settings) -> None:
    """Allow every role what it is for."""
    lists.carry_out(lists.compare(lists.plan(roles(settings)), cluster.permissions()), cluster)
