"""What the training learns from: every question that the codec asks about a corpus, answered."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.maps.corpus import Corpus
from storage.tiles.keys import Ints
from storage.tiles.model import versions
from storage.tiles.model.decisions import SIZES, Bits, Contexts, Question, Truth
from storage.tiles.model.sheets import place

Shorts = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Lesson:
    """The answers to one question.

    Attributes:
        contexts: (m,) each.
        answers: (m,) bool.
        device: (m,) whose tile it was about.
    """

    contexts: tuple[Shorts, ...]
    answers: Bits
    device: Shorts

    def of(self, devices: Sequence[int], *, others: bool = False) -> "Lesson":
        """What was answered about those devices, or about all others."""
        mine = np.isin(self.device, np.array(devices, np.int16), invert=others)
        contexts = tuple(context[mine] for context in self.contexts)
        return Lesson(contexts, self.answers[mine], self.device[mine])


class _Listener:
    """A coder that remembers."""

    def __init__(self, devices: Ints) -> None:
        self.heard: dict[Question, list[Lesson]] = defaultdict(list)
        self._devices = devices.astype(np.int16)

    def __call__(self, question: Question, contexts: Contexts, chunk: Ints, truth: Truth) -> Bits:
        if not len(chunk):
            return np.zeros(0, bool)
        answers = truth()
        narrow = tuple(np.asarray(context, np.int16) for context in contexts)
        self.heard[question].append(Lesson(narrow, answers, self._devices[chunk]))
        return answers


def listen(corpus: Corpus, first_device: int = 0) -> dict[Question, Lesson]:
    """Hear all questions about the tiles of a corpus; its devices are numbered from the first."""
    listener = _Listener(np.unique(corpus.keys.device) + first_device)
    versions.tell(place(corpus.keys), listener, corpus.tiles)
    return {question: join(question, listener.heard[question]) for question in Question}


def join(question: Question, parts: Sequence[Lesson]) -> Lesson:
    """All answers to a question."""
    empty = np.zeros(0, np.int16)
    contexts = tuple(
        np.concatenate([empty, *(part.contexts[k] for part in parts)])
        for k in range(len(SIZES[question]))
    )
    answers = np.concatenate([np.zeros(0, bool), *(part.answers for part in parts)])
    return Lesson(contexts, answers, np.concatenate([empty, *(part.device for part in parts)]))
