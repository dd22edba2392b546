from hypothesis import given
from hypothesis import strategies as st

from jobs.verify.rows.names import Namer, folded
from schemas.privacy import Domain, canonical, domain_key, pseudonyms


@given(st.binary(min_size=32, max_size=32), st.text(max_size=64), st.sampled_from(Domain))
def test_the_second_implementation_gives_the_pseudonyms_of_the_first(
    secret: bytes, identifier: str, domain: Domain
) -> None:
    first = pseudonyms([identifier], domain_key(secret, domain), 7)[0]
    assert Namer(secret, 7, domain).name(identifier) == first


@given(st.text(max_size=64))
def test_what_two_people_write_differently_is_one_in_both_implementations(text: str) -> None:
    assert folded(text) == canonical(text)
