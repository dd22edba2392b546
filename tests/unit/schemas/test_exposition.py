import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.exposition import format_text, parse_text
from schemas.metrics import METRICS, RECORDS_ENDED, REGISTRATIONS, Metric

numbers = st.dictionaries(
    st.sampled_from(METRICS), st.floats(-1e12, 1e12).map(lambda value: float(f"{value:.15g}"))
)


@st.composite
def labelled(draw: st.DrawFn) -> dict[Metric, dict[tuple[str, ...], float]]:
    """Some metrics with some numbers, under any labels."""
    return {
        metric: {tuple(draw(st.text(max_size=5)) for _ in metric.labels): value}
        for metric, value in draw(numbers).items()
    }


@given(labelled())
def test_what_was_written_is_read_back(told: dict[Metric, dict[tuple[str, ...], float]]) -> None:
    assert parse_text(format_text(told, METRICS), METRICS) == told


def test_what_is_not_known_or_has_other_labels_is_left_out() -> None:
    text = f'python_gc_total{{generation="0"}} 3\n{RECORDS_ENDED.name}{{topic="a"}} 4\n'
    assert parse_text(text + f"{REGISTRATIONS.name} 5\n", METRICS) == {REGISTRATIONS: {(): 5.0}}


def test_what_is_no_exposition_is_refused() -> None:
    with pytest.raises(ValueError, match="not a line"):
        parse_text("<html>", METRICS)
