"""What the allocators are told, so that what a worker has freed goes back to the system."""

import ctypes
import gc

import pyarrow as pa

_GARBAGE = 100_000
"""Containers that are made between two searches for garbage; Python's 700 cost a fifth."""

_M_ARENA_MAX = -8
"""glibc, mallopt(3): how many heaps the threads of a process spread over."""


def set_up() -> None:
    """Make memory bounded by what is held; call it before anything is read.

    A worker's threads hand rows to each other, and every heap that one of them ever filled stays
    as large as it was then: by measurement a third of a worker's memory (`make bench`).
    """
    gc.set_threshold(_GARBAGE)  # records make no cycles, and a collection looks at all of them
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):  # glibc has it, others do not
        mallopt(_M_ARENA_MAX, 1)
