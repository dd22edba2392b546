"""What the training learns from: every question that the codec asks about a corpus, answered."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.tiles import versions
from storage.tiles.decisions import SIZES, Bits, Contexts, Question, Truth
from storage.tiles.keys import Ints, Keys
from storage.tiles.sheets import place

Tiles = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Lesson:
    """The answers to one question.

    Attributes:
        contexts: (m,) int32 each.
        answers: (m,) bool.
        chunk: (m,) int32 the number of the device.
    """

    contexts: tuple[NDArray[np.int32], ...]
    answers: Bits
    chunk: NDArray[np.int32]

    def __getitem__(self, which: NDArray[np.bool_]) -> "Lesson":
        """Some of the answers."""
        contexts = tuple(context[which] for context in self.contexts)
        return Lesson(contexts, self.answers[which], self.chunk[which])


class _Listener:
    """A coder that remembers."""

    def __init__(self) -> None:
        self.heard: dict[Question, list[Lesson]] = defaultdict(list)

    def __call__(self, question: Question, contexts: Contexts, chunk: Ints, truth: Truth) -> Bits:
        if not len(chunk):
            return np.zeros(0, bool)
        answers = truth()
        narrow = tuple(np.asarray(context, np.int32) for context in contexts)
        self.heard[question].append(Lesson(narrow, answers, chunk.astype(np.int32)))
        return answers


def listen(tiles: Tiles, keys: Keys) -> dict[Question, Lesson]:
    """Hear all questions about the tiles."""
    listener = _Listener()
    versions.tell(place(keys), listener, tiles)
    return {question: _join(question, listener.heard[question]) for question in Question}


def join(lessons: list[dict[Question, Lesson]]) -> dict[Question, Lesson]:
    """All answers of several."""
    return {
        question: _join(question, [lesson[question] for lesson in lessons]) for question in Question
    }


def _join(question: Question, parts: list[Lesson]) -> Lesson:
    empty = np.zeros(0, np.int32)
    return Lesson(
        tuple(
            np.concatenate([empty, *(part.contexts[k] for part in parts)])
            for k in range(len(SIZES[question]))
        ),
        np.concatenate([np.zeros(0, bool), *(part.answers for part in parts)]),
        np.concatenate([empty, *(part.chunk for part in parts)]),
    )
