"""Certificates for demos and tests: an authority, servers on this machine, a client a role.

Nothing here is for production: the authority signs once and its key is thrown away, so that no
further certificate can ever be made of it, and none can be renewed.
"""

import ipaddress
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from schemas.errors import SettingsError
from schemas.settings import PREFIX

LIFETIME = timedelta(days=30)
"""Long enough for a demo, too short to be put to use."""

AUTHORITY = "ca.pem"
SERVERS = ("kafka", "s3")
"""Whose certificates are good for `HOSTS`."""

HOSTS = ("localhost", "127.0.0.1")

_EARLY = timedelta(minutes=5)
"""Clocks differ: valid a little before it was made."""

_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is: a certificate and its key, as PEM files."""

    certificate: Path
    key: Path

    @classmethod
    def of(cls, folder: Path, name: str) -> "Identity":
        """The one of this name in a folder that `make` made."""
        return cls(folder / f"{name}.pem", folder / f"{name}.key")

    def variables(self) -> dict[str, str]:
        """The settings of a process that is this one, and trusts who made its certificate."""
        authority = str(self.certificate.with_name(AUTHORITY))
        return {
            PREFIX + "KAFKA_SECURITY": "tls",
            PREFIX + "KAFKA_CA": authority,
            PREFIX + "KAFKA_CERTIFICATE": str(self.certificate),
            PREFIX + "KAFKA_KEY": str(self.key),
            "AWS_CA_BUNDLE": authority,
        }


def make(folder: Path, clients: Iterable[str], *, now: datetime) -> list[Path]:
    """Make an authority and what it signs; all of it or, when this raises, nothing.

    Args:
        folder: Is made; only its owner may look into it.
        clients: Names, each the common name of a client's certificate.
        now: UTC; the certificates are valid from then on, for `LIFETIME`.

    Returns:
        The files: `ca.pem`, and `<name>.pem` and `<name>.key` of Kafka, S3 and every client.

    Raises:
        SettingsError: Something is there already (it is never written over), or the folder
            cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise SettingsError(f"{folder}: {error.strerror}") from error
    try:
        names = _write(beside, clients, now)
        beside.rename(folder)  # refused where there is a file, or a folder with something in it
    except OSError as error:
        shutil.rmtree(beside)
        raise SettingsError(f"{folder}: {error.strerror}; certificates stay as they are") from error
    return [folder / name for name in names]


def _write(folder: Path, clients: Iterable[str], now: datetime) -> list[str]:
    authority = _Authority(now)
    _save(folder / AUTHORITY, authority.pem)
    for name in SERVERS:
        _save_identity(folder, name, authority.sign(name, HOSTS))
    for name in clients:
        _save_identity(folder, name, authority.sign(name))
    return sorted(path.name for path in folder.iterdir())


class _Authority:
    """Signs, as long as this object lives."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("fortnight demo")
        signed = (
            self._begun(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = signed.public_bytes(serialization.Encoding.PEM)

    def sign(self, name: str, hosts: Iterable[str] = ()) -> tuple[bytes, bytes]:
        """A certificate and its key, PEM: a client's, or with hosts also a server's."""
        key = ec.generate_private_key(ec.SECP256R1())
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
        unsigned = self._begun(_named(name), key)
        if names := [_alternative(host) for host in hosts]:
            uses.append(ExtendedKeyUsageOID.SERVER_AUTH)
            unsigned = unsigned.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = (
            unsigned.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return signed.public_bytes(serialization.Encoding.PEM), key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,  # the form that Kafka reads
            serialization.NoEncryption(),
        )

    def _begun(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _EARLY)
            .not_valid_after(self._now + LIFETIME)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )


_SIGNS = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _save_identity(folder: Path, name: str, made: tuple[bytes, bytes]) -> None:
    identity = Identity.of(folder, name)
    _save(identity.certificate, made[0])
    _save(identity.key, made[1])


def _save(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
