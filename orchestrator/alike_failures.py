"""Failures with one and the same traceback: after three, every further trial would only repeat it. Pure.

Counts failures that neither the point nor chance explains. It ends no search: `orchestrator.study` does.
"""

from collections.abc import Mapping

from trainables.failures import BAD_CONFIGURATION, CORRUPT_IMAGE, ERROR, FULL_DISK

MOST_ALIKE = 3
_KINDS = (BAD_CONFIGURATION, CORRUPT_IMAGE, FULL_DISK, ERROR)


class AlikeFailures:
    """Counts failures by their fingerprints, event by event.

    Attributes:
        latest: number of the trial whose failure was the third of its kind, None while there is none.
    """

    def __init__(self) -> None:
        self.latest: int | None = None
        self._counts: dict[object, int] = {}
        self._was_stopped = False

    def note(self, event: Mapping[str, object]) -> None:
        """Counts one more event of the ledger."""
        match event["event"]:
            case "stopped":
                self._was_stopped = True
            case "resumed":
                self.begin_session()
            case "finished" if event.get("kind") in _KINDS and event.get("fingerprint"):
                fingerprint = event["fingerprint"]
                self._counts[fingerprint] = self._counts.get(fingerprint, 0) + 1
                if self._counts[fingerprint] >= MOST_ALIKE:
                    self.latest = int(str(event["number"]))

    def begin_session(self) -> None:
        """Forgets what a stopped search has counted: who resumes it has mended something. A killed one counts on."""
        if self._was_stopped:
            self._counts, self.latest, self._was_stopped = {}, None, False
