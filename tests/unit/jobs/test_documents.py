import json
from pathlib import Path

import jsonschema
import pytest
from support.wire import reading, tile

from jobs.documents import stale, write
from schemas.documents import asyncapi, json_schema, wire_structs
from schemas.metrics import METRICS
from schemas.privacy import privacy_of
from schemas.tables import TABLES

COMMITTED = Path(__file__).parents[3] / "docs"


def test_the_committed_documents_are_current() -> None:
    assert stale(COMMITTED) == []


def test_a_document_that_was_changed_or_is_too_many_is_found(tmp_path: Path) -> None:
    write(tmp_path)
    fleet = tmp_path / "fleet"
    (fleet / "Telemetry.json").write_text("{}")
    (fleet / "old.json").write_text("{}")
    (fleet / "Cleaning.json").unlink()
    (tmp_path / "tables.md").write_text("# Old")
    wrong = ["fleet/Cleaning.json", "fleet/Telemetry.json", "fleet/old.json", "tables.md"]
    assert stale(tmp_path) == wrong


def test_every_column_that_is_stored_is_told_with_its_privacy_class() -> None:
    page = (COMMITTED / "tables.md").read_text("utf-8")
    for table in TABLES.values():
        told = page.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        for field in table.schema:
            assert f"| `{field.name}` |" in told
            assert privacy_of(field) in told


def test_every_metric_is_told_with_its_meaning() -> None:
    page = (COMMITTED / "metrics.md").read_text("utf-8")
    assert [one.name for one in METRICS if f"| `{one.name}` | {one.kind} |" not in page] == []
    assert [one.name for one in METRICS if f"| {one.help} |" not in page] == []


@pytest.mark.parametrize("topic", wire_structs())
def test_every_schema_is_a_json_schema(topic: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(wire_structs()[topic]))


def test_the_schema_decides_as_the_decoder_does() -> None:
    telemetry = json_schema(wire_structs()["fleet.telemetry"])
    jsonschema.validate(reading(battery_level=100), telemetry)
    for bad in (reading(battery_level=101), reading(status="asleep"), {"device": "a"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, telemetry)
    jsonschema.validate(tile(cells="AAAA"), json_schema(wire_structs()["fleet.map-tiles"]))


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    references = [part.split('"')[0] for part in json.dumps(document).split('"$ref": "#/')[1:]]
    assert references
    for reference in references:
        place = document
        for step in reference.split("/"):
            place = place[step]
        assert place
