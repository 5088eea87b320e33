"""Puts the trainings that confirm a search's best trials on record, one after another; see `orchestrator.confirmation`.

When they are due, and whether there is time for them, is `orchestrator.study`'s business.
"""

from orchestrator.confirmation import Confirmation, missing_confirmations
from orchestrator.event_log import EventLog
from orchestrator.proposals import Proposals
from results.trial_records import CONFIRMATION


class Confirmations:
    """The confirmations of one search.

    Args:
        log: where they go on record.
        proposals: gives them numbers, and learns nothing from them.
        seeds: trainings for each of the best trials; 0 for none.
        search_seed: decides the seeds.
    """

    def __init__(self, log: EventLog, proposals: Proposals, seeds: int, search_seed: int) -> None:
        self._log = log
        self._proposals = proposals
        self._seeds = seeds
        self._search_seed = search_seed

    def missing(self) -> list[Confirmation]:
        """What is left to begin, as far as the search has come."""
        return missing_confirmations(self._log.records, self._seeds, self._search_seed) if self._seeds else []

    def begin(self) -> int | None:
        """Puts the next one on record.

        Returns:
            Its number; None where none is missing.
        """
        missing = self.missing()
        if not missing:
            return None
        first, number = missing[0], self._proposals.take_number()
        event = {"event": "asked", "number": number, "params": dict(first.params), "from": CONFIRMATION}
        parts = {"accumulate": first.accumulate} if first.accumulate > 1 else {}
        self._log.write({**event, **parts, "confirms": first.confirms, "seed": first.seed})
        return number
