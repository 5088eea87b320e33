"""Which objects of which sizes the pictures of one split hold, so that every split has the spread it is drawn from.

Both choices are spread evenly instead of thrown: combinations of objects are taken at equal steps along all of them,
and the boxes of a class at equal steps along their quantiles. A few hundred pictures then have the figures of
thousands. Nothing here draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.boxes import FloatArray
from trainables.data.spread import LEVELS, ClassSpread, Mode, Spread

_MOST_OF_FRAME = 0.94


@dataclass(frozen=True)
class Planned:
    """One object to draw: its contest category and the size of its box."""

    category_id: int
    width_px: float
    height_px: float


@dataclass(frozen=True)
class PicturePlan:
    """One picture: its mode (a place in `Spread.modes`) and its objects; none is background only."""

    mode: int
    objects: tuple[Planned, ...]


def plan_pictures(spread: Spread, images: Sequence[int], rng: np.random.Generator) -> list[PicturePlan]:
    """Plans for a split.

    Args:
        spread: what they are drawn from.
        images: how many of each mode.
        rng: the same one gives the same plans.

    Returns:
        sum(images) plans in random order.
    """
    plans = []
    for number, (mode, count) in enumerate(zip(spread.modes, images, strict=True)):
        combinations = _combinations(mode.combinations, count, rng)
        sizes = {key: _sizes(spread.classes[key], mode, combinations, key, rng) for key in spread.classes}
        for ids in combinations:
            plans.append(PicturePlan(number, tuple(Planned(key, *sizes[key].pop()) for key in ids)))
    return [plans[place] for place in rng.permutation(len(plans))]


def _combinations(
    counts: Mapping[tuple[int, ...], int], images: int, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """`images` of the combinations, at equal steps along all of them in sorted order: rare ones get their chance."""
    kinds = sorted(counts)
    ends = np.cumsum([counts[kind] for kind in kinds])
    steps = (np.arange(images) + float(rng.uniform())) * ends[-1] / max(images, 1)
    return [kinds[place] for place in rng.permutation(np.searchsorted(ends, steps, side="right"))]


def _sizes(
    spread: ClassSpread, mode: Mode, combinations: Sequence[tuple[int, ...]], key: int, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Width and height of each box of one class, in random order."""
    count = sum(ids.count(key) for ids in combinations)
    short_rank, ratio_rank = _correlated_ranks(count, spread.correlation, rng)
    short_px = _at(spread.short_px, (short_rank + 0.5) / max(count, 1))
    long_px = short_px * _at(spread.ratio, (ratio_rank + 0.5) / max(count, 1))
    wide = rng.permutation(count) < spread.wide * count
    boxes = zip(short_px.tolist(), long_px.tolist(), wide.tolist(), strict=True)
    return [_fitted(*box, mode) for box in boxes]


def _correlated_ranks(count: int, correlation: float, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Two permutations of 0 to count - 1 whose correlation is about that."""
    first, other = rng.standard_normal((2, count))
    second = correlation * first + float(np.sqrt(1 - correlation**2)) * other
    ranks = [np.argsort(np.argsort(values)).astype(np.float64) for values in (first, second)]
    return ranks[0], ranks[1]


def _at(quantiles: Sequence[float], share: FloatArray) -> FloatArray:
    """Values at shares (N,) of the boxes, between the quantiles on a logarithmic scale."""
    values: FloatArray = np.exp(np.interp(share * 100, LEVELS, np.log(quantiles)))
    return values


def _fitted(short_px: float, long_px: float, wide: bool, mode: Mode) -> tuple[float, float]:
    """Width and height: turned, or cut at last, where the box would not fit into its picture."""
    widest, highest = mode.width_px * _MOST_OF_FRAME, mode.height_px * _MOST_OF_FRAME
    if wide or long_px > highest:
        return round(min(long_px, widest), 2), round(min(short_px, highest), 2)
    return round(short_px, 2), round(long_px, 2)
