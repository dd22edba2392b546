"""Kafka as a command meets it: encrypted, and under our name, where the settings say so."""

from jobs.cli.settings import environment
from jobs.kafka import Cluster
from schemas.settings import Settings
from storage.tls import kafka_tls


def cluster_of(chosen: Settings) -> Cluster:
    """The settings' cluster.

    Raises:
        SettingsError: A certificate is not what it has to be.
    """
    return Cluster(chosen.bootstrap_servers, tls=kafka_tls(chosen, environment()))
