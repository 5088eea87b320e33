"""What the command `anchors` finds: size histograms, and how several sets of anchors fit at several test scales.

Computes and holds; `anchors_page` draws it, `anchors_command` prints it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from results.boxes import BoolArray, FloatArray, Truth
from results.rules import Requirement, Rule
from trainables.data.anchor_fitting import Target, fitted_grid, fitted_ratios, kmeans_ratios, kmeans_sizes
from trainables.data.anchor_shapes import AnchorGrid, BoxShapes, best_ious, box_shapes, recall
from trainables.data.size_histogram import SIDE_BREAKS_PX, SizeHistogram, area_histogram, rule_breaks_px, side_histogram
from trainables.notation import ImageScale

STRIDES = (4, 8, 16, 32, 64)
STOCK_SCALE = 8.0
_STOCK_RATIOS = ((0.5, 1.0, 2.0), (0.2, 0.5, 1.0, 2.0, 5.0))
_FREE_SIZES = 9
_PLAIN_IOU = 0.5
EVOLVED = "evolved, 5 ratios"
_Fitter = Callable[[Target], AnchorGrid]


@dataclass(frozen=True)
class Fit:
    """How one set of anchors fits at one scale.

    Attributes:
        name: of the set.
        grid: its parameters.
        share_at_half: of boxes whose best IoU is at least .5.
        rule_recall: share of boxes whose best IoU reaches what the rule demands of them.
        held_out: the rule recall on half of the boxes after fitting to the other half, averaged over both ways; None
            for what was not fitted.
        mean_iou: of the boxes' best IoUs.
        recall_by_side: rule recall between short sides of 40, 120 and 420 px; None where there is no box.
    """

    name: str
    grid: AnchorGrid
    share_at_half: float
    rule_recall: float
    held_out: float | None
    mean_iou: float
    recall_by_side: tuple[float | None, ...]


@dataclass(frozen=True)
class AnchorTables:
    """Everything the command shows.

    Attributes:
        rule: whose IoUs were demanded.
        truth: the boxes that were looked at.
        shapes: the boxes that have an area.
        sides: histograms over the short side, at 40/120/420 px and at the rule's breaks where it has any.
        areas: the same over the area.
        fits: of each scale, by its written form.
        free: (9, 2) sizes by k-means, of each scale.
    """

    rule: Rule
    truth: Truth
    shapes: BoxShapes
    sides: tuple[SizeHistogram, ...]
    areas: tuple[SizeHistogram, ...]
    fits: dict[str, tuple[Fit, ...]]
    free: dict[str, FloatArray]


def anchor_tables(truth: Truth, rule: Rule, scales: Sequence[ImageScale], seed: int) -> AnchorTables:
    """Histograms and fits of a truth that has at least one box with an area."""
    shapes = box_shapes(truth)
    breaks = list(dict.fromkeys([SIDE_BREAKS_PX, rule_breaks_px(rule.requirement) or SIDE_BREAKS_PX]))
    return AnchorTables(
        rule=rule,
        truth=truth,
        shapes=shapes,
        sides=tuple(side_histogram(truth, one) for one in breaks),
        areas=tuple(area_histogram(truth, one) for one in breaks),
        fits={str(scale): fits_at(shapes, rule.requirement, scale, seed) for scale in scales},
        free={str(scale): free_sizes(shapes, scale, seed) for scale in scales},
    )


def fits_at(shapes: BoxShapes, requirement: Requirement, scale: ImageScale, seed: int) -> tuple[Fit, ...]:
    """Stock anchors, k-means and evolved ones at one scale, with the bottle competition's strides 4 to 64."""
    target = Target(shapes.resized(scale), shapes.required_ious(requirement))
    short_px = shapes.boxes_wh.min(axis=1)
    stock = [AnchorGrid(STRIDES, STOCK_SCALE, ratios) for ratios in _STOCK_RATIOS]
    named = [(f"ratios {', '.join(f'{ratio:g}' for ratio in grid.ratios)}", grid) for grid in stock]
    fits = [_fit(name, grid, target, short_px) for name, grid in named]
    for name, fitter in _fitters(stock[0], seed).items():
        fit = _fit(name, fitter(target), target, short_px)
        fits.append(replace(fit, held_out=_held_out(target, fitter, seed)))
    return tuple(fits)


def _fitters(stock: AnchorGrid, seed: int) -> dict[str, _Fitter]:
    def clustered(target: Target, count: int) -> AnchorGrid:
        return replace(stock, ratios=kmeans_ratios(target.boxes_wh, count, seed))

    return {
        "k-means, 3 ratios": partial(clustered, count=3),
        "k-means, 5 ratios": partial(clustered, count=5),
        "evolved, 3 ratios": partial(fitted_ratios, grid=stock, count=3, seed=seed),
        EVOLVED: partial(fitted_ratios, grid=stock, count=5, seed=seed),
        "evolved, 5 ratios and the scale": partial(fitted_grid, grid=stock, count=5, seed=seed),
    }


def free_sizes(shapes: BoxShapes, scale: ImageScale, seed: int) -> FloatArray:
    """(9, 2) anchor sizes by k-means, for detectors whose anchors follow no grid of ratios."""
    return kmeans_sizes(shapes.resized(scale), _FREE_SIZES, seed)


def _fit(name: str, grid: AnchorGrid, target: Target, short_px: FloatArray) -> Fit:
    best = best_ious(target.boxes_wh, grid.sizes())
    bins = np.searchsorted(np.array(SIDE_BREAKS_PX), short_px, side="right")
    parts = [bins == number for number in range(len(SIDE_BREAKS_PX) + 1)]
    return Fit(
        name=name,
        grid=grid,
        share_at_half=float((best >= _PLAIN_IOU).mean()),
        rule_recall=recall(best, target.required),
        held_out=None,
        mean_iou=float(best.mean()),
        recall_by_side=tuple(recall(best[one], target.required[:, one]) if one.any() else None for one in parts),
    )


def _held_out(target: Target, fitter: _Fitter, seed: int) -> float:
    """Recall on each half of the boxes of what was fitted to the other half."""
    first = np.random.default_rng(seed).permutation(len(target.boxes_wh)) % 2 == 0
    return (_recall_elsewhere(target, first, fitter) + _recall_elsewhere(target, ~first, fitter)) / 2


def _recall_elsewhere(target: Target, inside: BoolArray, fitter: _Fitter) -> float:
    if not inside.any() or inside.all():
        return 0.0
    fitted = fitter(target.part(inside))
    return target.part(~inside).recall_of(fitted.sizes())
