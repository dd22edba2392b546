"""The path of a record, on one page: what is done to it between Kafka's bytes and a file.

    WireBatch -> decode -> unpack -> validate          as a chunk comes: `collect`
        -> admit -> obscure -> pseudonymise -> route   at the flush: `finish`

Admission waits for the flush, since it needs a registry that has applied `fleet.devices` up to
what was there after the span's last record was fetched (DESIGN section 4, rule 5).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from schemas.batches import AdmittedBatch, Blanked, Ending, ValidBatch, WireBatch
from schemas.lineage import Partition
from schemas.map_privacy import MapPrivacies
from schemas.privacy import Domain
from schemas.references import joined_batches
from schemas.tables import MAP_TILES, Table
from streams.stages.admit import Admission
from streams.stages.decode import Decoder
from streams.stages.obscure import Obscuring
from streams.stages.pseudonymise import RegionKeys, pseudonymise
from streams.stages.route import Folder, route
from streams.stages.unpack import unpack
from streams.stages.validate import validate


@dataclass(frozen=True, slots=True)
class Collected:
    """A chunk that waits for its flush.

    Attributes:
        endings: Records that ended already.
        unknown_fields: How many fields no schema knew.
    """

    valid: ValidBatch
    endings: Sequence[Ending]
    unknown_fields: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """One partition's share of a flush, ready to be encoded.

    Attributes:
        rows: Region -> folder -> rows.
        endings: Records that are not stored.
        blanked: Values that a policy took out of the rows.
    """

    rows: Mapping[str, Mapping[Folder, pa.RecordBatch]]
    endings: Sequence[Ending]
    blanked: Sequence[Blanked] = ()


Keys = Sequence[RegionKeys]
"""One a served region, in the order of `Admission.served`."""


class Pipeline:
    """The steps of one table's records; knows neither Kafka nor S3.

    Args:
        keys: What rows are written under, until `renew`.
        maps: What is done to vendors' maps beyond what their policies ask for.
        newest_keys: Asked at each `renew`; None: `keys` for ever.
    """

    def __init__(
        self,
        table: Table,
        admission: Admission,
        keys: Keys,
        *,
        maps: MapPrivacies | None = None,
        newest_keys: Callable[[], Keys] | None = None,
    ) -> None:
        self.table = table
        self.residency = admission.residency
        self._admission = admission
        self._decoder = Decoder(table)
        self._maps = admission.policies.map_privacies(maps or {})
        self._newest_keys = newest_keys
        self._use(keys)

    def collect(self, wire: WireBatch) -> Collected:
        """Decode and validate a chunk; every record is in the rows or in one ending."""
        decoding = self._decoder.decode(wire)
        decoded, endings = decoding.batch, decoding.endings
        if self.table is MAP_TILES:
            decoded, not_tiles = unpack(decoded)
            endings = endings + not_tiles
        valid, broken = validate(decoded, self.table)
        return Collected(valid, endings + broken, decoding.unknown_fields)

    def renew(self) -> Mapping[str, int]:
        """Write what follows under the newest keys; only between flushes, so that none has two.

        Returns:
            Region -> version of its key.

        Raises:
            FatalError: The keyring cannot be used any more.
        """
        if self._newest_keys is not None:
            self._use(self._newest_keys())
        return {one.region: one.version for one in self.keys}

    def finish(self, partition: Partition, collected: Sequence[Collected]) -> Finished:
        """Judge, pseudonymise and route the chunks of one partition, in offset order.

        Deterministic for a registry that has applied all that came before the last record.
        """
        if not collected:  # only a hole, or transaction markers
            return Finished({keys.region: {} for keys in self.keys}, [])
        rows = joined_batches([one.valid.rows for one in collected])
        whole = ValidBatch(partition, rows)
        admitted, turned_away = self._admission.admit(whole, self.table)
        endings = [ending for one in collected for ending in one.endings] + turned_away
        obscured = self._obscuring.obscure(admitted, self.table)
        return Finished(self._routed(obscured), endings, admitted.blanked)

    def _use(self, keys: Keys) -> None:
        if tuple(one.region for one in keys) != self._admission.served:
            raise ValueError("each served region needs its keys, in order")
        self.keys = tuple(keys)
        self._obscuring = Obscuring(self._maps, [one.keys[Domain.MOTION] for one in keys])

    def _routed(self, admitted: AdmittedBatch) -> dict[str, dict[Folder, pa.RecordBatch]]:
        return {
            keys.region: route(pseudonymise(admitted, self.table, code, keys))
            for code, keys in enumerate(self.keys)
        }
