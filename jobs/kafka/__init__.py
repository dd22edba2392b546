"""Kafka for jobs: topics, offsets, single records. Only here do jobs know its client.

A topic's id is written as a UUID in hexadecimal with dashes.
"""

from jobs.kafka.answers import KafkaRefusedError, KafkaUnavailableError
from jobs.kafka.cluster import Cluster, Topic
from jobs.kafka.producer import Producer, Sent
from jobs.kafka.records import KafkaRecord
from storage.tls import is_answering

__all__ = [
    "Cluster",
    "KafkaRecord",
    "KafkaRefusedError",
    "KafkaUnavailableError",
    "Producer",
    "Sent",
    "Topic",
    "is_answering",
]
