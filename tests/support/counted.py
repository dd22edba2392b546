"""A way to an S3 server on which the bytes that come back are counted."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(slots=True)
class CountedWay:
    """Passes bytes on.

    Attributes:
        url: Where clients ask.
        answered: Bytes that came back so far, headers included.
    """

    server: tuple[str, int]
    listener: socket.socket
    answered: int = 0

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
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
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


@contextmanager
def counted_way(server_url: str) -> Iterator[CountedWay]:
    """A way to the server at this URL, on 127.0.0.1."""
    host, _, port = server_url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        way = CountedWay((host, int(port)), listener)
        threading.Thread(target=way.serve, daemon=True).start()
        yield way
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
