import json

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange, tidy
from search_spaces.points import point_faults
from search_spaces.sampling import distributions_of, searched_values, suggest
from search_spaces.space import Condition, Dimension, Space

optuna.logging.set_verbosity(optuna.logging.WARNING)

SPACE = Space(
    "s",
    "fake",
    "voc50",
    (
        Dimension("backbone", Choice(("a", "b"))),
        Dimension("dcn", Choice(("none", "v1")), (Condition("backbone", ("b",)),)),
        Dimension("lr", FloatRange(1e-4, 1e-2, log=True)),
        Dimension("iou", FloatRange(0.1, 0.7, 0.1)),
        Dimension("width", IntRange(8, 64, 8)),
        Dimension("flip", Choice((False, True))),
        Dimension("epochs", Fixed(6)),
    ),
    known=({"backbone": "b", "dcn": "v1", "lr": 0.001, "iou": 0.3, "width": 8, "flip": True, "epochs": 6},),
)


def drawn(space: Space, seed: int, count: int, sampler: str = "random") -> list[dict[str, object]]:
    chosen = optuna.samplers.RandomSampler(seed) if sampler == "random" else optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(sampler=chosen)
    points: list[dict[str, object]] = []
    for _ in range(count):
        trial = study.ask()
        points.append(dict(suggest(space, trial)))
        study.tell(trial, float(len(points)))
    return points


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_every_suggestion_is_a_point_of_the_space(sampler: str) -> None:
    points = drawn(SPACE, 0, 40, sampler)
    assert [point_faults(SPACE, point) for point in points] == [()] * 40
    assert {"dcn" in point for point in points} == {True, False}


def test_one_seed_gives_one_sequence() -> None:
    assert drawn(SPACE, 3, 10) == drawn(SPACE, 3, 10)
    assert drawn(SPACE, 3, 10) != drawn(SPACE, 4, 10)


def test_suggestions_survive_json() -> None:
    for point in drawn(SPACE, 1, 10):
        again = json.loads(json.dumps(point))
        assert again == point
        assert [type(value) for value in again.values()] == [type(value) for value in point.values()]


def test_fixed_keys_are_unknown_to_optuna() -> None:
    assert set(SPACE.known[0]) - set(distributions_of(SPACE, SPACE.known[0])) == {"epochs"}


def test_an_enqueued_known_point_is_what_is_suggested() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    known = SPACE.known[0]
    study.enqueue_trial(searched_values(SPACE, known))
    assert suggest(SPACE, study.ask()) == known


def test_a_trial_rebuilt_from_a_point_equals_the_one_that_was_run() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(5))
    trial = study.ask()
    point = json.loads(json.dumps(suggest(SPACE, trial)))
    distributions = distributions_of(SPACE, point)
    assert distributions == trial.distributions
    params = {name: point[name] for name in distributions}
    rebuilt = optuna.trial.create_trial(params=params, distributions=distributions, value=1.0)
    assert rebuilt.params == pytest.approx(trial.params)


def numbers(low: float) -> st.SearchStrategy[float]:
    return st.floats(low, low + 50, allow_nan=False)


DOMAINS: st.SearchStrategy[Domain] = st.one_of(
    st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4, unique=True).map(
        lambda options: Choice(tuple(options))
    ),
    st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(0, 9)).map(
        lambda t: IntRange(t[0], t[0] + t[1] * t[2], t[1])
    ),
    st.tuples(numbers(0.01), numbers(60.0), st.booleans()).map(lambda t: FloatRange(t[0], t[1], log=t[2])),
    st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(1, 30)).map(
        lambda t: FloatRange(t[0] / 10, tidy(t[0] / 10 + t[1] / 20 * t[2]), t[1] / 20)
    ),
    st.integers(0, 9).map(Fixed),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DOMAINS, min_size=1, max_size=5), st.integers(0, 2**31), st.data())
def test_random_suggestions_are_valid_in_random_spaces(domains: list[Domain], seed: int, data: st.DataObject) -> None:
    dimensions: list[Dimension] = []
    for index, domain in enumerate(domains):
        parent = data.draw(st.sampled_from([None, *range(index)]))
        when = () if parent is None else (Condition(f"k{parent}", (domains[parent].default(),)),)
        dimensions.append(Dimension(f"k{index}", domain, when))
    space = Space("s", "fake", "voc50", tuple(dimensions))
    for point in drawn(space, seed, 3):
        assert point_faults(space, point) == ()
