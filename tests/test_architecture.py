import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import settings

from schemas.errors import FatalError, FortnightError, RecordError, RetryableError
from schemas.privacy import Privacy, privacy_of
from schemas.settings import Settings
from schemas.tables import TABLES

ROOT = Path(__file__).parent.parent
ROOMS = ("schemas", "storage", "streams", "jobs")
MAX_LINES = 400
MAX_PUBLIC_NAMES = 7
DECLARATIONS = {
    "jobs/bench/workload/readings.py": "the benchmark's fleet, told once for readings and tiles",
    "schemas/errors.py": "the tree of errors is one page",
    "schemas/privacy.py": "the classes, the columns and the pseudonyms that they ask for",
}
SIGNALS = {
    "AbandonedError": "from a delivery to its sink, which has another owner's rows to leave alone",
    "UnreadableBatchError": "from a chunk to the thread that fetched it, with what could be read",
}
"""Errors that a neighbour always catches, so that nobody has to act."""

BRANCHES = (RecordError, RetryableError, FatalError)


def _modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name):
                yield name
            case _:
                pass


def _calls(tree: ast.Module, name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == name)
            or (isinstance(node.func, ast.Attribute) and node.func.attr == name)
        )
        for node in ast.walk(tree)
    )


def _columns() -> list[tuple[str, pa.Field]]:
    return [(table.name, field) for table in TABLES.values() for field in table.schema]


@pytest.mark.parametrize("path", _modules(*ROOMS, "tests"), ids=_name)
def test_no_module_is_longer_than_the_house_allows(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", _modules(*ROOMS), ids=_name)
def test_a_module_has_few_public_functions_and_classes(path: Path) -> None:
    public = [name for name in _defined(_tree(path)) if not name.startswith("_")]
    assert len(public) <= MAX_PUBLIC_NAMES or _name(path) in DECLARATIONS, public


def test_every_module_says_what_it_is_for() -> None:
    silent = [_name(path) for path in _modules(*ROOMS) if not ast.get_docstring(_tree(path))]
    assert silent == []


def test_every_error_says_who_has_to_act() -> None:
    ours = set()
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            for _, found in inspect.getmembers(
                importlib.import_module(module.name), inspect.isclass
            ):
                if issubclass(found, Exception) and found.__module__ == module.name:
                    ours.add(found)
    assert BRANCHES[0] in ours
    astray = {e.__name__ for e in ours if not issubclass(e, BRANCHES) and e is not FortnightError}
    assert astray == set(SIGNALS)


def test_a_storable_batch_is_built_in_one_place() -> None:
    builders = [
        _name(path) for path in _modules(*ROOMS) if _calls(_tree(path), "PseudonymousBatch")
    ]
    assert builders == ["streams/stages/pseudonymise.py"]


def test_every_column_says_its_privacy_class_and_its_purpose() -> None:
    silent = [
        f"{table}.{field.name}"
        for table, field in _columns()
        if not (field.metadata.get(b"purpose") and privacy_of(field) in Privacy)
    ]
    assert silent == []


def test_every_measured_number_says_its_unit() -> None:
    silent = [
        f"{table}.{field.name}"
        for table, field in _columns()
        if (pa.types.is_floating(field.type) or pa.types.is_timestamp(field.type))
        and not field.metadata.get(b"unit")
    ]
    assert silent == []


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name, _, _ in Settings.reference() if name not in readme]
    assert missing == []


def test_the_readme_names_no_setting_that_is_not_there() -> None:
    known = {name for name, _, _ in Settings.reference()}
    told = set(re.findall(r"\bFORTNIGHT_[A-Z0-9_]+\b", (ROOT / "README.md").read_text("utf-8")))
    assert told - known <= {
        "FORTNIGHT_CACHE",
        "FORTNIGHT_KEYRING_PASSPHRASE",
        "FORTNIGHT_SETTINGS",
        "FORTNIGHT_VERSITYGW",
    }


def test_no_other_distribution_ships_our_top_level_names() -> None:
    others = {
        distribution.name
        for distribution in metadata.distributions()
        for file in distribution.files or ()
        if file.parts[0] in ROOMS and distribution.name != "fortnight"
    }
    assert others == set()


def test_no_property_test_has_a_deadline() -> None:
    assert settings().deadline is None  # one slow call is told as flaky, not as slow
    ours = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    limits = [re.findall(r"\bdeadline=(\w+)", path.read_text("utf-8")) for path in ours]
    assert {one for found in limits for one in found} <= {"None"}
