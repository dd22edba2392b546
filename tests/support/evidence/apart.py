"""Rows that officers had put aside or copied: where they have to lie, and nowhere twice."""

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl
import pyarrow.fs
from support.evidence.proof import Log, Report
from support.evidence.reader import RESTRICT, Follower, Source

Offsets = Mapping[Source, list[int]]
"""Of rows, twice where a row is there twice."""


@dataclass(frozen=True, slots=True)
class Apart:
    """What lies in a region's other buckets, by topic.

    Attributes:
        region: Whose.
        restricted: Rows that were put aside.
        held: Copies of held rows.
    """

    region: str
    restricted: Mapping[str, Offsets] = field(default_factory=dict)
    held: Mapping[str, Offsets] = field(default_factory=dict)


def compare_apart(
    report: Report, tables: Mapping[tuple[str, str], Follower], logs: Iterable[Log], apart: Apart
) -> None:
    """Compare what lies apart with the oracle: each held row is in one place, whoever took it."""
    for log in logs:
        aside = Counter(apart.restricted.get(log.topic, {}).get(log.source, []))
        held = Counter(apart.held.get(log.topic, {}).get(log.source, []))
        there = Counter(tables[log.topic, apart.region].rows.get(log.source, set()))
        rests, where = log.rests or {}, f"apart {log.application_id}"
        stored = {offset: rests[offset] for offset in log.ending(f"stored/{apart.region}")}
        restricted = {offset for offset, rest in stored.items() if rest.taken == RESTRICT}
        covered = {offset for offset, rest in stored.items() if rest.is_held}
        places = aside + held + there
        lasting = {offset for offset in restricted if not stored[offset].may_be_gone}
        report.rows += len(restricted | covered)
        report.count("put aside twice", (aside - Counter(set(aside))).total(), where)
        report.count("put aside by nobody", len(aside.keys() - restricted), where)
        report.count("restricted and lost", len(lasting - aside.keys() - held.keys()), where)
        report.count("copied by nobody", len(held.keys() - covered), where)
        report.count("held in no place, or two", sum(places[one] != 1 for one in covered), where)


def copies(files: pyarrow.fs.FileSystem, root: str) -> dict[str, Offsets]:
    """Table's name -> rows of the copies that manifests of a hold name.

    Args:
        files: Where.
        root: The hold's folder.
    """
    found: defaultdict[str, defaultdict[Source, list[int]]] = defaultdict(lambda: defaultdict(list))
    for info in files.get_file_info(pyarrow.fs.FileSelector(root, recursive=True)):
        if not info.path.endswith(".json"):
            continue
        folder = info.path.rpartition("/")[0]
        name = json.loads(files.open_input_file(info.path).read())["copy"]
        data = files.open_input_file(f"{folder}/{name}").read()
        columns = ["topic_id", "partition", "offset"]
        table = folder.removeprefix(f"{root}/").partition("/")[0]
        for topic_id, partition, offset in pl.read_parquet(
            io.BytesIO(data), columns=columns
        ).rows():
            found[table][topic_id, partition].append(offset)
    return dict(found)
