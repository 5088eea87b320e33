"""Scores and counts on Ray's dashboard, which has no page for Tune: gauges of our own carry them there.

They appear as `ray_search_...` on each node's metrics port, where Prometheus, and through it the dashboard, reads them.
"""

from collections.abc import Mapping

from ray.util.metrics import Gauge

from orchestrator.progress import best_score
from orchestrator.study import Study
from results.ledger import COMPLETE, FAIL, PRUNED, RUNNING


class SearchGauges:
    """Follows a study; subscribe it.

    Args:
        run: the run's name, a tag of every value.
    """

    def __init__(self, run: str) -> None:
        self._tags = {"run": run}
        self._best = Gauge("search_best_score", "Best score of a complete trial", tag_keys=("run",))
        self._trials = Gauge("search_trials", "Trials by state", tag_keys=("run", "state"))
        self._score = Gauge("search_trial_score", "Latest score of a trial", tag_keys=("run", "trial"))

    def __call__(self, study: Study, _event: Mapping[str, object]) -> None:
        """Sets every gauge to the study's present state."""
        best = best_score(study.records)
        if best is not None:
            self._best.set(best, tags=self._tags)
        states = [record.state for record in study.records.values()]
        for state in (COMPLETE, PRUNED, FAIL, RUNNING):  # zero too: a gauge keeps what it was last set to
            self._trials.set(states.count(state), tags={**self._tags, "state": state})
        for record in study.records.values():
            latest = record.rungs[-1][1] if record.rungs else None
            if latest is not None:
                self._score.set(latest, tags={**self._tags, "trial": str(record.number)})
