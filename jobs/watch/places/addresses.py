"""One name, several workers: the URL of each, as the name is resolved at each look."""

import socket
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, urlsplit

from schemas.errors import StoreUnavailableError

Resolve = Callable[[str], Iterable[str]]
"""Name -> the addresses that it has at this moment, as text; raises OSError where there is none."""


def addresses_of(name: str) -> frozenset[str]:
    """Ask this machine's resolver, which may take its time; an address stands for itself.

    Returns:
        IPv4 addresses where there are any, for a worker that has both kinds is one worker.

    Raises:
        OSError: Nobody knows the name, or nobody can be asked.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    old = frozenset(str(at[0]) for family, *_, at in found if family is socket.AF_INET)
    return old or frozenset(str(at[0]) for *_, at in found)


def urls_of(url: str, resolve: Resolve) -> tuple[str, ...]:
    """The URL of everyone behind a URL's name, in a fixed order.

    Args:
        url: `http://worker:9100/metrics`; of HTTPS the name is what is certified, and stays.
        resolve: Knows addresses.

    Returns:
        The URL itself where its name stands for one address only.

    Raises:
        StoreUnavailableError: The name stands for none.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            return (url,)
        found = sorted(set(resolve(parts.hostname)))
        return tuple(_at(parts, one) for one in found) if len(found) > 1 else (url,)
    except (OSError, ValueError) as error:  # the latter of a port or a name that can be none
        raise StoreUnavailableError(f"{url}: {error}") from error


def _at(parts: SplitResult, address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
