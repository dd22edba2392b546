import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from jobs.certs import Identity, make
from schemas.errors import SettingsError
from schemas.settings import Settings
from storage.tls import kafka_options, kafka_tls, lets_in

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
PASSPHRASE = "correct horse"


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls") / "certs"
    make(folder, ["worker"], now=NOW)
    key = load_pem_private_key(Identity.of(folder, "worker").key.read_bytes(), None)
    sealed = BestAvailableEncryption(PASSPHRASE.encode())
    (folder / "sealed.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    )
    return folder


def chosen(certs: Path, **given: str) -> Settings:
    variables = Identity.of(certs, "worker").variables()
    return Settings.load({**variables, **{f"FORTNIGHT_{k}": v for k, v in given.items()}})


def test_without_tls_kafkas_clients_are_told_nothing() -> None:
    assert kafka_options(kafka_tls(Settings(), {})) == {}


def test_kafka_is_always_verified_by_certificate_and_name(certs: Path) -> None:
    context = kafka_tls(chosen(certs), {})
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert kafka_options(context) == {"security_protocol": "SSL", "ssl_context": context}


def test_a_key_with_a_passphrase_opens_with_what_its_reference_names(certs: Path) -> None:
    sealed = chosen(
        certs, KAFKA_KEY=str(certs / "sealed.key"), KAFKA_KEY_PASSPHRASE="env:PASSPHRASE"
    )
    assert kafka_tls(sealed, {"PASSPHRASE": PASSPHRASE})
    with pytest.raises(SettingsError, match="passphrase is wrong") as wrong:
        kafka_tls(sealed, {"PASSPHRASE": "battery staple"})
    assert "battery" not in str(wrong.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"KAFKA_CA": "/nowhere"}, "KAFKA_CA: No such file or directory: /nowhere"),
        ({"KAFKA_KEY": "/nowhere"}, "KAFKA_KEY: No such file or directory"),
        ({"KAFKA_KEY": "{certs}/s3.key"}, "not a certificate and its key"),
        ({"KAFKA_KEY": "{certs}/sealed.key"}, "or the passphrase is wrong"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said_by_the_settings_name(
    certs: Path, given: Mapping[str, str], says: str
) -> None:
    settings = chosen(certs, **{name: text.format(certs=certs) for name, text in given.items()})
    with pytest.raises(SettingsError, match=says):
        kafka_tls(settings, {})


def test_only_who_was_reached_can_refuse(certs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        hangs_up = Thread(target=_hang_up, args=(server, 2))
        hangs_up.start()
        assert lets_in(address) is False
        assert lets_in(address, kafka_tls(chosen(certs), {})) is False
        hangs_up.join()
    assert lets_in(address) is None


def _hang_up(server: socket.socket, times: int) -> None:
    for _ in range(times):
        server.accept()[0].close()
