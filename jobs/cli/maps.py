"""`fortnight maps train`, `fortnight maps relink` and `fortnight bench-maps`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.figures import FOLDER, keep
from jobs.cli.settings import environment
from jobs.maps import bench, corpus, relink, train
from jobs.maps.invented import invent
from storage.tiles.tables import SHIPPED, Tables

app = typer.Typer()
_maps = typer.Typer(help="Maps as a whole: the context codec's table, and what gives homes away.")
app.add_typer(_maps, name="maps")


Folder = Annotated[Path | None, typer.Option("--maps", help="Folder of tiles64.npz.")]


@_maps.command("train")
def train_table(
    maps: Folder = None,
    to: Annotated[Path, typer.Option(help="The folder of tables.")] = SHIPPED.folder,
    invented: Annotated[int, typer.Option(help="Robots of our own generator to add.")] = 16,
    *,
    check: Annotated[bool, typer.Option(help="Measure on homes left out; takes longer.")] = True,
) -> None:
    """Train a context table, to be written with from now on; the tables that there are stay."""
    learnt = corpus.load(maps or _folder())
    heard = train.hear(learnt, invent(invented) if invented else None)
    fits = train.train(heard)
    told: dict[str, str | int | float] = {
        "trained": datetime.now(UTC).date().isoformat(),  # noqa: TID251 - the date of a release
        "corpus": "the public maps of PROVENANCE.txt, Apache-2.0 and MIT, in four rotations",
        "homes": len(set(learnt.homes)),
        "rows": len(learnt.tiles),
        "invented_homes": invented,
    }
    if check:
        figures = train.measure(learnt, heard, fits)
        told["bytes_a_row_seen"] = round(sum(figures.seen.values()), 2)
        told["bytes_a_row_unseen"] = round(sum(figures.unseen.values()), 2)
        for question, seen in figures.seen.items():
            typer.echo(f"{question.name}: {seen:.3f}, unseen {figures.unseen[question]:.3f}")
    table = Tables(to).add(train.table_file(fits), told)
    typer.echo(f"version {table.version}: {to / table.digest}.bin")
    for name, value in told.items():
        typer.echo(f"{name}: {value}")


@_maps.command("relink")
def measure_relinking(
    maps: Annotated[Path | None, typer.Option("--maps", help="Folder of maps.npz.")] = None,
    among: Annotated[int, typer.Option(min=0, help="Made-up homes to look among.")] = 100,
    figures: Path = FOLDER / "relink.json",
) -> None:
    """Measure how often a map is found again by its walls, under each option of map privacy."""
    known = relink.known_maps(maps or _folder())
    keep(relink.measure(known, [*relink.made_up(among)], typer.echo), figures)


@app.command("bench-maps")
def bench_maps(maps: Folder = None, figures: Path = FOLDER / "maps.json") -> None:
    """Measure size and speed of the map codecs on a folder of maps."""
    found = bench.measure(corpus.load(maps or _folder()), typer.echo)
    keep(found, figures)


def _folder() -> Path:
    """The folder that MAPS names, as in `make bench-maps MAPS=folder`."""
    return Path(environment().get("MAPS") or corpus.DEFAULT)
