from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.rows import NOW

from jobs.subjects.access.search.sources import Sources
from jobs.subjects.access.search.spill import Spill
from schemas.errors import SettingsError
from schemas.keyring import Keyring
from schemas.regions import Region
from schemas.tables import DEAD_LETTERS
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.store import ObjectInfo

EU, US = Region("eu"), Region("us")


class WrongStore(DirectoryStore):
    """Another region's bucket, which is not where the settings say."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        raise SettingsError(f"NoSuchBucket: {prefix}")


def test_nobody_is_answered_where_another_region_cannot_be_asked_though_it_is_not_closed(
    tmp_path: Path,
) -> None:
    with Spill() as spill:
        sources = Sources(
            region=EU,
            tables=[],
            restricted=[],
            holds=None,
            unwrap=lambda _: b"",
            dead_letters=Destination(DEAD_LETTERS, US, WrongStore(tmp_path)),
            cluster=None,  # type: ignore[arg-type]  # it is asked behind the bucket
            keyring=Keyring.generate([EU]),
            late_window=timedelta(days=9),
        )
        with pytest.raises(SettingsError, match="NoSuchBucket"):
            sources.search([], spill, NOW)
