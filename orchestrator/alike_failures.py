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
        """Counts one more event of the ledger.

        Who resumes a search that has stopped has mended something: the count begins anew. A search that was killed goes
        on counting.
        """
        match event["event"]:
            case "stopped":
                self._was_stopped = True
            case "resumed" if self._was_stopped:
                self._counts, self.latest, self._was_stopped = {}, None, False
            case "finished" if event.get("kind") in _KINDS and event.get("fingerprint"):
                fingerprint = event["fingerprint"]
                self._counts[fingerprint] = self._counts.get(fingerprint, 0) + 1
                if self._counts[fingerprint] >= MOST_ALIKE:
                    self.latest = int(str(event["number"]))
