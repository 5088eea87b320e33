"""How many boxes lie between given sizes: by short side and by area, over all and for each class.

Counts only. The breaks 40, 120 and 420 px are those of the bottle competition's rule; a rule with a table over the
short side brings its own. An area's breaks are the squares of the short side's.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.boxes import FloatArray, IntArray, Truth
from results.rules import Requirement

SIDE_BREAKS_PX = (40.0, 120.0, 420.0)


@dataclass(frozen=True)
class SizeHistogram:
    """Counts of boxes between breaks; `len(breaks) + 1` of them, each from its lower break on to below the next.

    Attributes:
        breaks: rising, in px or in px squared.
        counts: of all boxes.
        counts_of: by category id.
    """

    breaks: tuple[float, ...]
    counts: tuple[int, ...]
    counts_of: dict[int, tuple[int, ...]]

    def labels(self) -> list[str]:
        """The bins in words: "< 40", "40 to 120", ">= 420"."""
        if not self.breaks:
            return ["all"]
        words = [f"{break_:,.0f}" for break_ in self.breaks]
        between = [f"{low} to {high}" for low, high in itertools.pairwise(words)]
        return [f"< {words[0]}", *between, f">= {words[-1]}"]


def rule_breaks_px(requirement: Requirement) -> tuple[float, ...]:
    """Where a rule's table over the short side changes; none for fixed IoUs."""
    return tuple(segment.below_px for segment in requirement.segments if math.isfinite(segment.below_px))


def side_histogram(truth: Truth, breaks_px: Sequence[float] = SIDE_BREAKS_PX) -> SizeHistogram:
    """By short side in original-image pixels."""
    return _histogram(short_sides_px(truth), truth, breaks_px)


def area_histogram(truth: Truth, breaks_px: Sequence[float] = SIDE_BREAKS_PX) -> SizeHistogram:
    """By area in square pixels, at the squares of `breaks_px`."""
    area = np.asarray(truth.boxes_xywh[:, 2:].prod(axis=1))
    return _histogram(area, truth, [side * side for side in breaks_px])


def short_sides_px(truth: Truth) -> FloatArray:
    """(G,) the shorter of width and height."""
    return np.asarray(truth.boxes_xywh[:, 2:].min(axis=1, initial=math.inf))


def _histogram(values: FloatArray, truth: Truth, breaks: Sequence[float]) -> SizeHistogram:
    bins = np.searchsorted(np.array(breaks), values, side="right")
    ids = sorted(category.id for category in truth.categories)
    return SizeHistogram(
        tuple(breaks),
        _counts(bins, len(breaks) + 1),
        {id_: _counts(bins[truth.category_id == id_], len(breaks) + 1) for id_ in ids},
    )


def _counts(bins: IntArray, count: int) -> tuple[int, ...]:
    return tuple(np.bincount(bins, minlength=count).tolist())
