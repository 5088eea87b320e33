"""A space in Optuna's terms: draw a point, name known points, rebuild the distributions of a recorded trial.

The only module of this package that imports Optuna (0.6 s), so import it after the space file was loaded. It does
not choose a sampler or run a study.
"""

from collections.abc import Mapping

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange, Value, tidy
from search_spaces.points import is_active
from search_spaces.space import Space


def suggest(space: Space, trial: optuna.trial.Trial) -> dict[str, Value]:
    """Draws a complete point: define by run, a key's distribution is asked for only where the key is active.

    Fixed keys are part of the point and unknown to Optuna. Parameter names in Optuna are the keys' names.

    Args:
        space: what may vary.
        trial: of a study whose sampler decides; enqueued values are honoured.

    Returns:
        JSON-able values by key, active keys only, in the space's order.
    """
    point: dict[str, Value] = {}
    for dimension in space.train:
        if is_active(dimension, point):
            point[dimension.name] = _draw(trial, dimension.name, dimension.domain)
    return point


def known_points(space: Space) -> tuple[dict[str, Value], ...]:
    """The space's known points, complete, in their order; made for `study.enqueue_trial`."""
    fixed = {dimension.name for dimension in space.train if isinstance(dimension.domain, Fixed)}
    return tuple({name: value for name, value in point.items() if name not in fixed} for point in space.known)


def distributions_of(space: Space, params: Mapping[str, object]) -> dict[str, BaseDistribution]:
    """Distributions of the searched keys that a recorded point holds.

    Rebuild its trial with `optuna.trial.create_trial(params={key: params[key] for key in found},
    distributions=found, ...)`; fixed keys have no distribution.
    """
    return {
        dimension.name: distribution
        for dimension in space.train
        if dimension.name in params and (distribution := distribution_of(dimension.domain)) is not None
    }


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
