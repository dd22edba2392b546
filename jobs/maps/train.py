"""Training the context table: `fortnight maps train`.

Every map is learnt from in all four rotations, so that the table knows rooms, not the way these
ones lie. How well it will do on other homes is measured by leaving homes out:
each home's tiles are predicted by a table that never saw that home.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.maps.corpus import Corpus
from jobs.maps.fitting import Fit, cost, fit
from jobs.maps.lessons import Lesson, join, listen
from storage.tiles.context_table import pack
from storage.tiles.model.decisions import SIZES, Question

FOLDS = 5
"""Parts into which the homes are divided to measure how a table does on homes it never saw."""

ROTATIONS = (0, 3, 5, 6)
"""Symmetries of a square that turn it, the first leaves it as it is."""

Heard = list[dict[Question, Lesson]]


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes a tile version that the answers take, without what a chunk adds.

    Attributes:
        seen: Of homes that the table was trained on.
        unseen: Of homes that it was not.
    """

    seen: Mapping[Question, float]
    unseen: Mapping[Question, float]


def hear(corpus: Corpus, invented: Corpus | None = None) -> Heard:
    """Everything to be learnt from a corpus, by rotation; the first is the corpus as it is.

    Args:
        corpus: Maps of real homes.
        invented: Maps of homes that nobody lives in, learnt from as well.
    """
    heard = [listen(corpus.turned(symmetry)) for symmetry in ROTATIONS]
    return heard if invented is None else [*heard, listen(invented, len(corpus.homes))]


def train(heard: Heard) -> dict[Question, Fit]:
    """Fit every question."""
    return {question: _train_one(heard, question, ()) for question in Question}


def _train_one(heard: Heard, question: Question, without: Sequence[int]) -> Fit:
    parts = [lessons[question] for lessons in heard]
    if without:
        parts = [part.of(without, others=True) for part in parts]
    return fit(join(question, parts), SIZES[question])


def measure(corpus: Corpus, heard: Heard, fits: Mapping[Question, Fit]) -> Figures:
    """What the tiles cost by this table, and by tables that never saw their homes."""
    rows = len(corpus.tiles)
    seen, unseen = {}, {}
    for question, lesson in heard[0].items():
        seen[question] = cost(fits[question].odds(lesson), lesson.answers) / rows
        unseen[question] = _unseen(corpus, heard, question) / rows
    return Figures(seen, unseen)


def folds(corpus: Corpus) -> list[list[int]]:
    """Devices by fold: a home in one fold only, folds about equally large."""
    rows = np.bincount(corpus.keys.device, minlength=len(corpus.homes))
    size = dict.fromkeys(corpus.homes, 0)
    for home, count in zip(corpus.homes, rows.tolist(), strict=True):
        size[home] += count
    parts: list[list[str]] = [[] for _ in range(min(FOLDS, len(size)))]
    for home in sorted(size, key=lambda home: (-size[home], home)):
        min(parts, key=lambda part: sum(size[name] for name in part)).append(home)
    return [[i for i, home in enumerate(corpus.homes) if home in part] for part in parts]


def _unseen(corpus: Corpus, heard: Heard, question: Question) -> float:
    total = 0.0
    for fold in folds(corpus):
        test = heard[0][question].of(fold)
        if len(test.answers):
            learnt = _train_one(heard, question, fold)
            total += cost(learnt.odds(test), test.answers)
    return total


def table_file(fits: Mapping[Question, Fit]) -> bytes:
    """The bytes of a table."""
    rounded = {question: one.rounded() for question, one in fits.items()}
    base = {question: one[0] for question, one in rounded.items()}
    return pack(base, {question: one[1] for question, one in rounded.items()})
