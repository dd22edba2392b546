import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from jobs.certs import AUTHORITY, LIFETIME, Identity, make
from jobs.cli import main
from schemas.errors import SettingsError

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_what_is_there_already_is_never_written_over(tmp_path: Path) -> None:
    make(tmp_path / "certs", ["worker"], now=NOW)
    before = {path.name: path.read_bytes() for path in (tmp_path / "certs").iterdir()}
    with pytest.raises(SettingsError, match="certificates stay as they are"):
        make(tmp_path / "certs", ["worker"], now=NOW)
    assert {path.name: path.read_bytes() for path in (tmp_path / "certs").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["certs"]


def test_the_authority_leaves_no_key_and_the_others_keys_are_for_their_owner_only(
    tmp_path: Path,
) -> None:
    made = make(tmp_path / "certs", ["worker"], now=NOW)
    keys = {path.name for path in made if path.suffix == ".key"}
    assert keys == {"kafka.key", "s3.key", "worker.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert stat.S_IMODE((tmp_path / "certs").stat().st_mode) == 0o700


def test_a_client_is_no_server_and_its_name_is_in_its_certificate(tmp_path: Path) -> None:
    make(tmp_path / "certs", ["worker"], now=NOW)
    worker = certificate(Identity.of(tmp_path / "certs", "worker").certificate)
    assert worker.subject.rfc4514_string() == "CN=worker"
    uses = worker.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in uses] == ["1.3.6.1.5.5.7.3.2"]  # clientAuth, RFC 5280
    worker.verify_directly_issued_by(certificate(tmp_path / "certs" / AUTHORITY))


def test_a_certificate_ends_within_its_lifetime(tmp_path: Path) -> None:
    for path in make(tmp_path / "certs", ["worker"], now=NOW):
        if path.suffix == ".pem":
            ends = certificate(path).not_valid_after_utc
            assert NOW + LIFETIME - timedelta(seconds=1) <= ends <= NOW + LIFETIME


def test_the_command_makes_one_a_role_that_tls_can_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for status, said in ((0, "not for production"), (70, "certificates stay as they are")):
        with pytest.raises(SystemExit) as ended:
            main(["certs", str(tmp_path / "certs")])
        assert ended.value.code == status
        answered = capsys.readouterr()
        assert said in answered.out + answered.err
    for name in ("admin", "account-service", "auditor", "kafka"):
        one = Identity.of(tmp_path / "certs", name)
        ssl.create_default_context().load_cert_chain(one.certificate, one.key)
