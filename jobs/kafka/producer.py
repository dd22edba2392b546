"""Publishes records."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ssl import SSLContext
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from jobs.kafka.answers import PATIENCE_SECONDS, translated
from storage.tls import kafka_options

_MAX_RECORD_BYTES = 64 * 2**20
_BATCH_BYTES, _LINGER_MILLISECONDS = 256 * 2**10, 10
_TRANSACTION_MILLISECONDS = 15_000

Sent = Callable[[], tuple[int, int]]
"""A record on its way: waits until every replica in sync has it, and says partition and offset.

Raises `KafkaUnavailableError` where no answer comes in time; the record may be there all the same.
"""


class Producer:
    """Publishes a stream of records, in order a key, each once; to be closed.

    Acknowledged by every replica in sync, and idempotent: its own retries repeat nothing.
    """

    def __init__(
        self, servers: Sequence[str], *, name: str = "", tls: SSLContext | None = None
    ) -> None:
        """Reach the cluster.

        Args:
            servers: One or more `host:port`.
            name: With one, records can be sent `at_once`, and every earlier producer of the name
                is over: what it had begun is undone, and it can send no more.
            tls: See `storage.tls.kafka_tls`; None: in the clear.
        """
        with translated():
            self._producer = KafkaProducer(
                bootstrap_servers=list(servers),
                acks="all",
                enable_idempotence=True,
                max_request_size=_MAX_RECORD_BYTES,
                batch_size=_BATCH_BYTES,
                linger_ms=_LINGER_MILLISECONDS,
                transactional_id=name or None,
                transaction_timeout_ms=_TRANSACTION_MILLISECONDS,
                **kafka_options(tls),
            )
            if name:
                self._begin()

    def __enter__(self) -> Self:
        """Itself: closed on the way out."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Send what is left, and close it."""
        self._producer.close()

    def _begin(self) -> None:
        try:
            self._producer.init_transactions()
        except BaseException:
            self._producer.close(0)  # its thread would go on for ever
            raise

    def send(
        self,
        topic: str,
        record_key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
        *,
        partition: int | None = None,
    ) -> Sent:
        """Send a record soon; it is durable when the answer has come.

        Args:
            topic: Where to.
            record_key: Decides the partition where none is given.
            value: None is a tombstone.
            headers: The record's.
            partition: Where to, whatever the key.
        """
        more = {"key": record_key, "headers": list(headers), "partition": partition}
        with translated():
            return _sent(self._producer.send(topic, value=value, **more))

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Make what is sent inside visible together, or, after any error or death, not at all.

        Readers of committed records wait meanwhile, after a death up to 15 s.
        """
        with translated():
            self._producer.begin_transaction()
            try:
                yield
                self._producer.commit_transaction()
            except BaseException:
                with suppress(KafkaError):  # it ends by itself otherwise
                    self._producer.abort_transaction()
                raise

    def flush(self) -> None:
        """Wait until everything sent so far was answered."""
        with translated():
            self._producer.flush(timeout=PATIENCE_SECONDS)


def _sent(answer: Any) -> Sent:  # noqa: ANN401 - an untyped client's
    def wait() -> tuple[int, int]:
        with translated():
            at = answer.get(timeout=PATIENCE_SECONDS)
        return at.partition, at.offset

    return wait
