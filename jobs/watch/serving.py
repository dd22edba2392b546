"""Watch over HTTP: its metrics for Prometheus, and whether it still looks around."""

from jobs.watch.exposition import exposition
from jobs.watch.history import History
from storage.pages import Page, Pages


class Serving(Pages):
    """Serves `/metrics`, by default to nobody but this machine; there is nothing secret in them.

    Also `/readyz`: 200 once watch has looked around; 503 before.
    """

    def __init__(self, history: History, port: int, host: str = "127.0.0.1") -> None:
        """Begin to serve the history's latest state.

        Args:
            history: Of what watch saw.
            port: 0 takes a free one.
            host: The address that is listened on.
        """
        pages: dict[str, Page] = {
            "/metrics": lambda: (200, exposition(history.latest)),
            "/readyz": lambda: (
                (200, "ready\n") if history.latest else (503, "has not looked yet\n")
            ),
        }
        super().__init__(pages, port, host)
