from jobs.costs.watching import misses

GOOD = {
    "scrape_1000_partitions_seconds": 1.1,
    "scrape_250_partitions_cpu_seconds": 0.2,
    "scrape_1000_partitions_cpu_seconds": 0.8,
}


def test_what_is_fast_and_linear_misses_nothing() -> None:
    assert misses(GOOD) == []


def test_what_is_slow_or_grows_faster_than_its_size_is_said() -> None:
    slow = {"scrape_1000_partitions_seconds": 3.0, "scrape_1000_partitions_cpu_seconds": 2.4}
    assert misses({**GOOD, **slow}) == [
        "a scrape of 1,000 partitions takes 3.00 s, not 2.0 s",
        "4 times as many partitions cost 12.0 times as much",
    ]
