"""Anchors from a data set's boxes: k-means by IoU, then a seeded evolution scored by recall at a rule's own IoUs.

What comes out are parameters of a detector (`AnchorGrid`: ratios of heights over widths, and a scale in strides), or
free sizes for generators that take any. Equal input and seed give equal anchors. No GPU, no torch, no files.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from trainables.data.anchor_shapes import AnchorGrid, best_ious, centred_ious, recall

GENERATIONS = 300
DECIMALS = 3
_KMEANS_ROUNDS = 100
_FIRST_STEP, _LAST_STEP = 0.25, 0.02
# A recall is a staircase: between two steps the closer fit wins, and is never worth a box.
_FIT_SHARE = 0.5
_MOST_BOXES = 20_000


@dataclass(frozen=True)
class Target:
    """What anchors are fitted to.

    Attributes:
        boxes_wh: (G, 2) sizes in pixels of the resized image.
        required: (levels, G) the IoU that the rule demands of each.
    """

    boxes_wh: FloatArray
    required: FloatArray

    def part(self, rows: BoolArray | IntArray) -> "Target":
        """Some of the boxes."""
        return Target(self.boxes_wh[rows], self.required[:, rows])

    def thinned(self, seed: int) -> "Target":
        """At most 20,000 of the boxes, drawn by the seed: more tell nothing new."""
        if len(self.boxes_wh) <= _MOST_BOXES:
            return self
        return self.part(np.sort(np.random.default_rng(seed).choice(len(self.boxes_wh), _MOST_BOXES, replace=False)))

    def recall_of(self, anchors_wh: FloatArray) -> float:
        """The share of boxes that anchors (A, 2) reach."""
        return recall(best_ious(self.boxes_wh, anchors_wh), self.required)

    def fitness(self, anchors_wh: FloatArray) -> float:
        """The recall, plus less than one box's worth for boxes that come close."""
        best = best_ious(self.boxes_wh, anchors_wh)
        closeness = float(np.minimum(best / self.required, 1.0).mean())
        return recall(best, self.required) + closeness * _FIT_SHARE / self.required.size


def kmeans_sizes(boxes_wh: FloatArray, count: int, seed: int) -> FloatArray:
    """(count, 2) anchor sizes by k-means with 1 - IoU as the distance and medians as centres, by rising area.

    Args:
        boxes_wh: (G, 2) sizes, at least one.
        count: of anchors; a box's size stands for several where there are fewer boxes.
        seed: of the first centres.

    Source: Redmon and Farhadi, YOLO9000 (CVPR 2017), section 2, with medians for means.
    """
    centres = _first_centres(boxes_wh, count, seed)
    assigned: IntArray | None = None
    for _ in range(_KMEANS_ROUNDS):
        nearest = centred_ious(boxes_wh, centres).argmax(axis=1)
        if assigned is not None and np.array_equal(nearest, assigned):
            break
        assigned = nearest
        for cluster in np.unique(nearest):  # a cluster that lost its boxes keeps its place
            centres[cluster] = np.median(boxes_wh[nearest == cluster], axis=0)
    return np.asarray(centres[np.argsort(centres.prod(axis=1), kind="stable")])


def kmeans_ratios(boxes_wh: FloatArray, count: int, seed: int) -> tuple[float, ...]:
    """Heights over widths, rising, by k-means over the boxes' shapes brought to one area."""
    root = np.sqrt(boxes_wh[:, 1] / boxes_wh[:, 0])
    centres = kmeans_sizes(np.stack([1 / root, root], axis=1), count, seed)
    return _rounded(np.sort(centres[:, 1] / centres[:, 0]))


def fitted_ratios(target: Target, grid: AnchorGrid, count: int, seed: int) -> AnchorGrid:
    """The grid with `count` ratios of its own in place of those it has: k-means, then evolution; the scale stays."""
    target = target.thinned(seed)

    def grid_of(genes: FloatArray) -> AnchorGrid:
        return replace(grid, ratios=_rounded(np.sort(np.exp(genes))))

    start = np.log(kmeans_ratios(target.boxes_wh, count, seed))
    return grid_of(_evolved(start, lambda genes: target.fitness(grid_of(genes).sizes()), seed))


def fitted_grid(target: Target, grid: AnchorGrid, count: int, seed: int) -> AnchorGrid:
    """As `fitted_ratios`, with the scale evolved, too."""
    target = target.thinned(seed)

    def grid_of(genes: FloatArray) -> AnchorGrid:
        ratios = _rounded(np.sort(np.exp(genes[1:])))
        return replace(grid, scale=round(float(np.exp(genes[0])), DECIMALS), ratios=ratios)

    start = np.concatenate([[np.log(grid.scale)], np.log(kmeans_ratios(target.boxes_wh, count, seed))])
    return grid_of(_evolved(start, lambda genes: target.fitness(grid_of(genes).sizes()), seed))


def _evolved(start: FloatArray, fitness: Callable[[FloatArray], float], seed: int) -> FloatArray:
    """The best of one parent and its mutants, whose steps shrink; never worse than where it started."""
    random = np.random.default_rng(seed)
    best, score = start, fitness(start)
    for step in np.geomspace(_FIRST_STEP, _LAST_STEP, GENERATIONS):
        changed = random.random(start.shape) < max(0.5, 1 / start.size)
        mutant = best + changed * random.normal(0.0, step, start.shape)
        found = fitness(mutant)
        if found > score:
            best, score = mutant, found
    return best


def _first_centres(boxes_wh: FloatArray, count: int, seed: int) -> FloatArray:
    """Boxes drawn one by one, the likelier the worse the centres so far fit them (k-means++)."""
    random = np.random.default_rng(seed)
    centres = boxes_wh[[random.integers(len(boxes_wh))]]
    while len(centres) < count:
        distance = 1 - best_ious(boxes_wh, centres)
        total = distance.sum()
        share = distance / total if total > 0 else np.full(len(distance), 1 / len(distance))
        centres = np.vstack([centres, boxes_wh[random.choice(len(boxes_wh), p=share)]])
    return np.array(centres)


def _rounded(ratios: FloatArray) -> tuple[float, ...]:
    # Three decimals: what is written into a space file is exactly what was scored.
    return tuple(round(float(ratio), DECIMALS) for ratio in ratios)
