"""`fortnight bench-watch`."""

import typer

from jobs.cli.figures import FOLDER, add, insist, show
from jobs.cli.settings import environment
from jobs.costs import watching
from jobs.demo.jars import default_cache

app = typer.Typer()


@app.command("bench-watch")
def bench_watch() -> None:
    """Time a look at 250, 500 and 1,000 partitions of a real Kafka; status 1 if it is slow."""
    figures = watching.measure(default_cache(environment()))
    show(figures)
    add(figures, FOLDER / "watch.json")
    insist(watching.misses(figures))
