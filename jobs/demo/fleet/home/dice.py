"""Random choices, as sentences."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

_T = TypeVar("_T")


def happens(rng: np.random.Generator, share: float) -> bool:
    """True in this share of calls."""
    return bool(rng.random() < share)


def choose(rng: np.random.Generator, options: Sequence[_T]) -> _T:
    """One of the options, each as likely."""
    return options[int(rng.integers(len(options)))]
