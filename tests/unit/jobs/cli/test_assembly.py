from importlib import import_module

import pytest
import typer
from typer.main import get_command, get_group
from typer.testing import CliRunner

from jobs.cli import MODULES, app

_COMMANDS = get_command(app).list_commands(typer.Context(get_command(app)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_is_found_in_its_module_without_the_others(command: str) -> None:
    module = import_module(f"jobs.cli.{MODULES.get(command, command.replace('-', '_'))}")
    assert command in get_group(module.app).commands


def test_no_module_is_named_for_a_command_that_is_not_there() -> None:
    assert set(MODULES) <= set(_COMMANDS)


def test_the_help_tells_every_command_in_a_line() -> None:
    told = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in _COMMANDS if name not in told] == []
