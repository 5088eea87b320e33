import pytest

from results.seeds import seed_spreads
from results.trial_records import COMPLETE, FAIL, TrialRecord


def confirmation(number: int, of: int, score: float | None, state: str = COMPLETE) -> TrialRecord:
    """A training of another trial's point with a new seed."""
    return TrialRecord(number, state=state, score=score, confirms=of)


def test_the_trial_itself_is_left_out_of_its_spread() -> None:
    records = [TrialRecord(0, state=COMPLETE, score=0.9), confirmation(7, 0, 0.5), confirmation(6, 0, 0.7)]
    spread = seed_spreads(records)[0]
    assert (spread.trials, spread.scores) == ((6, 7), (0.7, 0.5))
    assert spread.mean == pytest.approx(0.6)
    assert spread.sd == pytest.approx(0.02**0.5)


def test_one_training_has_no_spread_and_a_failed_one_no_score() -> None:
    spreads = seed_spreads([confirmation(3, 0, 0.5), confirmation(4, 0, None, FAIL), confirmation(5, 1, None)])
    assert list(spreads) == [0]
    assert spreads[0].sd is None
    assert seed_spreads([]) == {}
