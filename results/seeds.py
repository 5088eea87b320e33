"""How far a score depends on the training's seed: the spread of a trial's confirmations.

The trial itself is left out: it was chosen for its score, which makes that score a lucky one. Pure.
"""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from results.trial_records import COMPLETE, TrialRecord


@dataclass(frozen=True)
class SeedSpread:
    """The trainings of one point with new seeds.

    Attributes:
        trials: their numbers.
        scores: of each.
        mean: of the scores.
        sd: sample standard deviation, None for a single score.
    """

    trials: tuple[int, ...]
    scores: tuple[float, ...]
    mean: float
    sd: float | None

    def to_dict(self) -> dict[str, object]:
        """Plain data for json."""
        return asdict(self)


def seed_spreads(records: Iterable[TrialRecord]) -> dict[int, SeedSpread]:
    """The spread of each trial that has COMPLETE confirmations, by its number."""
    scored: dict[int, list[tuple[int, float]]] = {}
    for record in records:
        if record.confirms is not None and record.state == COMPLETE and record.score is not None:
            scored.setdefault(record.confirms, []).append((record.number, record.score))
    return {confirmed: _spread(sorted(found)) for confirmed, found in scored.items()}


def _spread(found: list[tuple[int, float]]) -> SeedSpread:
    numbers, scores = zip(*found, strict=True)
    sd = statistics.stdev(scores) if len(scores) > 1 else None
    return SeedSpread(numbers, scores, statistics.fmean(scores), sd)
