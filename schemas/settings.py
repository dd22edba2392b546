"""What an operator sets: one frozen value, from `FORTNIGHT_...` variables and a TOML file.

Every setting is told once, in `Settings`: its default, unit and meaning. A variable wins over the
file; the file's keys are the variables' names without the prefix, in lower case. Secrets are
references (`env:NAME` or `file:PATH`), never values.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, get_args, get_type_hints

from schemas.errors import SettingsError
from schemas.map_privacy import MapPrivacy
from schemas.regions import Region

PREFIX = "FORTNIGHT_"


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """Where one region's rows live."""

    region: Region
    bucket: str
    location: str


VendorMaps = tuple[tuple[str, MapPrivacy], ...]
"""(vendor, what is done to its maps); each vendor once."""

KafkaSecurity = Literal["plaintext", "tls"]
LogFormat = Literal["auto", "json", "human"]
WrappedBy = Literal["passphrase", "kms"]

_EU = Region("eu")
_TWO_REGIONS = (
    RegionSettings(_EU, "fortnight-eu", "eu-central-1"),
    RegionSettings(Region("us"), "fortnight-us", "us-east-1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Fortnight's settings; each is `FORTNIGHT_` and its name in capitals."""

    bootstrap_servers: Annotated[str, "Kafka, host:port with commas between"] = "127.0.0.1:9092"
    kafka_security: Annotated[
        KafkaSecurity, "how Kafka is spoken to: plaintext, or tls, with certificates of both sides"
    ] = "plaintext"
    kafka_ca: Annotated[
        str, "path of the authority that signed Kafka's certificate; empty for the system's"
    ] = ""
    kafka_certificate: Annotated[str, "path of our certificate, PEM: our name in Kafka's ACLs"] = ""
    kafka_key: Annotated[str, "path of its private key, PEM"] = ""
    kafka_key_passphrase: Annotated[
        str, "reference to the key's passphrase: env:, file:; empty where it has none"
    ] = ""
    group: Annotated[str, "Kafka consumer group of the workers"] = "fortnight"
    regions: Annotated[
        tuple[RegionSettings, ...], "regions served: region=bucket@location, with commas between"
    ] = _TWO_REGIONS
    home_region: Annotated[Region, "region whose bucket holds the dead letters"] = _EU
    s3_endpoint: Annotated[str, "URL of an S3 that is not AWS's; empty for AWS"] = ""
    keyring: Annotated[str, "path of the sealed keyring"] = "fortnight.keyring"
    passphrase: Annotated[str, "reference to the keyring's passphrase: env:, file:"] = (
        "env:FORTNIGHT_KEYRING_PASSPHRASE"  # noqa: S105 - a reference, no secret
    )
    wrapping: Annotated[
        WrappedBy,
        "what wraps keys: passphrase, or kms: a key of AWS KMS each, in its region's location",
    ] = "passphrase"
    ledger_key: Annotated[
        str, "path of the ledgers' own keys; empty: beside the keyring, its name and .ledger-key"
    ] = ""
    anchors: Annotated[
        tuple[RegionSettings, ...],
        "where the ledgers' anchors are, as FORTNIGHT_REGIONS says it, in other hands than the "
        "buckets; empty: a folder beside the keyring, its name and .anchors",
    ] = ()
    restricted: Annotated[
        tuple[RegionSettings, ...],
        "where a region's restricted rows are put aside, as FORTNIGHT_REGIONS says it; empty: no "
        "row can be restricted",
    ] = ()
    holds: Annotated[
        tuple[RegionSettings, ...],
        "where a region's held rows are kept, as FORTNIGHT_REGIONS says it; empty: no row can be "
        "held",
    ] = ()
    partitions: Annotated[int, "partitions of each data topic, when they are created"] = 6
    replication: Annotated[int, "replicas of each topic, when it is created"] = 1
    topic_retention: Annotated[timedelta, "how long Kafka keeps raw records, seconds"] = timedelta(
        days=4
    )
    topic_segment: Annotated[timedelta, "segment.ms of data topics, seconds"] = timedelta(hours=12)
    late_window: Annotated[
        timedelta, "how much older than its arrival a record may be, seconds"
    ] = timedelta(days=9)
    flush_period: Annotated[
        timedelta, "a row is durable this long after it came, at the latest, seconds"
    ] = timedelta(seconds=10)
    flush_rows: Annotated[int, "a flush begins at this many rows of a topic"] = 250_000
    memory_budget: Annotated[
        int, "bytes of records and rows a worker holds, over all its partitions"
    ] = 256 * 2**20
    session_timeout: Annotated[
        timedelta, "a silent worker's partitions are given away after this, seconds"
    ] = timedelta(seconds=8)
    instance: Annotated[str, "static membership: a name of this worker that outlives restarts"] = ""
    rejected_ratio: Annotated[
        float, "stop when more than this share of recent records is rejected"
    ] = 0.5
    rejected_run: Annotated[
        int, "stop when this many records of a partition in a row are rejected"
    ] = 10_000
    assignment_timeout: Annotated[
        timedelta, "a worker without partitions exits after this, seconds"
    ] = timedelta(minutes=10)
    metrics_port: Annotated[int, "port of the worker's metrics and health; 0 for none"] = 0
    metrics_host: Annotated[
        str, "address that they are served at; others than this machine's need a token"
    ] = "127.0.0.1"
    metrics_token: Annotated[
        str, "reference to what is asked of who reads the metrics, not the health: env:, file:"
    ] = ""
    log_level: Annotated[str, "DEBUG, INFO, WARNING or ERROR"] = "INFO"
    log_format: Annotated[
        LogFormat, "json, human, or auto: human on a terminal, json elsewhere"
    ] = "auto"
    default_policy: Annotated[
        str, "vendor whose policy holds for makers without one; empty: their records are rejected"
    ] = ""
    map_privacy: Annotated[
        VendorMaps,
        "what more than its policy asks is done to a vendor's maps: vendor=contour+grid4+moved, "
        "with commas between",
    ] = ()
    orphan_age: Annotated[
        timedelta, "a file that no log entry names is swept after this, seconds"
    ] = timedelta(hours=24)
    upload_age: Annotated[
        timedelta, "an unfinished multipart upload is aborted after this, seconds"
    ] = timedelta(hours=24)

    def __post_init__(self) -> None:
        served = [place.region for place in self.regions]
        if self.home_region not in served:
            raise SettingsError(f"{PREFIX}HOME_REGION: not among {PREFIX}REGIONS")
        if len(set(served)) < len(served):
            raise SettingsError(f"{PREFIX}REGIONS: a region is there twice")
        self._check_buckets()
        self._check_security()

    def _check_buckets(self) -> None:
        """Refuse one bucket for two purposes: who may read the one must not read the other."""
        served = {place.region for place in self.regions}
        if not served.issuperset(place.region for place in (*self.restricted, *self.holds)):
            raise SettingsError(f"{PREFIX}RESTRICTED, {PREFIX}HOLDS: a region is not served")
        places = (*self.regions, *self.restricted, *self.holds)
        buckets = [place.bucket for place in places]
        if twice := sorted({bucket for bucket in buckets if buckets.count(bucket) > 1}):
            raise SettingsError(f"{PREFIX}REGIONS, _RESTRICTED, _HOLDS: {twice[0]} is there twice")

    def _check_security(self) -> None:
        """Refuse what somebody set who believes that it is in use."""
        if bool(self.kafka_certificate) != bool(self.kafka_key):
            raise SettingsError(f"{PREFIX}KAFKA_CERTIFICATE and {PREFIX}KAFKA_KEY: one is missing")
        given = [name for name in _ONLY_WITH_TLS if getattr(self, name)]
        if given and self.kafka_security == "plaintext":
            variable = PREFIX + given[0].upper()
            raise SettingsError(f"{variable}: is for {PREFIX}KAFKA_SECURITY=tls only")

    @classmethod
    def load(cls, environment: Mapping[str, str], file: bytes = b"") -> Self:
        """Settings from the environment and a TOML file's bytes.

        Raises:
            SettingsError: A setting is unknown or wrong; names the variable and what is allowed.
        """
        given = _from_file(file) | {
            name.removeprefix(PREFIX).lower(): text
            for name, text in environment.items()
            if name.startswith(PREFIX) and name not in _NOT_SETTINGS
        }
        kinds = get_type_hints(cls)
        if unknown := sorted(given.keys() - kinds.keys()):
            raise SettingsError(f"{PREFIX}{unknown[0].upper()}: there is no such setting")
        parsed: dict[str, Any] = {
            name: _parse(name, kinds[name], text) for name, text in given.items()
        }
        return cls(**parsed)

    @classmethod
    def reference(cls) -> list[tuple[str, str, str]]:
        """(variable, default, meaning) of every setting, for the documentation."""
        kinds = get_type_hints(cls, include_extras=True)
        return [
            (PREFIX + one.name.upper(), _format(one.default), kinds[one.name].__metadata__[0])
            for one in fields(cls)
        ]


_ONLY_WITH_TLS = ("kafka_ca", "kafka_certificate", "kafka_key", "kafka_key_passphrase")

_NOT_SETTINGS = frozenset(
    {PREFIX + "SETTINGS", PREFIX + "KEYRING_PASSPHRASE", PREFIX + "CACHE", PREFIX + "VERSITYGW"}
)
"""Where the file is, the passphrase itself, the demo's cache, and a tool of the tests."""


def _from_file(file: bytes) -> dict[str, str]:
    try:
        document = tomllib.loads(file.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file: {error}") from None
    return {name: str(value) for name, value in document.items()}


def _format(value: object) -> str:
    match value:
        case timedelta():
            return f"{value.total_seconds():g}"
        case tuple():
            return ",".join(f"{one.region}={one.bucket}@{one.location}" for one in value)
        case _:
            return str(value)


def _seconds(text: str) -> timedelta:
    value = timedelta(seconds=float(text))
    if value <= timedelta(0):
        raise ValueError
    return value


def _natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def _ratio(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError
    return value


def _places(text: str) -> tuple[RegionSettings, ...]:
    places = []
    for part in text.split(",") if text else ():
        region, _, rest = part.strip().partition("=")
        bucket, _, location = rest.partition("@")
        if not (region and bucket and location):
            raise ValueError
        places.append(RegionSettings(Region(region), bucket, location))
    return tuple(places)


def _vendor_maps(text: str) -> VendorMaps:
    parts = [part.strip().partition("=") for part in text.split(",") if text]
    options = {vendor: MapPrivacy.parse(words) for vendor, _, words in parts if vendor}
    if len(options) < len(parts):
        raise ValueError
    return tuple(options.items())


def _choice(kind: object) -> tuple[Callable[[str], object], str]:
    """How one of several words is read, and which."""
    words = get_args(kind)

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return parse, " or ".join(words)


_PARSERS: dict[Any, tuple[Callable[[str], object], str]] = {
    timedelta: (_seconds, "seconds, more than zero"),
    int: (_natural, "a whole number, not negative"),
    float: (_ratio, "a share, more than 0 and at most 1"),
    KafkaSecurity: _choice(KafkaSecurity),
    LogFormat: _choice(LogFormat),
    WrappedBy: _choice(WrappedBy),
    tuple[RegionSettings, ...]: (_places, "region=bucket@location, with commas between"),
    VendorMaps: (
        _vendor_maps,
        "vendor=contour+grid4+moved: some of these, once a vendor; grid 2, 4, 8 or 16",
    ),
}


def _parse(name: str, kind: object, text: str) -> object:
    parse, allowed = _PARSERS.get(kind, (str, "text"))
    try:
        return parse(text)
    except ValueError:
        raise SettingsError(
            f"{PREFIX}{name.upper()}: {text!r} was given, allowed is {allowed}"
        ) from None
