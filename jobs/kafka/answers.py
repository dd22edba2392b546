"""Kafka's answers: waited for while time may bring one, and its errors as ours."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from kafka.errors import KafkaError, ProducerFencedError, TopicAlreadyExistsError

from schemas.errors import FatalError, RetryableError

PATIENCE_SECONDS = 30.0
_T = TypeVar("_T")


class KafkaUnavailableError(RetryableError):
    """Kafka gave no answer, or one that says: not now."""


class KafkaRefusedError(FatalError):
    """Kafka understood, and will not: asking again does not help."""


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
        if error.retriable:
            raise KafkaUnavailableError(f"Kafka{where}: {type(error).__name__}") from None
        raise KafkaRefusedError(f"Kafka{where}: {type(error).__name__}") from None
