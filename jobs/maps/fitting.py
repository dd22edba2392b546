"""Fitting the table: log-odds that add up, one context after the other, by Newton's steps."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.maps.lessons import Lesson
from storage.tiles.context_table import STEPS, Entries

Floats = NDArray[np.float32]

ROUNDS = 8
"""Times that every context is gone through."""
RATE = 0.7
"""Part of a Newton step that is taken."""
RIDGE = 10.0
"""Answers of even odds that every entry is taken to have had: rare contexts say little."""
WORTH = 2.0
"""Nats that an entry has to save over all answers to be kept: the others would only be shipped."""
_STEP = 3.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Log-odds: a base, and entries for every context."""

    base: float
    entries: list[Floats]

    def odds(self, lesson: Lesson) -> Floats:
        """(m,) log-odds of a yes."""
        odds = np.full(len(lesson.answers), self.base, np.float32)
        for entries, context in zip(self.entries, lesson.contexts, strict=True):
            odds += entries[context]
        return odds

    def rounded(self) -> tuple[int, list[Entries]]:
        """As the table holds it: whole sixteenths, from -128 to 127."""
        parts = [np.clip(np.rint(part * STEPS), -128, 127).astype(np.int8) for part in self.entries]
        return int(np.clip(round(self.base * STEPS), -128, 127)), parts


def fit(lesson: Lesson, sizes: tuple[int, ...]) -> Fit:
    """Fit one question."""
    entries = [np.zeros(size, np.float32) for size in sizes]
    if not len(lesson.answers):
        return Fit(0.0, entries)
    answers = lesson.answers.astype(np.float32)
    share = float(np.clip(answers.mean(dtype=np.float64), 1e-6, 1 - 1e-6))
    fitted = Fit(float(np.log(share / (1 - share))), entries)
    odds = fitted.odds(lesson)
    for _ in range(ROUNDS):
        for part, context in zip(entries, lesson.contexts, strict=True):
            _step(part, context, answers, odds)
    for part, context in zip(entries, lesson.contexts, strict=True):
        _drop(part, context, odds)
    return fitted


def _drop(part: Floats, context: NDArray[np.int16], odds: Floats) -> None:
    """Set entries to zero that are not worth their place; `part` and `odds` change."""
    chance = 1 / (1 + np.exp(-odds))
    bend = np.bincount(context, chance * (1 - chance), len(part))
    cheap = part * part * bend / 2 < WORTH
    odds -= np.where(cheap, part, 0).astype(np.float32)[context]
    part[cheap] = 0


def _step(part: Floats, context: NDArray[np.int16], answers: Floats, odds: Floats) -> None:
    """Move the entries of one context towards the answers; `part` and `odds` change."""
    chance = 1 / (1 + np.exp(-odds))
    slope = np.bincount(context, answers - chance, len(part)) - part * (RIDGE / 10)
    bend = np.bincount(context, chance * (1 - chance), len(part)) + RIDGE
    step = np.clip(RATE * slope / bend, -_STEP, _STEP).astype(np.float32)
    part += step
    odds += step[context]


def cost(odds: Floats, answers: NDArray[np.bool_]) -> float:
    """Bytes that the answers take, predicted so."""
    nats = np.logaddexp(0, np.where(answers, -odds, odds)).sum(dtype=np.float64)
    return float(nats) / math.log(2) / 8
