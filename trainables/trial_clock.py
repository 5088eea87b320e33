"""How long a trial has run, in all its attempts together, and whether that is too long."""

import time


class TrialClock:
    """Runs from its making on.

    Args:
        earlier_s: what earlier attempts took up to the checkpoint that this one goes on from.
        limit_s: None for no limit.
    """

    def __init__(self, earlier_s: float, limit_s: float | None) -> None:
        self._began_s = time.monotonic() - earlier_s
        self._limit_s = limit_s

    def elapsed_s(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._began_s

    def check(self) -> None:
        """Says so when time is up.

        Raises:
            TimeoutError: the limit is passed.
        """
        if self._limit_s is not None and self.elapsed_s() > self._limit_s:
            hours = self._limit_s / 3600
            raise TimeoutError(
                f"a trial takes at most {hours:.3g} hours (search.trial_hours); raise that, or train less"
            )
