import hashlib

import msgspec
import pytest

from schemas.policies import Policies, Policy

KNOWN = {
    "360-robot-vacuum 2018-05.1": "4a64c98ca6d66e81",
    "smarock 2022.1": "1ed2bfdf4068c9d8",
}
"""Vendor and version -> digest of the clauses, for ever: receipts name versions."""


def digest(policy: Policy) -> str:
    clauses = msgspec.json.encode([policy.clauses, policy.out_of_scope], order="deterministic")
    return hashlib.sha256(clauses).hexdigest()[:16]


@pytest.mark.parametrize("policy", Policies.shipped().all, ids=lambda one: one.vendor)
def test_a_file_whose_clauses_change_has_a_new_edition(policy: Policy) -> None:
    name = f"{policy.vendor} {policy.version}"
    assert KNOWN.get(name) == digest(policy), f"{name}: raise `edition`, and add its digest here"
