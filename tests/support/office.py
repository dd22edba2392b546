"""Officers at work on folders: two persons, a keyring, a ledger and its anchors."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from support.faults.mortal import Life, MortalStore

from jobs import keys
from jobs.keys.destruction import Vault
from jobs.office import Office
from jobs.office.requests import receive
from schemas.acts import Caller
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKey
from schemas.regions import Region
from schemas.requests import Request, Right
from schemas.tables import TELEMETRY
from schemas.wrapping import Passphrase
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.ledger import Ledger

EU = Region("eu")
START = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALICE, BOB = Caller("os", "alice@desk"), Caller("os", "bob@desk")
PASS = Passphrase("correct horse battery staple")
NUMBER = "R-2026-17"


@dataclass(frozen=True, slots=True)
class House:
    """A region on folders, whose keyring was made at `START`."""

    folder: Path
    key: LedgerKey
    destination: Destination

    @classmethod
    def build(cls, folder: Path) -> "House":
        """A new one, with an empty telemetry table."""
        keys.create(folder / "keyring", [EU], PASS, START)
        destination = Destination(TELEMETRY, EU, DirectoryStore(folder / "eu"))
        destination.create()
        return cls(folder, LedgerKey.generate(EU), destination)

    @property
    def keyring(self) -> Path:
        return self.folder / "keyring"

    @property
    def vault(self) -> Vault:
        return Vault(self.keyring, PASS, [self.destination])

    def keys(self) -> Keyring:
        return keys.read(self.keyring, PASS)

    def office(
        self, now: datetime = START, caller: Caller = ALICE, life: Life | None = None
    ) -> Office:
        """Somebody at work at some time, in a process that has so much life."""
        life = life or Life(2**31)
        anchors = MortalStore(self.folder / "anchors", life)
        public = self.key.signing.public_key()
        ledger = Ledger(EU, MortalStore(self.folder / "eu", life), anchors, public)
        return Office(ledger, self.key, caller, now)

    def told(self) -> list[str]:
        """What the ledger tells: names of acts, in order."""
        return [entry.act.name for entry in self.office().ledger.entries()]

    def receive(self, number: str = NUMBER, right: Right = Right.ORDER) -> None:
        """A request came in at `START`."""
        receive(self.office(), Request(number, right, START.date()))
