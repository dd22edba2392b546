"""The topics as they were when the worker started: ids, partitions, and whose clock they keep."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from ssl import SSLContext
from threading import Lock
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from schemas.errors import FatalError, IntegrityError, RetryableError, SettingsError
from schemas.tables.devices import COMPACTED_AFTER, DEVICES_TOPIC
from storage.tls import kafka_options, refusal


class KafkaUnavailableError(RetryableError):
    """Kafka gave no answer, or one that says: not now."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise our errors for Kafka's, by who has to act.

    Raises:
        KafkaUnavailableError: It does not answer; asking again may help.
        FatalError: It answers no.
    """
    try:
        yield
    except KafkaError as error:
        kind = KafkaUnavailableError if error.retriable else FatalError
        raise kind(f"{what}: {type(error).__name__}") from error


class Topics:
    """Knows the topics' ids, and whether they are still the same; safe for many threads.

    Attributes:
        ids: Topic -> its id; a recreated topic has another.
    """

    def __init__(self, servers: str, data: Sequence[str], *, tls: SSLContext | None = None) -> None:
        """Describe the data topics and `fleet.devices`.

        Raises:
            SettingsError: A topic is not there, keeps its producers' time, or is `fleet.devices`
                with other than one partition, or compacted too early.
            KafkaUnavailableError: No answer.
        """
        self._servers = servers.split(",")
        self._tls = tls
        if tls and (why := refusal(servers, tls)):
            raise FatalError(f"Kafka at {servers}: {why}")
        self._lock = Lock()
        self._admin: KafkaAdminClient | None = None
        self._names = [*data, DEVICES_TOPIC]
        try:
            self.ids: Mapping[str, str] = self._first_look()
        except BaseException:
            self.close()  # its thread would look for brokers for ever
            raise

    def verify(self) -> None:
        """Check that no topic was recreated.

        What was fetched before this call came from the topics that `ids` names: an id never comes
        back.

        Raises:
            IntegrityError: One was; the worker has to start again.
            KafkaUnavailableError: No answer.
        """
        for name, topic in self._describe().items():
            if str(topic["topic_id"]) != self.ids[name]:
                raise IntegrityError(f"topic {name}: was recreated, start again")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._admin is not None:
                self._admin.close()
                self._admin = None

    def _first_look(self) -> dict[str, str]:
        described = self._describe()
        if len(described[DEVICES_TOPIC]["partitions"]) != 1:
            raise SettingsError(f"topic {DEVICES_TOPIC}: must have exactly one partition")
        self._check(self._settings())
        return {name: str(topic["topic_id"]) for name, topic in described.items()}

    def _describe(self) -> dict[str, Mapping[str, Any]]:
        with self._lock, translated("describing the topics"):
            found = {one["name"]: one for one in self._client().describe_topics(self._names)}
        for name in self._names:
            if name in found and found[name]["error_code"] == TopicAuthorizationFailedError.errno:
                raise SettingsError(f"topic {name}: we may not see it (ACL)")
            if name not in found or found[name]["topic_id"] is None:
                raise SettingsError(
                    f"topic {name}: is not there; `fortnight topics create` makes it"
                )
        return found

    def _settings(self) -> Mapping[str, Any]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in self._names]
        with self._lock, translated("reading the topics' settings"):
            found: Mapping[str, Any] = self._client().describe_configs(
                resources, config_filter="all"
            )["topic"]
        return found

    def _check(self, settings: Mapping[str, Any]) -> None:
        """Refuse topics by which records would be judged otherwise on the next try."""
        for name in self._names:
            if settings[name]["message.timestamp.type"]["value"] != "LogAppendTime":
                raise SettingsError(f"topic {name}: message.timestamp.type must be LogAppendTime")
        devices = settings[DEVICES_TOPIC]
        keeps = int(devices["min.compaction.lag.ms"]["value"])
        least = COMPACTED_AFTER // timedelta(milliseconds=1)
        if "compact" in devices["cleanup.policy"]["value"] and keeps < least:
            raise SettingsError(
                f"topic {DEVICES_TOPIC}: min.compaction.lag.ms must be at least {least}"
            )

    def _client(self) -> KafkaAdminClient:
        if self._admin is None:
            self._admin = KafkaAdminClient(
                bootstrap_servers=self._servers, **kafka_options(self._tls)
            )
        return self._admin
