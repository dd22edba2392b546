"""`fortnight subject`: the commands of every module here whose name begins so."""

from importlib import import_module
from pkgutil import iter_modules

import typer

import jobs.cli
from jobs.cli.subjects import group

for _module in iter_modules(jobs.cli.__path__):
    if _module.name.startswith("subject_"):
        import_module(f"jobs.cli.{_module.name}")

app = typer.Typer()
app.add_typer(group, name="subject")
