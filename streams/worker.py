"""The program `fortnight-worker`: reads settings, tests the world, and works until it is stopped.

Exit codes: 0 stopped in order, 70 an operator has to look, 75 start it again.
"""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import SettingsError
from schemas.keyring import Keyring, KeyState
from schemas.settings import PREFIX, Settings
from schemas.tables import STREAMED
from storage import logs
from storage.door import bearer_token
from storage.tls import kafka_tls
from storage.wrapping import wrapping_of
from streams import memory
from streams.assembly import Assembly, check_storage, no_step
from streams.health import Health
from streams.kafka.app import Worker, exit_code
from streams.kafka.devices import Devices
from streams.kafka.topics import Topics
from streams.kafka.watchdog import Watchdog
from streams.keys import WatchedKeyring
from streams.monitoring import Exposition, Meter
from streams.registry import Registry
from streams.sink.delivery import Step


def main() -> None:
    """Run a worker with this process's environment."""
    environment = os.environ  # noqa: TID251 - here a worker reads it, and nowhere else
    logs.set_up("INFO")
    sys.exit(exit_code(lambda: run(environment)))


def run(environment: Mapping[str, str], step: Step = no_step) -> int:
    """Run a worker until it is stopped; its exit code.

    Args:
        environment: Settings, and what they refer to.
        step: See `streams.assembly.Assembly`.

    Raises:
        FatalError: A setting or the world is wrong: it did not begin.
        RetryableError: Kafka or a store does not answer: it did not begin.
    """
    memory.set_up()
    settings = load(environment)
    logs.set_up(settings.log_level, settings.log_format)
    keyring = watch_keyring(settings, environment)
    meter = Meter()
    lake = check_storage(settings, meter)
    tls = kafka_tls(settings, environment)
    topics = Topics(settings.bootstrap_servers, list(STREAMED), tls=tls)
    registry = Registry()
    devices = Devices(settings.bootstrap_servers, registry, _now, tls=tls)
    devices.start()
    assembly = Assembly(
        settings=settings,
        keyring=keyring,
        lake=lake,
        registry=registry,
        meter=meter,
        clock=_now,
        step=step,
    )
    watchdog = Watchdog(settings.assignment_timeout)
    if settings.metrics_port:
        health = Health(watchdog, {region: one.store for (_, region), one in lake.items()})
        health.start()
        checks = {"/livez": health.illness, "/readyz": health.hindrance}
        token = bearer_token(settings.metrics_token, environment)
        Exposition(meter, settings.metrics_port, checks, host=settings.metrics_host, token=token)
    worker = Worker(
        settings=settings,
        topics=topics,
        devices=devices,
        meter=meter,
        watchdog=watchdog,
        observe=assembly.observe,
        tls=tls,
    )
    return worker.run(assembly.sinks(worker.barrier))


def load(environment: Mapping[str, str]) -> Settings:
    """The settings: variables over the file of FORTNIGHT_SETTINGS.

    Raises:
        SettingsError: A setting is wrong, or the file cannot be read.
    """
    path = environment.get(f"{PREFIX}SETTINGS", "")
    return Settings.load(environment, _read(path, f"{PREFIX}SETTINGS") if path else b"")


def watch_keyring(settings: Settings, environment: Mapping[str, str]) -> WatchedKeyring:
    """The keyring, opened as the settings say; of its secrets only those that a worker needs.

    Raises:
        SettingsError: The file, or what the reference points to, is not there or not right.
        RetryableError: Nobody answers who could open it.
    """
    wrapping = wrapping_of(settings, environment)
    regions = [place.region for place in settings.regions]
    keyring = WatchedKeyring(
        Path(settings.keyring),
        lambda sealed: Keyring.unseal(
            sealed, wrapping, regions=regions, states=(KeyState.CURRENT,)
        ),
        regions,
    )
    keyring.newest()
    return keyring


def _read(path: str, variable: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{variable}: {path}: {error.strerror}") from error


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the worker's clock


if __name__ == "__main__":
    main()
