"""What a demo shows: a table that lives on a terminal, lines where there is none."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from jobs.demo.progress import Progress
from schemas.tables import DEAD_LETTERS, STREAMED

_LINE_EVERY = 5.0
_REASONS = 6


class Screen:
    """Where a demo tells what it does."""

    def __init__(self, console: Console) -> None:
        """Write to this console."""
        self._console = console
        self._live: Live | None = None
        self._next_line = 0.0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(text, highlight=False, soft_wrap=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this lasts, `show` draws over what it drew before, on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as self._live:
            yield
        self._live = None

    def show(self, progress: Progress, seconds: float) -> None:
        """How far it is.

        Args:
            progress: Now.
            seconds: Since the demo began.
        """
        if self._live is not None:
            self._live.update(_picture(progress, seconds), refresh=True)
        elif seconds >= self._next_line:
            self._next_line = seconds + _LINE_EVERY
            self.say(line(progress, seconds))

    def finally_show(self, progress: Progress, seconds: float) -> None:
        """How it ended, to stay."""
        self._console.print(_picture(progress, seconds))


def line(progress: Progress, seconds: float) -> str:
    """Progress in one line, for logs."""
    rejected, withheld = (sum(x.values()) for x in (progress.rejected, progress.withheld))
    return (
        f"{seconds:5.0f} s  in {sum(progress.published.values()):,}"
        f"  stored {progress.total_rows:,}  rejected {rejected:,}  withheld {withheld:,}"
        f"  too late {progress.expired:,}  lag {sum(progress.lag.values()):,}"
    )


def _picture(progress: Progress, seconds: float) -> Group:
    return Group(_flow(progress), _reasons(progress), Text(f"after {seconds:.0f} s", "dim"))


def _flow(progress: Progress) -> Table:
    regions = sorted({region for _, region in progress.rows})
    drawn = Table(title="what came in, and where it is now", title_justify="left")
    drawn.add_column("topic -> table")
    for title in ("records in", *(f"rows in {region}" for region in regions), "lag"):
        drawn.add_column(title, justify="right")
    tables = {table.name: topic for topic, table in STREAMED.items()} | {DEAD_LETTERS.name: ""}
    for table, topic in tables.items():
        rows = [_number(progress.rows.get((table, region))) for region in regions]
        published, lag = progress.published.get(topic), progress.lag.get(topic)
        style = "green" if lag == 0 else ""
        name = f"{topic} -> {table}" if topic else table
        drawn.add_row(name, _number(published), *rows, Text(_number(lag), style))
    return drawn


def _reasons(progress: Progress) -> Table:
    drawn = Table(title="what was not stored, and why", title_justify="left")
    drawn.add_column("reason")
    drawn.add_column("records, or values", justify="right")
    late = {"older than the late window when it came": progress.expired}
    for kind, reasons in (
        ("rejected", progress.rejected),
        ("withheld", progress.withheld),
        ("expired", late if progress.expired else {}),
        ("stored without", progress.blanked),
    ):
        for reason, records in _largest(reasons):
            drawn.add_row(f"{kind}: {reason}", f"{records:,}")
    return drawn


def _largest(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(records for _, records in ordered[_REASONS:])
    return ordered[:_REASONS] + ([("other reasons", rest)] if rest else [])


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
