"""A space in Optuna's terms: draw a point, rebuild the distributions of a recorded trial.

The only module of this package that imports Optuna (0.6 s), so import it after the space file was loaded. It does
not choose a sampler or run a study.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange, Value, tidy
from search_spaces.points import is_active
from search_spaces.space import Dimension, Space


def suggest(space: Space, trial: optuna.trial.Trial) -> dict[str, Value]:
    """Draws a complete point: define by run, a key's distribution is asked for only where the key is active.

    Fixed keys are part of the point and unknown to Optuna, which knows the others by their labels.

    Args:
        space: what may vary.
        trial: of a study whose sampler decides; enqueued values are honoured.

    Returns:
        JSON-able values by key, active keys only, in the space's order.
    """
    point: dict[str, Value] = {}
    for dimension in space.train:
        if is_active(dimension, point):
            point[dimension.name] = _draw(trial, dimension.label, dimension.domain)
    return point


def searched_values(space: Space, point: Mapping[str, object]) -> dict[str, Any]:
    """The searched part of a complete point as Optuna knows it: values by label."""
    return {label: point[dimension.name] for label, dimension in _searched(space, point).items()}


def distributions_of(space: Space, params: Mapping[str, object]) -> dict[str, BaseDistribution]:
    """Distributions, by label, of the searched keys that a recorded point holds.

    Rebuild its trial with `optuna.trial.create_trial(params=searched_values(space, params), distributions=found, ...)`;
    fixed keys have no distribution.
    """
    return {
        label: distribution
        for label, dimension in _searched(space, params).items()
        if (distribution := distribution_of(dimension.domain)) is not None
    }


def _searched(space: Space, point: Mapping[str, object]) -> dict[str, Dimension]:
    return {
        dimension.label: dimension
        for dimension in space.train
        if dimension.name in point and is_active(dimension, point) and not isinstance(dimension.domain, Fixed)
    }


def ranges_of(space: Space) -> dict[str, FloatDistribution | IntDistribution]:
    """Distributions, by label, of all keys that are ranges of more than one value, whether active or not."""
    found = {one.label: distribution_of(one.domain) for one in space.train if one.domain.size() != 1}
    return {name: one for name, one in found.items() if isinstance(one, FloatDistribution | IntDistribution)}


@cache  # a rebuilt study has one for each key of each of its thousands of trials
def distribution_of(domain: Domain) -> BaseDistribution | None:
    """Optuna's distribution of a domain; None for a fixed value."""
    match domain:
        case Fixed():
            return None
        case Choice(options):
            return CategoricalDistribution(options)
        case IntRange(low, high, step, log):
            return IntDistribution(low, high, log=log, step=step)
        case FloatRange(low, high, step, log):
            return FloatDistribution(low, high, log=log, step=step)


def _draw(trial: optuna.trial.Trial, name: str, domain: Domain) -> Value:
    match domain:
        case Fixed(value):
            return value
        case Choice(options):
            # By index into our own options: Optuna's type allows None, a space has none.
            return options[options.index(trial.suggest_categorical(name, options))]
        case IntRange(low, high, step, log):
            return trial.suggest_int(name, low, high, step=step, log=log)
        case FloatRange(low, high, None, log):
            return trial.suggest_float(name, low, high, log=log)
        case FloatRange(low, high, step, _):
            return tidy(trial.suggest_float(name, low, high, step=step))
