"""Trains the best trials of a search again with other seeds: how much of a score is luck of the training.

Says which trainings are still missing. The best score of many was lucky, so what confirms it are new trainings alone;
the seeds are the same for every point. Pure: `orchestrator.study` asks, records and runs them.
"""

import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass

from results.ledger import COMPLETE, RUNNING, TrialRecord

BEST = 3


@dataclass(frozen=True)
class Confirmation:
    """One training that is missing.

    Attributes:
        confirms: number of the trial whose point is trained again.
        params: that point.
        seed: of the training.
        number: of a confirmation that was begun and left unfinished; None for a new one.
    """

    confirms: int
    params: Mapping[str, object]
    seed: int
    number: int | None = None


def missing_confirmations(
    records: Mapping[int, TrialRecord], seeds: int, search_seed: int, at_work: Container[int] = ()
) -> list[Confirmation]:
    """What is left to train: what was begun and left unfinished, then the best trial's, the second's, the third's.

    Args:
        records: of the whole search.
        seeds: trainings for each of the best trials.
        search_seed: decides the seeds.
        at_work: confirmations that run now; they are not missing.
    """
    confirming = [one for one in records.values() if one.confirms is not None]
    left = [one for one in confirming if one.state == RUNNING and one.number not in at_work]
    begun = {(one.confirms, one.seed) for one in confirming}
    drawn = [confirmation_seed(search_seed, index) for index in range(seeds)]
    wanted = [(best, seed) for best in best_trials(records) for seed in drawn]
    return [
        *(Confirmation(one.confirms or 0, one.params, one.seed or 0, one.number) for one in left),
        *(Confirmation(one.number, one.params, seed) for one, seed in wanted if (one.number, seed) not in begun),
    ]


def best_trials(records: Mapping[int, TrialRecord]) -> list[TrialRecord]:
    """The best COMPLETE trials of the search itself; of equal scores the earlier trial is better."""
    searched = (one for one in records.values() if one.state == COMPLETE and one.confirms is None)
    scored = [(one.score, one) for one in searched if one.score is not None]
    return [one for _, one in sorted(scored, key=lambda pair: (-pair[0], pair[1].number))[:BEST]]


def confirmation_seed(search_seed: int, index: int) -> int:
    """Seed of the `index`-th training of every point, below 2**31; no trial of the search has it but by chance."""
    digest = hashlib.blake2b(f"confirmation {search_seed}/{index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % 2**31
