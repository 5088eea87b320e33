import math
from typing import Any

import pytest

from trainables.fake_parameters import FAKE_PARAMETERS
from trainables.fake_problems import DIVERGING_LR, PROBLEMS, noise_free_score, optimum, score_after

DEFAULTS: dict[str, Any] = {name: parameter.default for name, parameter in FAKE_PARAMETERS.items()}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_best_point_of_a_problem_is_its_best(name: str) -> None:
    best = {**DEFAULTS, **PROBLEMS[name].best, "problem": name}
    assert PROBLEMS[name].quality(best) == pytest.approx(1.0)
    assert optimum(name, 10) == noise_free_score(best, 10)
    for changed in ({key: DEFAULTS[key]} for key in PROBLEMS[name].best if DEFAULTS[key] != best[key]):
        assert noise_free_score({**best, **changed}, 10) < optimum(name, 10)


@pytest.mark.parametrize("name", PROBLEMS)
def test_scores_rise_with_training(name: str) -> None:
    scores = [noise_free_score({**DEFAULTS, "problem": name}, epoch) for epoch in range(12)]
    assert scores == sorted(scores)
    assert scores[0] == 0.0


def test_only_the_noisy_problem_depends_on_the_seed() -> None:
    spreads = {
        name: len({score_after({**DEFAULTS, "problem": name}, 5, seed) for seed in range(9)}) for name in PROBLEMS
    }
    assert {name for name, spread in spreads.items() if spread > 1} == {"noisy"}
    errors = [score_after({**DEFAULTS, "problem": "noisy"}, 5, seed) for seed in range(2000)]
    mean = sum(errors) / len(errors)
    assert mean == pytest.approx(noise_free_score({**DEFAULTS, "problem": "noisy"}, 5), abs=0.002)
    assert math.sqrt(sum((one - mean) ** 2 for one in errors) / len(errors)) == pytest.approx(0.02, abs=0.002)


def test_the_best_points_of_the_deceptive_problem_begin_worst() -> None:
    good = {**DEFAULTS, **PROBLEMS["deceptive"].best, "problem": "deceptive"}
    fair = {**good, "x": 0.5}
    assert noise_free_score(good, 1) < noise_free_score(fair, 1)
    assert noise_free_score(good, 10) > noise_free_score(fair, 10)


def test_every_key_of_a_best_point_is_a_parameter_that_takes_its_value() -> None:
    for problem in PROBLEMS.values():
        assert not [key for key, value in problem.best.items() if FAKE_PARAMETERS[key].fault(value)]
    assert FAKE_PARAMETERS["lr"].fault(DIVERGING_LR) is None
