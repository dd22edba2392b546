"""Watch over HTTP: its metrics for Prometheus, and whether it still looks around."""

from jobs.watch.exposition import exposition
from jobs.watch.history import History
from storage.door import Door
from storage.pages import Page, Pages

_METRICS = "/metrics"


class Serving(Pages):
    """Serves `/metrics`, by default to nobody but this machine.

    Also, to whoever asks: `/livez`, and `/readyz`: 200 once watch has looked around; 503 before.
    """

    def __init__(
        self, history: History, port: int, host: str = "127.0.0.1", *, token: str = ""
    ) -> None:
        """Begin to serve the history's latest state.

        Args:
            history: Of what watch saw.
            port: 0 takes a free one.
            host: The address that is listened on.
            token: What Prometheus must bring; may be empty only where the address is this
                machine's.

        Raises:
            SettingsError: The address needs a token.
        """
        door = Door(host, token, "--token")
        pages: dict[str, Page] = {
            _METRICS: lambda: (200, exposition(history.latest)),
            "/livez": lambda: (200, "ok\n"),
            "/readyz": lambda: (
                (200, "ready\n") if history.latest else (503, "has not looked yet\n")
            ),
        }
        super().__init__(pages, port, host, guard=door.guard(_METRICS))
