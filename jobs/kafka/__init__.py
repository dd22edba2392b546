"""Kafka for jobs: topics, offsets, single records. Only here do jobs know its client.

A topic's id is written as a UUID in hexadecimal with dashes.
"""

from jobs.kafka.acls import Permission
from jobs.kafka.answers import KafkaRefusedError, KafkaUnavailableError, KafkaUnguardedError
from jobs.kafka.cluster import Cluster, Topic
from jobs.kafka.groups import GroupDescription, Member
from jobs.kafka.producer import Producer, Sent
from jobs.kafka.records import KafkaRecord
from jobs.kafka.scope import BrokerPlace
from storage.tls import is_answering

__all__ = [
    "BrokerPlace",
    "Cluster",
    "GroupDescription",
    "KafkaRecord",
    "KafkaRefusedError",
    "KafkaUnavailableError",
    "KafkaUnguardedError",
    "Member",
    "Permission",
    "Producer",
    "Sent",
    "Topic",
    "is_answering",
]
