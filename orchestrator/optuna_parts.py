"""Samplers and pruners: a space's `search` settings -> Optuna's objects."""

import hashlib
import warnings
from functools import partial

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from orchestrator.grid_sampler import GridSampler
from orchestrator.samplers import CommonTpeSampler, FreshSampler
from search_spaces.sampling import ranges_of
from search_spaces.space import Hyperband, MedianPruning, NoPruning, SearchSettings, Space, SuccessiveHalving


def ask_seed(seed: int, number: int) -> int:
    """The seed of one ask, from the search's seed and the trial's number."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=4).digest())


def build_sampler(space: Space, seed: int) -> BaseSampler:
    """The sampler of a search. What it proposes depends on the seed, the trial's number and the trials before it.

    Whether it can serve the space was checked when the space was loaded, see `search_spaces.serving`.
    """
    match space.search.sampler:
        case "grid":
            return GridSampler(space)
        case "cmaes":
            # Imports a package that only this sampler needs.
            from orchestrator.cma_sampler import CmaSampler

            return CmaSampler(ranges_of(space), partial(ask_seed, seed))
        case _:
            optuna.logging.set_verbosity(optuna.logging.WARNING)
            return FreshSampler(partial(_build_fresh, space, seed))


def _build_fresh(space: Space, seed: int, number: int) -> BaseSampler:
    own = ask_seed(seed, number)
    match space.search.sampler:
        case "random":
            return RandomSampler(seed=own)
        case "gp":
            return GPSampler(seed=own, warn_independent_sampling=False)
        case _:
            return _grouped_tpe(own) if any(key.when for key in space.train) else _common_tpe(own)


def _common_tpe(seed: int) -> BaseSampler:
    # Running trials count as bad ones, so that trials side by side do not pick the same place.
    return CommonTpeSampler(seed=seed, constant_liar=True)


def _grouped_tpe(seed: int) -> BaseSampler:
    """TPE for a space with conditions: keys that are active together are modelled together."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of `group`
        return TPESampler(seed=seed, constant_liar=True, group=True)


def build_pruner(search: SearchSettings) -> BasePruner:
    """Who stops hopeless trials, and when."""
    pruner = search.pruner
    match pruner:
        case SuccessiveHalving():
            return SuccessiveHalvingPruner(min_resource=pruner.min_epochs, reduction_factor=pruner.reduction_factor)
        case Hyperband():
            return HyperbandPruner(pruner.min_epochs, search.epochs, pruner.reduction_factor)
        case MedianPruning():
            # Optuna counts steps from 0 and prunes from `n_warmup_steps` on; epochs count from 1.
            return MedianPruner(n_startup_trials=pruner.startup_trials, n_warmup_steps=pruner.warmup_epochs + 1)
        case NoPruning():
            return NopPruner()
