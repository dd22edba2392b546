import re
from pathlib import Path

import pytest

from jobs.demo.jars import Jar, default_cache, jars_folder, locked
from schemas.errors import IntegrityError


def test_every_jar_is_locked_to_a_version_and_a_digest() -> None:
    jars = locked()
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert len({jar.file_name for jar in jars}) == len(jars)


def test_kafka_and_its_client_are_of_one_version() -> None:
    versions = {jar.version for jar in locked() if jar.group == "org.apache.kafka"}
    assert len(versions) == 1


def test_a_line_of_the_lock_is_read() -> None:
    assert Jar.parse("org.a:b-c:1.2 00ff") == Jar("org.a", "b-c", "1.2", "00ff")


def test_the_cache_is_where_the_environment_says() -> None:
    assert default_cache({"FORTNIGHT_CACHE": "/c", "XDG_CACHE_HOME": "/x"}) == Path("/c")
    assert default_cache({"XDG_CACHE_HOME": "/x"}) == Path("/x/fortnight")
    assert default_cache({}) == Path.home() / ".cache" / "fortnight"


def test_a_jar_that_changed_is_refused_and_fetched_again_next_time(
    cache: Path, tmp_path: Path
) -> None:
    intact = jars_folder(cache)
    copy = tmp_path / intact.name
    copy.mkdir()
    for jar in intact.iterdir():
        (copy / jar.name).symlink_to(jar)
    assert jars_folder(tmp_path) == copy
    changed = copy / locked()[0].file_name
    changed.unlink()
    changed.write_bytes(b"not a jar")
    with pytest.raises(IntegrityError, match=changed.name):
        jars_folder(tmp_path)
    assert not copy.exists()
