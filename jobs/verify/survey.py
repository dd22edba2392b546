"""Looks at everything once: all names, then the bytes of what was chosen, many at a time."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from jobs.verify.beside import Beside
from jobs.verify.rows import measures
from jobs.verify.rows.facts import Facts
from jobs.verify.rows.question import Question
from jobs.verify.rows.registry import Identifier
from jobs.verify.rows.scan import Scan, Spooled
from jobs.verify.rows.watched import Watched
from jobs.verify.scene import Bucket, Purpose, Scene, refusal
from jobs.verify.seen import Seen, Words
from jobs.verify.stored.cells import with_raw_cells
from jobs.verify.stored.files import StoredFile
from jobs.verify.stored.footers import Looked, look_at
from jobs.verify.stored.leaks import CANARY, Search
from jobs.verify.stored.listing import Listing, Rules, came_since, list_bucket
from jobs.verify.stored.logs import LogEntry, read_entry
from jobs.verify.watching import watched_in
from schemas.canaries import canaries
from schemas.errors import FortnightError, IntegrityError
from schemas.policies.collecting import MapGate
from schemas.tables import TABLES

Progress = Callable[[str], None]
"""Is told what is being looked at, as a short phrase."""

_LOG_GRACE = timedelta(days=2)
"""Logs are summed up and cleaned when rows expire; then entries of the last checkpoint stay."""
_AT_ONCE = 16
_TOGETHER = 256
"""Files of one table whose rows are asked together."""
_TABLES = frozenset({"data", "log", "entry", "scratch"})
_KINDS = {
    Purpose.ROWS: _TABLES | {"link", "watch", "ledger", "sign"},
    Purpose.RESTRICTED: _TABLES | {"preserved"},
    Purpose.HOLDS: frozenset({"held", "hold", "scratch"}),
}
"""What may lie in a bucket: kinds of `jobs.verify.stored.files.read_key`."""
_ROUNDS = 5
"""Files that came in the place of others may go as well: so often others are looked for."""
_NEVER_STILL = "files went as fast as they were looked at, and others may have come in their place"
_MAPS = "map_tiles"
_BYTES_TOGETHER = 32 << 20


@dataclass(slots=True)
class Survey:
    """One look at everything.

    Attributes:
        scene: What it looks at; who devices are it knows when it has looked.
    """

    scene: Scene
    questions: Sequence[Question]
    progress: Progress
    words: Words = field(default_factory=Words)
    unseen: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    vanished: int = 0

    def look(self, keep: ExitStack) -> Seen:
        """Look.

        Args:
            keep: Holds what later questions need: closed, they cannot be asked.
        """
        ours = [bucket for bucket in self.scene.buckets if bucket.is_ours]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            listings = tuple(pool.map(self._listed, ours))
        self.scene = self.scene.once_listed(self.scene)
        files = [file for listing in listings for file in listing.files]
        chosen = self.scene.sampling.choose(files)
        search = self._search()
        entries = tuple(self._logs(listings, search))
        beside = Beside(self.scene.sampling, search, self.words, self.unseen)
        for listing in listings:
            beside.look(self._bucket(listing.bucket), listing)
        folder = Path(keep.enter_context(TemporaryDirectory(prefix="fortnight-verify-")))
        watched = watched_in(self.scene, listings)
        scan = self._scan(folder, watched)
        keep.callback(scan.sql.close)
        gone = self._files(chosen, files, (scan, search, folder))
        for _ in range(_ROUNDS):
            if not (more := self._instead(listings, chosen, gone)):
                break
            chosen += more
            self.scene = self.scene.once_listed(self.scene)  # it has to know of what came since
            with closing((again := self._scan(folder, watched)).sql):
                gone = self._files(more, more, (again, self._search(), folder))
                measures.take(scan.sql, again.sql)
            scan.answers += again.answers
        else:
            self.lost |= {file.bucket: _NEVER_STILL for file in gone}
        return Seen(
            listings=listings,
            chosen=tuple(chosen),
            vanished=self.vanished,
            words=self.words,
            answers=scan.answers,
            entries=entries,
            log_objects=sum(len(some) for one in listings for some in one.entries.values()),
            measures=measures.measured(scan.sql),
            watched=watched,
            unseen=self.unseen,
            lost=self.lost,
        )

    def _search(self) -> Search:
        """For every identifier that is known by now."""
        registered = self.scene.registry.identifiers if self.scene.registry else ()
        return Search((*registered, *_canaries()), self.scene.sampling.seed)

    def _listed(self, bucket: Bucket) -> Listing:
        self.progress(f"listing {bucket.name}")
        rules = Rules(
            at_most=self.scene.policies.retention,
            log_grace=_LOG_GRACE,
            upload_age=self.scene.settings.upload_age,
            tables=frozenset(TABLES),
            kinds=_KINDS[bucket.purpose],
        )
        listing = Listing(bucket.name, bucket.region, refused=bucket.refused)
        if bucket.refused:
            listing.uploads_refused = bucket.refused
            return listing
        return list_bucket(listing, bucket.store, bucket.where, rules, bucket.now)

    def _scan(self, folder: Path, watched: Mapping[str, Watched]) -> Scan:
        facts = Facts(
            vendors=tuple(self.scene.policies.versions),
            default=self.scene.policies.default,
            countries=self.scene.residency.regions,
            registry=self.scene.registry,
            keyring=self.scene.keyring,
            watched=watched,
        )
        regions = tuple(dict.fromkeys(place.region for place in self.scene.settings.regions))
        seed = self.scene.sampling.seed
        scan = Scan(facts, regions, self.questions, spill=folder, seed=seed)
        if not facts.is_known:
            told = self.scene.registry_refused or self.scene.keyring_refused
            scan.answers.refused = told or "whose rows they are: registry or keyring is not at hand"
        return scan

    def _logs(self, listings: Iterable[Listing], search: Search) -> Iterator[LogEntry]:
        for listing in listings:
            for table, versions in sorted(listing.entries.items()):
                self.progress(f"reading the log of {table} in {listing.bucket}")
                yield from self._log(
                    listing, table, self.scene.sampling.some(sorted(versions)), search
                )

    def _log(
        self, listing: Listing, table: str, versions: Sequence[int], search: Search
    ) -> Iterator[LogEntry]:
        bucket = self._bucket(listing.bucket)

        def read(version: int) -> LogEntry | None:
            key = f"{table}/_delta_log/{version:020}.json"
            try:
                data = bucket.store.get(key)
            except KeyError:  # cleaned meanwhile
                return None
            return read_entry(f"{bucket.name}/{key}", table, data, search)

        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                found = list(pool.map(read, versions))
        except FortnightError as error:
            self.unseen[f"{listing.bucket}/{table}/_delta_log"] = refusal(error)
            return
        for entry in filter(None, found):
            self.words.texts += 1
            for leak in entry.leaks:
                self.words.leak(entry.place, "a log entry", leak)
            yield entry

    def _files(
        self,
        chosen: Sequence[StoredFile],
        files: Sequence[StoredFile],
        tools: tuple[Scan, Search, Path],
    ) -> list[StoredFile]:
        """Open files: each is searched, and the rows of many are asked together.

        Returns:
            Those that were gone by then.
        """
        scan, search, folder = tools
        stand_for = _stand_for(chosen, files)
        done, gone = 0, list[StoredFile]()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for table, some in _together(chosen):
                spooled = []
                opened = pool.map(lambda f: self._open(f, search, folder), some)
                for file, (looked, path) in zip(some, opened, strict=True):
                    if looked is None:
                        gone.append(file)
                        continue
                    self.words.take(looked)
                    if path is not None:
                        purpose = self._bucket(looked.file.bucket).purpose
                        weight = stand_for[looked.file.stratum]
                        spooled.append(Spooled(looked.file, path, purpose, weight))
                if table in TABLES and spooled:
                    scan.ask(table, spooled)
                for one in spooled:
                    one.path.unlink(missing_ok=True)
                done += len(some)
                self.progress(f"{done} of {len(chosen)} files, of {len(files)} that there are")
        self.vanished += len(gone)
        return gone

    def _instead(
        self,
        listings: Sequence[Listing],
        chosen: Sequence[StoredFile],
        gone: Sequence[StoredFile],
    ) -> list[StoredFile]:
        """What is opened in the place of files that went: what came where they lay, and others."""
        came: list[StoredFile] = []
        for listing in listings if gone else ():
            mine = [file for file in gone if file.bucket == listing.bucket]
            try:
                new = came_since(listing, self._bucket(listing.bucket).store, mine)
            except FortnightError as error:
                self.lost[listing.bucket] = f"what came in the place of files: {refusal(error)}"
                continue
            listing.files += new
            came += new
        tables = {(file.bucket, file.table) for file in gone}
        kept = {*chosen, *came}
        others = [
            file
            for listing in listings
            for file in listing.files
            if (file.bucket, file.table) in tables and file not in kept
        ]
        return self.scene.sampling.instead(gone, came, others)

    def _open(
        self, file: StoredFile, search: Search, folder: Path
    ) -> tuple[Looked | None, Path | None]:
        """Fetch and search a file; where DuckDB finds it: nowhere, where it is no Parquet file."""
        try:
            data = self._bucket(file.bucket).store.get(file.key)
        except KeyError:  # expired, or taken away, meanwhile
            return None, None
        except FortnightError as error:
            return Looked(file, None, damaged=refusal(error)), None
        looked = look_at(file, data, search)
        if looked.shape is None or not looked.rows:
            return looked, None
        try:
            readable = with_raw_cells(data, self._mapped) if file.table == _MAPS else data
        except IntegrityError as error:
            return replace(looked, damaged=refusal(error)), None
        path = folder / f"{uuid4().hex}.parquet"
        path.write_bytes(readable)
        return looked, path

    @property
    def _mapped(self) -> set[str]:
        """Makers whose policy says what a map may show."""
        policies = self.scene.policies.all
        return {one.vendor for one in policies if any(gate.shows for gate in one.of_kind(MapGate))}

    def _bucket(self, name: str) -> Bucket:
        return next(one for one in self.scene.buckets if one.name == name)


def _canaries() -> Iterator[Identifier]:
    """What names canaries; also where Kafka cannot be asked."""
    for one in canaries():
        for text in sorted(one.identifiers()):
            yield Identifier(CANARY, text, one.vendor)


def _stand_for(chosen: Iterable[StoredFile], files: Iterable[StoredFile]) -> dict[Any, float]:
    """Stratum -> how many of its files each chosen one stands for."""
    all_of, some_of = (Counter(file.stratum for file in which) for which in (files, chosen))
    return {stratum: all_of[stratum] / count for stratum, count in some_of.items()}


def _together(chosen: Sequence[StoredFile]) -> Iterator[tuple[str, list[StoredFile]]]:
    """Files of one table, not too many and not too large together; readings come first."""
    for table in sorted(
        {file.table for file in chosen}, key=lambda name: (name != "telemetry", name)
    ):
        mine = iter([file for file in chosen if file.table == table])
        while some := list(islice(mine, _TOGETHER)):
            yield from ((table, part) for part in _parts(some))


def _parts(files: Sequence[StoredFile]) -> Iterator[list[StoredFile]]:
    part: list[StoredFile] = []
    for file in files:
        if part and sum(one.size for one in part) + file.size > _BYTES_TOGETHER:
            yield part
            part = []
        part.append(file)
    yield part
