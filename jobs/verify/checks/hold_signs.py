"""Signs of holds, against the ledger: they alone stop an `expire` that knows no bucket for copies.

A hold's sign is put after its record and before the ledger tells of it, and deleted before that
tells of the release. So what differs is looked at again when the ledger was read again.
"""

from collections.abc import Iterator

from jobs.verify.checks.hold import ENDING, PLACED_WITHIN, Told
from jobs.verify.promise import Promise
from jobs.verify.scene import Bucket, Purpose, Scene, refusal
from jobs.verify.verdict import Look, Tally
from schemas.errors import FortnightError

_FOLDER = "_held/"
_NEW = "its sign is there for less than an hour, and the ledger does not tell of it yet"
_UNTOLD = "there is a sign of it, which may block expiry, and the ledger tells of no such hold"
_MISSING = "its sign is gone: whoever expires rows without hold buckets drops what it holds"
_NOTED = (_NEW, ENDING)


def signs(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Every hold that lasts has its sign where rows are, and nothing else has one."""
    del promise
    for bucket in scene.buckets:
        if bucket.purpose is Purpose.ROWS:
            yield _look(bucket, scene)


def _look(bucket: Bucket, scene: Scene) -> Look:
    told, why = Told.of(bucket.region, scene), bucket.refused
    tally, notes = Tally(), list[str]()
    try:
        for name, wrong in {} if why or told.why else _compared(bucket, scene, told).items():
            place = f"{bucket.name}, hold {name}"
            tally.look(place, [wrong] if wrong and wrong not in _NOTED else ())
            notes += [f"{place}: {wrong}"] if wrong in _NOTED else []
    except FortnightError as error:
        why = refusal(error)
    return Look(
        checked=f"{bucket.name}: each hold that lasts has its sign, and nothing else has one",
        looked_at=tally.looked_at,
        unit="holds",
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=tuple(filter(None, (why, told.why))),
        notes=tuple(notes),
        repeat=f"aws s3 ls s3://{bucket.name}/{_FOLDER}; fortnight hold list",
    )


def _compared(bucket: Bucket, scene: Scene, told: Told) -> dict[str, str]:
    """Hold -> what is wrong with its sign; empty where nothing is."""
    there = {one.key.removeprefix(_FOLDER) for one in bucket.store.list(_FOLDER)}
    if there != told.lasting:
        told = told.again(bucket.region, scene)
    return {
        name: "" if name in there & told.lasting else _wrong(name, bucket, told)
        for name in sorted(there | told.lasting)
    }


def _wrong(name: str, bucket: Bucket, told: Told) -> str:
    """What is wrong with a sign now, of a hold that lasts or does not."""
    sign = bucket.store.head(f"{_FOLDER}{name}")
    if name in told.lasting:
        return "" if sign else ENDING if name in told.ending else _MISSING
    if sign is None:  # it was released meanwhile
        return ""
    return _NEW if sign.modified + PLACED_WITHIN > bucket.now else _UNTOLD
