"""Why a search stops, or asks for no more: each reason in words, for the record and the screen.

Brings together what the budget, repeated failures and the space say. It stops nothing by itself.
"""

from orchestrator.alike_failures import MOST_ALIKE
from orchestrator.budget import Limits
from orchestrator.event_log import EventLog
from orchestrator.new_points import NewPoints
from results.trial_records import TrialRecord


class Ending:
    """Looks for the end of one search.

    Args:
        log: what has happened.
        limits: of the budget.
        new_points: know whether a point is left.
    """

    def __init__(self, log: EventLog, limits: Limits, new_points: NewPoints) -> None:
        self._log = log
        self._limits = limits
        self._new_points = new_points

    def failed_alike(self) -> TrialRecord | None:
        """The last of several trials that failed in the same way, which ends the search; None while there is none."""
        number = self._log.alike.latest
        return None if number is None else self._log.records[number]

    def why_halted(self) -> str | None:
        """Why nothing at all may run on: what runs is stopped at its next report. None while there is no reason."""
        return self.why_alike() or self._limits.used_up()

    def why_enough(self) -> str | None:
        """Why the search proper is over; what it found may still be confirmed."""
        return self.why_alike() or self._limits.enough()

    def why_nothing_new(self) -> str | None:
        """Why no new point is asked for; what runs may go on."""
        return self.why_alike() or self._limits.why_over() or self._new_points.why_none()

    def why_alike(self) -> str | None:
        """Why failures end the search: too many that came about in the same way."""
        alike = self.failed_alike()
        return None if alike is None else f"{MOST_ALIKE} trials failed alike: {alike.reason}"
