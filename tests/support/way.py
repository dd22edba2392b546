"""A way to an S3 server, on which things happen to what passes."""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar


@dataclass(slots=True)
class Way(ABC):
    """What all such ways have; what passes on one, its kind decides.

    Attributes:
        url: Where clients ask.
    """

    server: tuple[str, int]
    listener: socket.socket

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()
        return f"http://{host}:{port}"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.let_pass, args=(client,), daemon=True).start()

    @abstractmethod
    def let_pass(self, client: socket.socket) -> None:
        """Pass on what a client asks and what it is answered."""


Kind = TypeVar("Kind", bound=Way)


@contextmanager
def way_to(
    server_url: str, kind: Callable[[tuple[str, int], socket.socket], Kind]
) -> Iterator[Kind]:
    """A way of a kind to the server at this URL, on 127.0.0.1."""
    host, _, port = server_url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        way = kind((host, int(port)), listener)
        threading.Thread(target=way.serve, daemon=True).start()
        yield way
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
