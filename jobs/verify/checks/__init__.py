"""Who looks at what: kind of clause -> checks. Those on live configuration are merged in.

Each module here is about one kind, and looks at bytes.
"""

from collections.abc import Mapping

from jobs.verify import configuration
from jobs.verify.checks import retention
from jobs.verify.promise import Check
from schemas.policies.policy import KINDS

_BYTES: Mapping[str, tuple[Check, ...]] = {
    "retention": (retention.ages, retention.logs, retention.uploads),
}

CHECKS: Mapping[str, tuple[Check, ...]] = {
    kind: (*_BYTES.get(kind, ()), *configuration.CHECKS.get(kind, ())) for kind in KINDS
}
"""Kind of clause -> what looks at it; a clause that nothing looks at is not checkable."""
