"""`fortnight subject`: each module here is a command, and puts itself into `group`."""

from importlib import import_module
from pkgutil import iter_modules

import typer

from jobs.cli.subject.group import group

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

app = typer.Typer()
app.add_typer(group, name="subject")
