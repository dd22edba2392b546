"""Live configuration against what was promised: checks that read no rows."""

from collections.abc import Mapping

from jobs.verify.promise import Check

CHECKS: Mapping[str, tuple[Check, ...]] = {}
"""Kind of clause -> what looks at it."""
