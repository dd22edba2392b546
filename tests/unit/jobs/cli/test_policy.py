from pathlib import Path

from support.policies import text_of, with_clause
from typer.testing import CliRunner

from jobs.cli import app
from schemas.errors import FatalError


def run(*arguments: str, **env: str) -> str:
    result = CliRunner(env=env).invoke(app, ["policy", *arguments])
    if isinstance(result.exception, FatalError):
        return f"an operator: {result.exception}"
    assert result.exit_code == 0
    return result.output


def test_one_makers_policy_is_explained_or_all() -> None:
    assert "## smarock" in run("explain")
    assert "## smarock" not in run("explain", "360-robot-vacuum")
    assert run("explain", "nobody").startswith("an operator: policy explain: there is no policy")


def test_two_versions_are_compared(tmp_path: Path) -> None:
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    old.write_text(text_of("smarock"))
    new.write_text(with_clause("hold", 'grounds = ["a"]'))
    assert run("explain", "--diff", str(old), str(new)) == "new: more (hold): r\n"
    assert "no-such" in run("explain", "--diff", str(old), "no-such.toml")


def test_a_file_is_checked_before_it_comes_into_force(tmp_path: Path) -> None:
    good, bad = tmp_path / "smarock.toml", tmp_path / "bad.toml"
    good.write_text(with_clause("hold", 'grounds = ["a"]'))
    bad.write_text(with_clause("hold"))
    assert "smarock 2022.1: 28 clauses" in run("check", str(good))
    assert "bad.toml: clause more" in run("check", str(bad))


def test_the_policy_for_other_makers_is_said() -> None:
    assert "without a policy: their records are rejected" in run("check")
    assert "without a policy: smarock" in run("check", FORTNIGHT_DEFAULT_POLICY="smarock")
    assert "there is none of nobody" in run("check", FORTNIGHT_DEFAULT_POLICY="nobody")
