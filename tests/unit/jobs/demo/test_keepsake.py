from pathlib import Path

from jobs.demo.keepsake import keep
from schemas.regions import Region
from schemas.settings import Settings
from storage.directory import DirectoryStore
from storage.places import open_stores


def test_every_region_is_copied_and_found_again(tmp_path: Path) -> None:
    settings = Settings()
    stores = {
        place.region: DirectoryStore(tmp_path / "before" / place.region)
        for place in settings.regions
    }
    stores[Region("eu")].put("telemetry/_delta_log/0.json", b"{}")
    stores[Region("us")].put("telemetry/a.parquet", b"us")

    variables = keep(dict(stores), settings, tmp_path / "after")

    found = open_stores(Settings.load(variables))
    assert {
        region: {info.key: store.get(info.key) for info in store.list()}
        for region, store in found.items()
    } == {
        Region("eu"): {"telemetry/_delta_log/0.json": b"{}"},
        Region("us"): {"telemetry/a.parquet": b"us"},
    }
    assert [place.location for place in Settings.load(variables).regions] == [
        place.location for place in settings.regions
    ]
