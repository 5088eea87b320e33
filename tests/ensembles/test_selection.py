import pytest

from ensembles.selection import select_best, select_kept
from results.errors import InputError
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord

TRIALS = [
    TrialRecord(0, state=COMPLETE, score=0.5),
    TrialRecord(1, state=PRUNED, score=0.9),
    TrialRecord(2, state=COMPLETE, score=0.7),
    TrialRecord(3, state=FAIL),
    TrialRecord(4, state=COMPLETE, score=0.7),
    TrialRecord(5, state=RUNNING, rungs=((4, 0.99),)),
    TrialRecord(6, state=COMPLETE, score=None),
]


def test_the_best_complete_trials_come_first_and_equals_by_number() -> None:
    selection = select_best(reversed(TRIALS), 2)
    assert [trial.number for trial in selection.trials] == [2, 4]
    assert selection.notice is None


def test_fewer_than_asked_for_is_said() -> None:
    selection = select_best(TRIALS, 5)
    assert [trial.number for trial in selection.trials] == [2, 4, 0]
    assert selection.notice is not None
    assert "5" in selection.notice and "3" in selection.notice


@pytest.mark.parametrize("count", [0, -1])
def test_an_empty_ensemble_is_refused(count: int) -> None:
    with pytest.raises(InputError, match=f"--top {count}"):
        select_best(TRIALS, count)


def test_without_a_finished_trial_there_is_nothing_to_fuse() -> None:
    with pytest.raises(InputError, match="none with a score among 2 trials"):
        select_best([TRIALS[1], TRIALS[6]], 1)


def test_trials_without_their_weights_are_left_out_aloud() -> None:
    selection = select_kept(TRIALS, 2, {0, 1, 4})
    assert [trial.number for trial in selection.trials] == [4, 0]
    assert selection.notice is not None and selection.notice.endswith("their weights: trials 2")
    assert select_kept(TRIALS, 2, {0, 2, 4}) == select_best(TRIALS, 2)
    with pytest.raises(InputError):
        select_kept(TRIALS, 2, {1, 3})


def test_a_confirmation_is_no_member_however_lucky() -> None:
    lucky = [TrialRecord(10 + k, state=COMPLETE, score=0.9, confirms=2) for k in range(3)]
    assert [trial.number for trial in select_best([*lucky, *TRIALS], 5).trials] == [2, 4, 0]
