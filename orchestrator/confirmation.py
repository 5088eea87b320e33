"""Trains the best trials of a search again with other seeds: how much of a score is luck of the training.

Says which trainings are still missing. The best score of many was lucky, so what confirms it are new trainings alone;
the seeds are the same for every point. Pure: `orchestrator.study` asks, records and runs them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from results.ranking import scored
from results.trial_records import TrialRecord

BEST = 3


@dataclass(frozen=True)
class Confirmation:
    """One training that is missing.

    Attributes:
        confirms: number of the trial whose point is trained again.
        params: that point.
        accumulate: parts that each batch is trained in, as it was there.
        seed: of the training.
    """

    confirms: int
    params: Mapping[str, object]
    accumulate: int
    seed: int


def missing_confirmations(records: Mapping[int, TrialRecord], seeds: int, search_seed: int) -> list[Confirmation]:
    """What is left to begin: the best trial's trainings, then the second's, then the third's.

    Args:
        records: of the whole search.
        seeds: trainings for each of the best trials.
        search_seed: decides the seeds.
    """
    begun = {(one.confirms, one.seed) for one in records.values() if not one.is_candidate}
    drawn = [confirmation_seed(search_seed, index) for index in range(seeds)]
    wanted = [(best, seed) for best in best_trials(records) for seed in drawn]
    return [
        Confirmation(one.number, one.params, one.accumulate, seed)
        for one, seed in wanted
        if (one.number, seed) not in begun
    ]


def best_trials(records: Mapping[int, TrialRecord]) -> list[TrialRecord]:
    """The best COMPLETE trials of the search itself; of equal scores the earlier trial is better."""
    return scored(records.values())[:BEST]


def confirmation_seed(search_seed: int, index: int) -> int:
    """Seed of the `index`-th training of every point, below 2**31; no trial of the search has it but by chance."""
    digest = hashlib.blake2b(f"confirmation {search_seed}/{index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % 2**31
