"""Kafka's answers: waited for while time may bring one, and its errors as ours."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from kafka.errors import KafkaError, ProducerFencedError, TopicAlreadyExistsError

from schemas.errors import FatalError, RetryableError

PATIENCE_SECONDS = 30.0
_NOT_ALLOWED = re.compile(r"\w+AuthorizationFailedError")
_T = TypeVar("_T")


class KafkaUnavailableError(RetryableError):
    """Kafka gave no answer, or one that says: not now."""


class KafkaRefusedError(FatalError):
    """Kafka understood, and will not: asking again does not help."""


class KafkaUnguardedError(KafkaRefusedError):
    """Kafka has no access control lists: whoever reaches it may do everything."""


def asked(call: Callable[[], _T], *, where: str = "") -> _T:
    """Ask until there is an answer: a broker may be restarting, a coordinator be elected."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with translated(where):
                return call()
        except KafkaUnavailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def translated(where: str = "") -> Iterator[None]:
    """Raise our errors for kafka-python's; it may quote a record, so without its words."""
    try:
        yield
    except TopicAlreadyExistsError:
        raise
    except KafkaError as error:
        if ProducerFencedError.__name__ in repr(error):  # or an error that it is the cause of
            raise KafkaUnavailableError("Kafka: a later run has taken over") from None
        kind = KafkaUnavailableError if error.retriable else KafkaRefusedError
        raise kind(f"Kafka{where}: {_named(error)}") from None


def _named(error: KafkaError) -> str:
    """The error's class, or that of the refusal that it tells of in words only."""
    refusal = _NOT_ALLOWED.search(repr(error))
    return f"{refusal[0]}, see its ACLs" if refusal else type(error).__name__
