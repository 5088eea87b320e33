"""The order of a leaderboard: what has ended well first, the best at the top."""

from collections.abc import Iterable

from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord

STATES = (COMPLETE, RUNNING, PRUNED, FAIL)


def best_first(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """COMPLETE trials by descending score (equals by number, undefined last), then RUNNING, PRUNED and FAIL."""
    return sorted(records, key=_rank)


def scored(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """COMPLETE trials that have a score, best first."""
    return [record for record in best_first(records) if record.state == COMPLETE and record.score is not None]


def _rank(record: TrialRecord) -> tuple[int, bool, float, int]:
    score = record.score
    return STATES.index(record.state), score is None, 0.0 if score is None else -score, record.number
