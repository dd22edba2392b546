"""A table in plain text."""

from collections.abc import Sequence

import typer


def print_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print lines under heads, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for line in [heads, *lines]:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        typer.echo("  ".join(cells).rstrip())
