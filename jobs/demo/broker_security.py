"""Kafka's settings for mutual TLS and access control.

Everybody is known by the common name of their certificate, and may do what an access control list
says; without one, nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from ssl import SSLContext

from jobs.certs import AUTHORITY, Identity
from schemas.settings import Settings
from storage.tls import kafka_tls

ADMINISTRATOR = "admin"
"""The client whom no list limits: it makes the lists."""

BROKER = "kafka"
"""The name in its certificate: it is its own client too."""

_PRIVATE = 0o600


def secured(settings: Mapping[str, str], certificates: Path, keystore: Path) -> dict[str, str]:
    """A broker's settings, with TLS on every listener.

    Args:
        settings: Those of a broker whose listeners are in the clear.
        certificates: A folder that `jobs.certs` made.
        keystore: Where the broker's certificate and key are; `write_keystore` makes it.
    """
    clients = settings["advertised.listeners"]
    return {
        **settings,
        "listeners": settings["listeners"].replace(clients, _over_tls(clients)),
        "advertised.listeners": _over_tls(clients),
        "listener.security.protocol.map": "SSL:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "SSL",
        "ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates / AUTHORITY),
        "ssl.principal.mapping.rules": "RULE:^CN=(.*?)$/$1/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BROKER};User:{ADMINISTRATOR}",
    }


def write_keystore(certificates: Path, keystore: Path) -> None:
    """Put the broker's key and certificate into one file, as Kafka wants them."""
    broker = Identity.of(certificates, BROKER)
    keystore.touch(mode=_PRIVATE)
    keystore.write_bytes(broker.key.read_bytes() + broker.certificate.read_bytes())


def reached_as(name: str, certificates: Path) -> SSLContext | None:
    """How a client of this name reaches Kafka."""
    return kafka_tls(Settings.load(Identity.of(certificates, name).variables()), {})


def _over_tls(listeners: str) -> str:
    return listeners.replace("PLAINTEXT://", "SSL://")
