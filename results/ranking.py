"""The order of a leaderboard: what has ended well first, the best at the top.

Confirmations come after the candidates of their state: the best of several trainings of one point is luck, no trial.
"""

from collections.abc import Iterable

from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord

STATES = (COMPLETE, RUNNING, PRUNED, FAIL)


def best_first(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """COMPLETE trials by descending score (equals by number, undefined last), then RUNNING, PRUNED and FAIL.

    Of each state the confirmations come last.
    """
    return sorted(records, key=_rank)


def scored(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """COMPLETE trials that have a score, best first, confirmations left out."""
    return [record for record in best_first(records) if record.is_scored_candidate]


def _rank(record: TrialRecord) -> tuple[int, bool, bool, float, int]:
    score = record.score
    undefined, descending = score is None, 0.0 if score is None else -score
    return STATES.index(record.state), not record.is_candidate, undefined, descending, record.number
