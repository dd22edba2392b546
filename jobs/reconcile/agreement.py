"""Destinations agree: over the same offsets of a partition their receipts say the same.

After a crash two destinations may have split a stretch of offsets differently, so they are compared
between the offsets at which a span of each ends.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.reconcile.ledger import Breach, Ledger
from schemas.lineage import Partition
from storage.receipts import SpanReceipt


def compare(partition: Partition, ledgers: Sequence[Ledger]) -> Iterator[Breach]:
    """Compare what destinations say of one partition.

    Args:
        partition: Which tiles each ledger, or the comparison says little.
        ledgers: Those that know the partition.
    """
    tiles = [[receipt for _, receipt in one.tiles.get(partition, [])] for one in ledgers]
    if len(tiles) < 2 or not all(tiles):  # noqa: PLR2004 - one agrees with itself
        return
    common = sorted(set[int].intersection(*map(_cuts, tiles)))
    if not common:
        yield Breach(str(partition), "destinations have no end of a span in common")
        return
    streams = [iter(_between(spans, common)) for spans in tiles]
    for low, high, sums in zip(common, common[1:], zip(*streams, strict=True), strict=False):
        for ledger, said in zip(ledgers[1:], sums[1:], strict=True):
            if said != sums[0]:
                place = f"{partition}@{low + 1} to {high}"
                names = f"{ledgers[0].name} and {ledger.name}"
                yield Breach(place, f"{names} disagree: {_difference(sums[0], said)}")


def _cuts(spans: Sequence[SpanReceipt]) -> set[int]:
    return {spans[0].span.first - 1} | {one.span.last for one in spans}


def _between(spans: Sequence[SpanReceipt], common: Sequence[int]) -> Iterator[Counter[str]]:
    """What the spans between each two common ends say together."""
    left = iter(one for one in spans if one.span.first > common[0])
    for end in common[1:]:
        said: Counter[str] = Counter()
        for one in left:
            said.update(one.outcomes)
            said["records"] += one.records
            said["in holes"] += sum(last - first + 1 for first, last in one.holes)
            if one.span.last == end:
                break
        yield said


def _difference(one: Counter[str], other: Counter[str]) -> str:
    names = sorted(name for name in one | other if one[name] != other[name])
    return ", ".join(f"{name} {one[name]} and {other[name]}" for name in names)
