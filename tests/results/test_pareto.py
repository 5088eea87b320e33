from itertools import product

import numpy as np
import pytest

from results.pareto import ms_per_image, pareto_set
from results.trial_records import COMPLETE, PRUNED, TrialRecord


def trial(number: int, score: float | None, ms: float | None, state: str = COMPLETE) -> TrialRecord:
    """A trial of this score and speed."""
    return TrialRecord(number, state=state, score=score, summary={} if ms is None else {"ms_per_image": ms})


def test_nothing_is_better_and_faster_than_the_set() -> None:
    trials = [trial(0, 0.9, 50.0), trial(1, 0.8, 20.0), trial(2, 0.7, 30.0), trial(3, 0.6, 10.0), trial(4, 0.9, 60.0)]
    assert pareto_set(trials) == {0, 1, 3}


def test_equal_trials_are_in_it_together() -> None:
    assert pareto_set([trial(0, 0.5, 9.0), trial(1, 0.5, 9.0), trial(2, 0.4, 9.0)]) == {0, 1}


def test_what_was_not_measured_or_finished_is_left_out() -> None:
    trials = [trial(0, 0.5, None), trial(1, None, 9.0), trial(2, 0.9, 1.0, PRUNED), trial(3, 0.1, 90.0)]
    assert pareto_set(trials) == {3}
    assert pareto_set([]) == frozenset()


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_comparing_all_pairs_gives(seed: int) -> None:
    draws = np.random.default_rng(seed).integers(0, 5, (12, 2)) + 1
    trials = [trial(number, float(score), float(ms)) for number, (score, ms) in enumerate(draws)]
    beaten = {
        a
        for (a, x), (b, y) in product(enumerate(draws), repeat=2)
        if (x[0] <= y[0] and x[1] >= y[1] and tuple(x) != tuple(y))
    }
    assert pareto_set(trials) == set(range(12)) - beaten


@pytest.mark.parametrize(
    ("summary", "ms"), [({"fps": 20.0}, 50.0), ({"ms_per_image": 8, "fps": 1}, 8.0), ({"fps": 0}, None), ({}, None)]
)
def test_speed_is_read_from_what_was_recorded(summary: dict[str, object], ms: float | None) -> None:
    assert ms_per_image(TrialRecord(0, summary=summary)) == ms
