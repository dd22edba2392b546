"""`--no-skips`: on the machine that decides, a test that did not run is a failure.

On a user's machine a test may be skipped with its reason; with this option the run fails if any
test was skipped, expected to fail, or deselected.
"""

import pytest

_NAME = "no-skips"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help="fail if a test was skipped, xfailed or deselected"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-skips"):
        config.pluginmanager.register(NoSkips(), _NAME)


class NoSkips:
    """Counts the tests that did not run, and fails the session for them."""

    def __init__(self) -> None:
        self._left_out: list[str] = []

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._left_out += [f"deselected {item.nodeid}" for item in items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._left_out.append(f"skipped {report.nodeid}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            kind = "xfailed" if hasattr(report, "wasxfail") else "skipped"
            self._left_out.append(f"{kind} {report.nodeid}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._left_out and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left_out:
            terminalreporter.section("left out, though --no-skips was given", red=True)
            for line in self._left_out:
                terminalreporter.line(line)
