"""A way to an S3 server on which answers get lost: what was asked for is done all the same."""

import socket
import struct
import threading
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field

from support.way import Way, way_to

_UNAVAILABLE = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: a close resets the connection."""

_GO_ON = b"HTTP/1.1 100 "


@dataclass(slots=True)
class LossyWay(Way):
    """Passes bytes on, and loses the answers of some puts.

    Attributes:
        lost: How many answers got lost so far.
        refuses: Resets every connection, instead of passing anything on.
        unavailable: Says 503 to every request, instead of passing it on.
    """

    lost: int = 0
    refuses: bool = False
    unavailable: bool = False
    _wanted: bytes = b""
    _left: int = 0
    _answer: bytes = b""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lose(self, times: int, *, part_of_key: str, say_503: bool = False) -> None:
        """Lose the answers of the next puts of such keys: cut them off, or say 503 instead."""
        with self._lock:
            self._wanted, self._left = part_of_key.encode(), times
            self._answer = _UNAVAILABLE if say_503 else b""

    def let_pass(self, client: socket.socket) -> None:
        if self.refuses:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.close()
            return
        doomed = threading.Event()
        with suppress(OSError), client, socket.create_connection(self.server) as server:
            asking = threading.Thread(target=self._ask, args=(client, server, doomed), daemon=True)
            asking.start()
            while answer := server.recv(2**16):
                if self.refuses:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
                if not doomed.is_set():
                    client.sendall(answer)
                    continue
                go_on, answer = _without_go_on(answer)
                client.sendall(go_on)
                if answer:
                    client.sendall(self._answer)
                    break
            for one in (client, server):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            asking.join()

    def _ask(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(2**16):
                if self.refuses:
                    break
                if self.unavailable:
                    client.sendall(_UNAVAILABLE)
                    break
                if self._is_doomed(data):
                    doomed.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _is_doomed(self, data: bytes) -> bool:
        head = data.partition(b"\r\n")[0]
        with self._lock:
            if not (self._left and head.startswith(b"PUT ") and self._wanted in head):
                return False
            self._left -= 1
            self.lost += 1
            return True


def _without_go_on(answer: bytes) -> tuple[bytes, bytes]:
    """What lets the client go on, said once or twice, and the answer: they may come at once."""
    rest = answer
    while rest.startswith(_GO_ON):
        rest = rest.partition(b"\r\n\r\n")[2]
    return answer[: len(answer) - len(rest)], rest


def lossy_way(server_url: str) -> AbstractContextManager[LossyWay]:
    """A way to the server at this URL, on 127.0.0.1."""
    return way_to(server_url, LossyWay)
