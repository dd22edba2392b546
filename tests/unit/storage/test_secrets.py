from pathlib import Path

import pytest

from schemas.errors import SettingsError
from storage.secrets import resolve

SECRET = "correct horse battery staple"


def test_a_reference_names_a_variable_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(SECRET + "\n", "utf-8")
    assert resolve("env:P", {"P": SECRET}) == SECRET
    assert resolve(f"file:{tmp_path}/passphrase", {}) == SECRET


@pytest.mark.parametrize("reference", ["env:NOT_THERE", "env:EMPTY", "file:/not/there", "file:/"])
def test_a_reference_to_nothing_is_named(reference: str) -> None:
    with pytest.raises(SettingsError, match=reference):
        resolve(reference, {"EMPTY": "", "OTHER": SECRET})


@pytest.mark.parametrize("given", [SECRET, f"plain:{SECRET}", ""])
def test_a_secret_given_as_a_reference_is_not_repeated(given: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(given, {})
    assert SECRET not in str(caught.value)


def test_a_file_that_is_no_text_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"\xff\xfe\x00secret")
    with pytest.raises(SettingsError, match="not text") as caught:
        resolve(f"file:{tmp_path}/p", {})
    assert "secret" not in str(caught.value)
