"""Trying what must be refused: to be answered in the clear, or without showing who one is."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jobs.verify.configuration.state import Hop, Kafka
from schemas.errors import FortnightError
from storage.s3 import S3Location
from storage.s3.evidence import NO_ANSWER, Seen, Unseen
from storage.s3.examining import answers
from storage.tls import kafka_tls, lets_in

if TYPE_CHECKING:
    from jobs.verify.scene import Scene

_LOCAL = ("127.", "localhost", "::1", "[::1]")


def hops(scene: "Scene", kafka: Kafka) -> Iterator[Hop]:
    """Every way to a broker or bucket, probed."""
    settings = scene.settings
    addresses = {one.strip() for one in settings.bootstrap_servers.split(",")}
    if not isinstance(kafka.brokers, Unseen):
        addresses |= {broker.address for broker in kafka.brokers}
    for address in sorted(addresses) if scene.cluster else ():
        yield _to_broker(address, scene)
    for bucket in scene.buckets:
        if bucket.where is not None:
            yield _to_bucket(bucket.name, bucket.where)


def _to_bucket(name: str, where: S3Location) -> Hop:
    answer, is_clear = answers(where), where.endpoint.startswith("http://")
    return Hop(
        hop="s3",
        place=f"bucket {name}",
        local=_is_local(urlsplit(where.endpoint).hostname or ""),
        answers=answer is True,
        in_the_clear=answer if is_clear else answers(where, encrypted=False),
        to_strangers=answers(where, signed=False),
    )


def _to_broker(address: str, scene: "Scene") -> Hop:
    settings = scene.settings
    nobody = replace(settings, kafka_certificate="", kafka_key="", kafka_key_passphrase="")
    ours = stranger = None
    with suppress(FortnightError):
        ours = kafka_tls(settings, scene.environment)
        stranger = kafka_tls(nobody, scene.environment)
    in_the_clear = _lets_in(address, None)
    return Hop(
        hop="kafka",
        place=address,
        local=_is_local(address),
        answers=_lets_in(address, ours) is True or in_the_clear is True,
        in_the_clear=in_the_clear,
        to_strangers=_lets_in(address, stranger),
    )


def _lets_in(address: str, tls: ssl.SSLContext | None) -> Seen[bool]:
    answer = lets_in(address, tls)
    return Unseen(NO_ANSWER) if answer is None else answer


def _is_local(host: str) -> bool:
    return host.startswith(_LOCAL)
