import random
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from tiny_search import Driven, fake_space

from orchestrator import history
from orchestrator.history import History, history_notice
from orchestrator.samplers import CommonTpeSampler
from search_spaces.sampling import suggest

STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history that is long from 12 trials on."""
    for name, value in {"MOST_SEEN": 12, "_BEST": 3, "_NEWEST": 4}.items():
        monkeypatch.setattr(history, name, value)


def trial(number: int, state: TrialState, score: float = 0.0) -> FrozenTrial:
    intermediate = {1: score} if state == TrialState.PRUNED else {}
    made = create_trial(
        state=state, value=score if state == TrialState.COMPLETE else None, intermediate_values=intermediate
    )
    made.number = number
    return made


def numbers(trials: list[FrozenTrial]) -> list[int]:
    return [one.number for one in trials]


def test_a_short_history_is_seen_whole() -> None:
    trials = [trial(number, STATES[number % 4], 0.5) for number in range(history.MOST_SEEN)]
    assert History().seen(trials) == trials


@pytest.mark.usefixtures("short")
def test_a_long_history_keeps_the_best_the_newest_and_what_runs() -> None:
    trials = [trial(number, TrialState.COMPLETE, 1 / (1 + abs(number - 33))) for number in range(100)]
    trials[7] = trial(7, TrialState.RUNNING)
    seen = numbers(History().seen(trials))
    assert {32, 33, 34, 7, 96, 97, 98, 99} <= set(seen)
    assert seen == sorted(seen)
    assert len(seen) <= history.MOST_SEEN + 1


@pytest.mark.usefixtures("short")
def test_where_few_are_complete_those_that_came_far_count_as_the_best() -> None:
    trials = [trial(number, TrialState.PRUNED, number % 30 / 30) for number in range(90)]
    trials[5] = trial(5, TrialState.COMPLETE, 0.0)
    assert {5, 29, 59} <= set(numbers(History().seen(trials)))


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("seed", range(5))
def test_what_is_seen_depends_on_the_trials_alone(seed: int) -> None:
    rng = random.Random(seed)
    ends = [trial(number, rng.choice(STATES[:3]), rng.randrange(9)) for number in range(80)]
    trials: list[FrozenTrial] = []
    followed = History()
    while len(trials) < 80 or any(one.state == TrialState.RUNNING for one in trials):
        running = [one.number for one in trials if one.state == TrialState.RUNNING]
        if running and (len(trials) == 80 or len(running) == 4 or rng.random() < 0.5):
            ended = rng.choice(running)
            trials[ended] = ends[ended]
        else:
            trials.append(trial(len(trials), TrialState.RUNNING))
        assert numbers(followed.seen(trials)) == numbers(History().seen(trials))


@pytest.mark.usefixtures("short")
def test_a_rebuilt_study_proposes_the_same_from_a_long_history(tmp_path: Path) -> None:
    space = fake_space(tmp_path, "{x: {range: [0.0, 1.0]}, y: {range: [0.0, 1.0]}}")
    whole = [asked.params for asked in Driven(space, tmp_path / "whole").run(40)]
    first = Driven(space, tmp_path / "parts")
    parts = [asked.params for asked in first.run(30)]
    first.close()
    assert parts + [asked.params for asked in Driven(space, tmp_path / "parts").run(10)] == whole


def test_the_quicker_tpe_proposes_what_optunas_does(tmp_path: Path) -> None:
    train = "{x: {range: [0.0, 1.0]}, epoch_s: {log: [0.01, 10.0]}, y: {range: [0.0, 1.0], when: {x: [0.5]}}}"
    space = fake_space(tmp_path, train.replace("{range: [0.0, 1.0]},", "{choice: [0.1, 0.5, 0.7]},", 1))

    def proposed(sampler: type[optuna.samplers.TPESampler]) -> list[object]:
        study = optuna.create_study(direction="maximize", sampler=sampler(seed=3))
        points = []
        for _ in range(30):
            asked = study.ask({} if points else {"z": FloatDistribution(0.0, 1.0)})  # one key that others lack
            points.append(suggest(space, asked))
            study.tell(asked, -float(str(points[-1]["epoch_s"])))
        return points

    assert proposed(CommonTpeSampler) == proposed(optuna.samplers.TPESampler)


def test_a_long_search_is_told_what_its_sampler_sees() -> None:
    assert history_notice("tpe", 500) is None
    assert history_notice("random", 10_000) is None
    assert "beyond 500 ended trials" in str(history_notice("tpe", 501))
