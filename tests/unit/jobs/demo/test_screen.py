import io

from rich.console import Console

from jobs.demo.progress import Progress
from jobs.demo.screen import Screen, line
from schemas.regions import Region

_EU, _US = Region("eu"), Region("us")
_PROGRESS = Progress(
    published={"fleet.telemetry": 1200, "fleet.map-tiles": 30},
    rows={("telemetry", _EU): 1000, ("telemetry", _US): 50, ("dead_letters", _EU): 7},
    rejected={f"reason {i}": i for i in range(1, 10)},
    withheld={"no consent": 4},
    expired=2,
    blanked={"latitude: not collected": 21},
    lag={"fleet.telemetry": 137, "fleet.map-tiles": 0},
)


def _screen(*, terminal: bool) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(Console(file=out, force_terminal=terminal, width=120)), out


def test_a_line_tells_what_came_in_and_how_it_ended() -> None:
    assert line(_PROGRESS, 12.3) == (
        "   12 s  in 1,230  stored 1,050  rejected 45  withheld 4  too late 2  lag 137"
    )


def test_without_a_terminal_there_is_a_line_now_and_then() -> None:
    screen, out = _screen(terminal=False)
    with screen.watching():
        for tenth in range(100):
            screen.show(_PROGRESS, tenth / 10)
    assert len(out.getvalue().splitlines()) == 2
    assert "\x1b" not in out.getvalue()


def test_on_a_terminal_the_table_is_drawn_over_itself_and_goes_away() -> None:
    screen, out = _screen(terminal=True)
    with screen.watching():
        screen.show(_PROGRESS, 1)
        screen.show(_PROGRESS, 2)
    assert "rows in eu" in out.getvalue()
    assert "\x1b[" in out.getvalue()


def test_the_end_shows_tables_by_region_and_the_largest_reasons() -> None:
    screen, out = _screen(terminal=False)
    screen.finally_show(_PROGRESS, 60)
    said = out.getvalue()
    for text in (
        *("1,000", "rows in us", "reason 9", "other reasons", "no consent", "after 60 s"),
        "stored without: latitude: not collected",
    ):
        assert text in said
    assert "reason 1 " not in said
