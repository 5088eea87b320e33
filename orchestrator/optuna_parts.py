"""Samplers and pruners: a space's `search` settings -> Optuna's objects."""

import hashlib

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler

from orchestrator.samplers import CommonTpeSampler
from search_spaces.space import Hyperband, MedianPruning, NoPruning, SearchSettings, Space, SuccessiveHalving


def ask_seed(seed: int, number: int) -> int:
    """The seed of one ask, from the search's seed and the trial's number."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=4).digest())


def build_sampler(space: Space, seed: int, number: int) -> BaseSampler:
    """The sampler for one ask, see `orchestrator.samplers.FreshSampler`."""
    own = ask_seed(seed, number)
    if space.search.sampler == "random":
        return RandomSampler(seed=own)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Running trials count as bad ones, so that trials side by side do not pick the same place.
    return CommonTpeSampler(seed=own, constant_liar=True)


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
