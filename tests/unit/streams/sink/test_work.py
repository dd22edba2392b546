import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.evidence.fleet import Fleet
from support.faults.rig import pipeline_of, registry_of

from schemas.batches import WireBatch
from schemas.lineage import Partition, Span
from streams.sink.work import Held, Share, Start

NOW = 1_795_000_000_000_000
FLEET = Fleet(NOW)
PARTITION = Partition("fleet.telemetry", "an-id", 0)
REGIONS = ("eu", "us")
N = 300


def _share() -> Share:
    """What one flush has of a fleet that does a bit of everything."""
    path = pipeline_of(registry_of([(1, one) for one in FLEET.registrations()]))
    sent = [FLEET.sent(PARTITION.topic, number) for number in range(N)]
    offsets = np.arange(N)
    headers = {place: one.headers for place, one in enumerate(sent) if one.headers}
    values = [one.value for one in sent]
    wire = WireBatch(PARTITION, 0, N, offsets, np.full(N, NOW), values, headers)
    finished = path.finish(PARTITION, [path.collect(wire)])
    held = Held.begin(PARTITION, Start(dict.fromkeys(REGIONS, -1), 0))
    span = Span(0, N - 1)
    return Share(held, span, offsets, finished.rows, finished.endings, finished.blanked, (), 9)


SHARE = _share()


@given(st.integers(-1, N - 2))
def test_a_receipt_counts_by_maker_what_lies_above_the_destinations_version(base: int) -> None:
    SHARE.held.believed["eu"] = base
    receipt = SHARE.receipt("eu", REGIONS)
    assert sum(receipt.vendors.values()) == receipt.count("stored")
    cancelled = receipt.outcomes.get("withheld/the account was cancelled", 0)
    withheld = sum(n for reasons in receipt.withheld.values() for n in reasons.values())
    assert withheld + cancelled == receipt.count("withheld")
    above = sum(int((one.offsets > base).sum()) for one in SHARE.blanked)
    assert above == sum(n for columns in receipt.blanked.values() for n in columns.values())
