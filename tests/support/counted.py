"""A way to an S3 server on which the bytes that come back are counted."""

import socket
import threading
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from support.way import Way, way_to


@dataclass(slots=True)
class CountedWay(Way):
    """Passes bytes on.

    Attributes:
        answered: Bytes that came back so far, headers included.
    """

    answered: int = 0

    def let_pass(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self.server) as server:
            asking = threading.Thread(target=_copy, args=(client, server), daemon=True)
            asking.start()
            while answer := server.recv(2**16):
                self.answered += len(answer)
                client.sendall(answer)
            for one in (client, server):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            asking.join()


def _copy(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(2**16):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)


def counted_way(server_url: str) -> AbstractContextManager[CountedWay]:
    """A way to the server at this URL, on 127.0.0.1."""
    return way_to(server_url, CountedWay)
