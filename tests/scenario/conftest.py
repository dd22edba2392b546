"""What several stories begin with."""

from pathlib import Path

import pytest
from support.evidence.fleet import Fleet
from support.faults.rig import Place, Source, wall_clock

from schemas.retention import microseconds


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with the tables of every region."""
    place = Place(str(tmp_path), "")
    place.create()
    return place


@pytest.fixture
def source() -> Source:
    """Two partitions of records, three in ten of them not good."""
    return Source(Fleet(microseconds(wall_clock()), good=0.7), partitions=2)
