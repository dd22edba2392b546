"""Encryption in transit: from settings to what the clients of Kafka and S3 are told."""

import os
import socket
import ssl
import struct
from collections.abc import Mapping
from typing import Any

from schemas.errors import SettingsError
from schemas.settings import PREFIX, Settings
from storage.secrets import resolve

_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""The request that every broker answers, of 10 bytes: api 18, version 0, and no client's name."""

_CORRELATION = struct.pack(">i", 1)
"""The request's number, which the answer has behind its length."""

_ANSWER_SECONDS = 1.0
_PORT = "9092"


def kafka_tls(settings: Settings, environment: Mapping[str, str]) -> ssl.SSLContext | None:
    """How Kafka is known, and how we make ourselves known to it; None: in the clear.

    The broker's certificate and its host's name are always verified.

    Args:
        settings: Where the certificates are.
        environment: The process's variables, for the key's passphrase.

    Raises:
        SettingsError: A file is not there, or not what it has to be.
    """
    if settings.kafka_security == "plaintext":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca or None)
    except OSError as error:  # SSLError is one
        raise SettingsError(f"{PREFIX}KAFKA_CA: {_why(error)}: {settings.kafka_ca}") from None
    if settings.kafka_certificate:
        _load_identity(context, settings, environment)
    return context


def kafka_options(tls: ssl.SSLContext | None) -> dict[str, Any]:
    """The same in the words of kafka-python and aiokafka alike."""
    return {"security_protocol": "SSL", "ssl_context": tls} if tls else {}


def is_answering(address: str, tls: ssl.SSLContext | None = None) -> bool:
    """Whether the broker at `host:port` answers requests, and not only accepts connections."""
    try:
        return _greet(address, tls)
    except OSError:
        return False


def lets_in(address: str, tls: ssl.SSLContext | None = None) -> bool | None:
    """Whether the broker at `host:port` answers; None: it says nothing, from which nothing follows.

    False is a refusal: it was reached, and ended the connection or did not understand.
    """
    try:
        return _greet(address, tls)
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return False
    except OSError:  # not reached, or no word in time
        return None


def refusal(servers: str, tls: ssl.SSLContext) -> str:
    """Why Kafka does not let us in, or we do not trust it; empty: it does, or gives no answer.

    Kafka's clients cannot tell this from a broker that is down, and try again for ever.

    Args:
        servers: One or more `host:port`, with commas between.
        tls: How they are reached.
    """
    for server in servers.split(","):
        try:
            if _greet(server.strip(), tls):
                return ""
        except ssl.SSLEOFError:  # it may be on its way down, or up
            continue
        except ssl.SSLError as error:
            return _reason(error)
        except OSError:
            continue
    return ""


def trust(authority: str) -> None:
    """Make delta-rs trust this authority, and no other, for the rest of this process.

    It takes none as an option: its TLS reads this variable whenever it opens a table. So does
    whatever else asks for the system's authorities.

    Args:
        authority: Path of a PEM file.
    """
    os.environ["SSL_CERT_FILE"] = authority  # noqa: TID251 - the only way to tell it


def _load_identity(
    context: ssl.SSLContext, settings: Settings, environment: Mapping[str, str]
) -> None:
    reference = settings.kafka_key_passphrase
    passphrase = resolve(reference, environment) if reference else ""
    try:  # without a passphrase it would ask the terminal for one, and wait
        context.load_cert_chain(
            settings.kafka_certificate, settings.kafka_key, lambda: passphrase or "none"
        )
    except OSError as error:
        where = f"{settings.kafka_certificate}, {settings.kafka_key}"
        raise SettingsError(
            f"{PREFIX}KAFKA_CERTIFICATE, {PREFIX}KAFKA_KEY: {_why(error)}: {where}"
        ) from None


def _greet(address: str, tls: ssl.SSLContext | None) -> bool:
    host, _, port = address.rpartition(":")
    if not host:  # as Kafka's clients read it
        host, port = address, _PORT
    with socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS) as bare:
        probe = tls.wrap_socket(bare, server_hostname=host) if tls else bare
        with probe:
            probe.sendall(_API_VERSIONS)
            return probe.recv(8)[4:] == _CORRELATION  # TLS answers what is in the clear, too


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted, {PREFIX}KAFKA_CA: {error.verify_message}"
    if "ALERT" in (error.reason or ""):
        return f"it does not accept our certificate, {PREFIX}KAFKA_CERTIFICATE"
    return f"it does not speak TLS, {PREFIX}KAFKA_SECURITY"


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "not a certificate and its key in PEM, or the passphrase is wrong"
    return error.strerror or type(error).__name__
