"""What lies somewhere lies there encrypted: objects, and the keyring."""

from collections.abc import Iterator

from jobs.verify.configuration.buckets import EVERYWHERE, Question, look
from jobs.verify.configuration.state import Configured, Placed
from jobs.verify.verdict import Look, Tally
from schemas.policies.keeping import Storage
from storage.s3.evidence import BucketEvidence, Unseen


def at_rest(clause: Storage, configured: Configured) -> Iterator[Look]:
    """Objects are encrypted by default and one by one; no secret of the keyring is in the clear."""
    if "objects" in clause.encrypted:
        checked = "objects are encrypted by default"
        yield look(Question(checked, "get-bucket-encryption", EVERYWHERE), configured, _by_default)
        yield _objects(configured)
    if "keyring" in clause.encrypted:
        yield _keyring(configured)


def _by_default(_: Placed, found: BucketEvidence) -> Iterator[str | Unseen]:
    if isinstance(found.encryption, Unseen):
        yield found.encryption
    elif not found.encryption:
        yield "objects are not encrypted by default"


def _objects(configured: Configured) -> Look:
    tally, unknown = Tally(), []
    for placed in configured.buckets:
        objects = placed.found.objects if isinstance(placed.found, BucketEvidence) else {}
        for key, how in objects.items():
            if isinstance(how, Unseen):
                unknown.append(f"{placed.name}/{key}: {how}")
            else:
                tally.look(f"{placed.name}/{key}", [] if how else ["it is not encrypted"])
    return Look(
        checked="objects of a sample are encrypted",
        looked_at=tally.looked_at,
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=tuple(unknown),
        repeat="aws s3api head-object --bucket BUCKET --key KEY",
    )


def _keyring(configured: Configured) -> Look:
    tally, unknown = Tally(), []
    if isinstance(configured.keyring, Unseen):
        unknown.append(f"the keyring: {configured.keyring}")
    else:
        for name, by in configured.keyring.items():
            tally.look(f"key {name}", [] if by else ["its secret is in the clear"])
    if configured.keyring_open:
        tally.add("the keyring", "others than its owner may read the file")
    return Look(
        checked="every secret of the keyring is wrapped, and its file is its owner's",
        looked_at=tally.looked_at,
        unit="keys",
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=tuple(unknown),
        repeat="fortnight keys list",
    )
