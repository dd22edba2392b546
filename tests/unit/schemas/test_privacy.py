import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wire import PARTITION

from schemas.batches import PseudonymousBatch
from schemas.errors import PrivacyError
from schemas.privacy import Domain, Privacy, canonical, column, domain_key, pseudonyms

SECRET = bytes(range(32))
texts = st.text(min_size=1, max_size=20)


@given(texts, texts)
def test_pseudonyms_are_equal_exactly_when_the_identifiers_are(one: str, other: str) -> None:
    first, second = pseudonyms([one, other], domain_key(SECRET, Domain.DEVICE), 1)
    assert (first == second) == (canonical(one) == canonical(other))


def test_case_and_separators_make_no_other_device() -> None:
    ways = ["AA:BB:CC-01", "aabbcc01", "aa bb.cc_01", "AABBCC01"]
    assert len(set(pseudonyms(ways, domain_key(SECRET, Domain.DEVICE), 1))) == 1


@given(texts)
def test_two_domains_or_two_secrets_give_unlinkable_pseudonyms(identifier: str) -> None:
    made = {
        pseudonyms([identifier], domain_key(secret, domain), 1)[0]
        for domain in Domain
        for secret in (SECRET, bytes(32))
    }
    assert len(made) == 2 * len(Domain)


def test_a_pseudonym_says_under_which_version_it_was_made() -> None:
    (name,) = pseudonyms(["a"], domain_key(SECRET, Domain.MAP), 7)
    assert name.startswith("k7:")
    assert len(name) == len("k7:") + 32


@pytest.mark.parametrize("privacy", [Privacy.IDENTIFIER, Privacy.QUASI_IDENTIFIER])
def test_a_storable_batch_refuses_to_exist_with_a_column_in_the_clear(privacy: Privacy) -> None:
    schema = pa.schema([column("serial", pa.string(), privacy=privacy, purpose="none")])
    rows = pa.RecordBatch.from_pydict({"serial": ["x"]}, schema=schema)
    with pytest.raises(PrivacyError, match="columns in the clear: serial"):
        PseudonymousBatch(PARTITION, "eu", rows)


def test_a_storable_batch_refuses_a_column_that_nobody_thought_about() -> None:
    rows = pa.RecordBatch.from_pydict({"serial": ["x"]})
    with pytest.raises(PrivacyError, match="serial declares no privacy class"):
        PseudonymousBatch(PARTITION, "eu", rows)
