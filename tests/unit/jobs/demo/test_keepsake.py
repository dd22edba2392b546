from pathlib import Path

from jobs.demo.keepsake import keep
from schemas.regions import Region
from schemas.settings import RegionSettings, Settings
from storage.places import open_stores

EU, US = Region("eu"), Region("us")


def places(folder: Path, *regions: Region) -> tuple[RegionSettings, ...]:
    return tuple(RegionSettings(one, f"file:{folder / one}", f"{one}-north-1") for one in regions)


def contents(settings: Settings) -> dict[tuple[str, str], dict[str, bytes]]:
    return {
        (name, region): {info.key: store.get(info.key) for info in store.list()}
        for name in ("regions", "restricted", "holds")
        for region, store in open_stores(settings, getattr(settings, name)).items()
    }


def test_every_bucket_is_copied_and_found_again(tmp_path: Path) -> None:
    settings = Settings(
        regions=places(tmp_path, EU, US),
        restricted=places(tmp_path / "restricted", EU),
        holds=places(tmp_path / "holds", EU),
    )
    open_stores(settings)[EU].put("telemetry/_delta_log/0.json", b"{}")
    open_stores(settings)[US].put("telemetry/a.parquet", b"us")
    open_stores(settings, settings.restricted)[EU].put("telemetry/b.parquet", b"restricted")

    kept = Settings.load(keep(settings, tmp_path / "after"))

    assert contents(kept) == contents(settings)
    assert all(one.bucket.startswith(f"file:{tmp_path / 'after'}") for one in kept.regions)
    assert [one.location for one in kept.regions] == ["eu-north-1", "us-north-1"]


def test_without_buckets_for_rows_put_aside_there_are_none_among_the_copies(tmp_path: Path) -> None:
    settings = Settings(regions=places(tmp_path, EU))
    kept = Settings.load(keep(settings, tmp_path / "after"))
    assert (kept.restricted, kept.holds) == ((), ())
