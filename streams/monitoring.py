"""What a worker counts: shown in its log now and then, to Prometheus where a port is set."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from threading import Lock

from schemas.exposition import format_text
from schemas.metrics import RESIDENT_BYTES, WORKER_METRICS, Metric
from schemas.settings import PREFIX
from storage.door import Door
from storage.pages import Page, Pages

_METRICS = "/metrics"
_STATUS = Path("/proc/self/status")

Check = Callable[[], str]
"""Says why not; empty: all is well."""


class Meter:
    """The worker's numbers; safe for many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[Metric, dict[tuple[str, ...], float]] = defaultdict(dict)
        self._shown: dict[Metric, float] = {}

    def add(self, metric: Metric, amount: float = 1, **labels: str) -> None:
        """Count further.

        Raises:
            ValueError: The labels are not the metric's.
        """
        key = _key(metric, labels)
        with self._lock:
            values = self._values[metric]
            values[key] = values.get(key, 0) + amount

    def set(self, metric: Metric, value: float, **labels: str) -> None:
        """Say how much it is now.

        Raises:
            ValueError: The labels are not the metric's.
        """
        with self._lock:
            self._values[metric][_key(metric, labels)] = value

    def value(self, metric: Metric, **labels: str) -> float:
        """What was counted or said, over all labels that are not given."""
        given = {metric.labels.index(name): value for name, value in labels.items()}
        with self._lock:
            return sum(
                value
                for key, value in self._values[metric].items()
                if all(key[place] == wanted for place, wanted in given.items())
            )

    def exposition(self) -> str:
        """Everything, in Prometheus' text format 0.0.4."""
        self.set(RESIDENT_BYTES, resident_bytes())
        with self._lock:
            return format_text(self._values, WORKER_METRICS)

    def summary(self) -> str:
        """One line for the log: what changed since the last one, and what is."""
        self.set(RESIDENT_BYTES, resident_bytes())
        shown: list[str] = []
        for metric in WORKER_METRICS:
            value, before = self.value(metric), self._shown.get(metric, 0.0)
            self._shown[metric] = value
            if value != before:
                name = metric.name.removeprefix("fortnight_").removesuffix("_total")
                shown.append(f"{name}={value:.15g}")
        return " ".join(shown)


class Exposition(Pages):
    """Serves a meter at `/metrics`, by default to nobody but this machine.

    Also, to whoever asks, `/livez` and `/readyz`, for supervisors: 200, or 503 and why not.
    """

    def __init__(
        self,
        meter: Meter,
        port: int,
        checks: Mapping[str, Check] | None = None,
        *,
        host: str = "127.0.0.1",
        token: str = "",
    ) -> None:
        """Begin to serve.

        Args:
            meter: What is shown.
            port: 0 takes a free one.
            host: The address that is listened on.
            checks: Path -> what says why not; empty: all is well.
            token: What Prometheus must bring; may be empty only where the address is this
                machine's.

        Raises:
            SettingsError: The address needs a token.
        """
        door = Door(host, token, f"{PREFIX}METRICS_TOKEN")
        pages: dict[str, Page] = {_METRICS: lambda: (200, meter.exposition())}
        pages |= {path: partial(_checked, check) for path, check in (checks or {}).items()}
        super().__init__(pages, port, host, guard=door.guard(_METRICS))


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not say it as Linux does."""
    if not _STATUS.exists():
        return 0
    line = next(one for one in _STATUS.read_text("ascii").splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def _checked(check: Check) -> tuple[int, str]:
    why_not = check()
    return (503, f"{why_not}\n") if why_not else (200, "ok\n")


def _key(metric: Metric, labels: dict[str, str]) -> tuple[str, ...]:
    if labels.keys() != set(metric.labels):
        raise ValueError(f"{metric.name}: labels are {', '.join(metric.labels) or 'none'}")
    return tuple(labels[name] for name in metric.labels)
