"""`python -m support.faults.officer FOLDER`: an officer who gives the commands that he is told to.

FOLDER/orders has a command a line, FOLDER/answers gets a line when it is done: its status and what
it said. What is pending (75) is given again, after the others, until it is done. Another one that
is started on the same folder goes on where this one was killed.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from typer.testing import CliRunner

from jobs.cli import app, status
from jobs.demo.processes import Process
from schemas.errors import FortnightError

AGAIN = 75
PAUSE = 3.0
"""Seconds until what is pending is tried again: each try reads what every file is about."""

Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Officer:
    """The process, and its desk."""

    process: Process
    folder: Path

    def order(self, *command: str, by: Variables | None = None, once: bool = False) -> int:
        """Put a command behind the others; its number.

        Args:
            by: Of who gives it, where that is somebody else.
            once: It is done also when it is pending.
        """
        number = len(_lines(self.folder / "orders"))
        order = {"number": number, "command": command, "by": by or {}, "once": once}
        _write(self.folder / "orders", order)
        return number

    def answer(self, number: int) -> str | None:
        """What a command said; None where it is not done.

        Raises:
            AssertionError: It went wrong.
        """
        for answer in _lines(self.folder / "answers"):
            if answer["number"] == number:
                assert answer["status"] in (0, AGAIN), answer
                return str(answer["said"])
        self.process.check()
        return None

    @property
    def is_done(self) -> bool:
        """Whether every order was carried out."""
        orders = _lines(self.folder / "orders")
        return all(self.answer(number) is not None for number in range(len(orders)))


def hire(url: str) -> dict[str, str]:
    """AWS's variables of somebody whom the STS of a server at this URL knows."""
    iam = boto3.client("iam", region_name="us-east-1", endpoint_url=url)
    name = f"officer-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_ENDPOINT_URL_STS": url,
    }


def main() -> None:
    """Do what is told, for ever."""
    folder = Path(sys.argv[1])
    while True:
        done = {answer["number"] for answer in _lines(folder / "answers")}
        given = [order for order in _lines(folder / "orders") if order["number"] not in done]
        is_pending = [_carry_out(order, folder / "answers") for order in given]
        time.sleep(PAUSE if any(is_pending) else 0.2)


def _carry_out(order: Mapping[str, Any], answers: Path) -> bool:
    """Give a command; whether it is pending."""
    found = CliRunner().invoke(app, order["command"], env=order["by"])
    error, code = found.exception, found.exit_code
    said = found.output + (repr(error) if code else "")
    if isinstance(error, FortnightError):
        code, said = status(error), f"{found.output}{error}"
    sys.stdout.write(f"{' '.join(order['command'])}: {code}: {said}\n")
    sys.stdout.flush()
    if is_done := code != AGAIN or order["once"]:
        _write(answers, {"number": order["number"], "status": code, "said": said})
    return not is_done


def _write(path: Path, line: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines of a file, as values."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


if __name__ == "__main__":
    main()
