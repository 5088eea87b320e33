"""Scores and counts on Ray's dashboard, which has no page for Tune: gauges of our own carry them there.

They appear as `ray_search_...` on each node's metrics port, where Prometheus, and through it the dashboard, reads them.
"""

from collections.abc import Mapping

from ray.util.metrics import Gauge

from orchestrator.study import Study
from orchestrator.tally import Tally
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord


class SearchGauges:
    """Follows a study; subscribe it.

    Args:
        run: the run's name, a tag of every value.
        study: how it stands is shown at once.
    """

    def __init__(self, run: str, study: Study) -> None:
        self._tags = {"run": run}
        self._best = Gauge("search_best_score", "Best score of a complete trial", tag_keys=("run",))
        self._trials = Gauge("search_trials", "Trials by state", tag_keys=("run", "state"))
        self._score = Gauge("search_trial_score", "Latest score of a trial", tag_keys=("run", "trial"))
        self._tally = Tally(study.records.values())
        self._show_counts()
        for record in study.records.values():
            self._show_score(record)

    def __call__(self, study: Study, event: Mapping[str, object]) -> None:
        """Sets the gauges that an event of the ledger changes."""
        record = study.records.get(int(str(event.get("number", -1))))
        if record is not None and self._tally.note(record):
            self._show_counts()
            self._show_score(record)

    def _show_counts(self) -> None:
        for state in (COMPLETE, PRUNED, FAIL, RUNNING):  # zero too: a gauge keeps what it was last set to
            self._trials.set(self._tally.states[state], tags={**self._tags, "state": state})
        if self._tally.best is not None:
            self._best.set(self._tally.best, tags=self._tags)

    def _show_score(self, record: TrialRecord) -> None:
        latest = record.rungs[-1][1] if record.rungs else None
        if latest is not None:
            self._score.set(latest, tags={**self._tags, "trial": str(record.number)})
