import pytest

_TESTS = """
import pytest

def test_good():
    pass

def test_skipped():
    if {skips}:
        pytest.skip("no toolchain")

@pytest.mark.skipif({skips}, reason="x")
def test_marked():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest("pytest_plugins = ['support.no_skips']")
    return pytester


def test_a_run_with_a_skipped_test_fails_under_the_option_only(run: pytest.Pytester) -> None:
    run.makepyfile(_TESTS.format(skips=True))
    assert run.runpytest("-p", "no:cacheprovider").ret == pytest.ExitCode.OK
    strict = run.runpytest("-p", "no:cacheprovider", "--no-skips")
    assert strict.ret == pytest.ExitCode.TESTS_FAILED
    strict.stdout.fnmatch_lines(["*left out*", "skipped *test_skipped", "skipped *test_marked"])


def test_a_run_with_a_deselected_test_fails_under_the_option(run: pytest.Pytester) -> None:
    run.makepyfile(_TESTS.format(skips=False))
    assert run.runpytest("--no-skips").ret == pytest.ExitCode.OK
    assert run.runpytest("--no-skips", "-k", "good").ret == pytest.ExitCode.TESTS_FAILED


def test_a_run_with_an_expected_failure_fails_under_the_option(run: pytest.Pytester) -> None:
    run.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_broken():\n    assert False\n")
    assert run.runpytest().ret == pytest.ExitCode.OK
    assert run.runpytest("--no-skips").ret == pytest.ExitCode.TESTS_FAILED
