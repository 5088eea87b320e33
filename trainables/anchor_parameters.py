"""`anchor_ratios: kmeans`: the word becomes numbers that are fitted to the training boxes of a data set.

What is built, hashed and written beside a trial are the numbers. They follow from the annotations, the rule's IoUs, the
largest training scale, the strides and the anchor scale alone, so driver and worker come to the same ones. No torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from results.boxes import truth_from_coco
from results.errors import InputError
from results.rules import Requirement
from trainables.data.anchor_fitting import Target, fitted_ratios
from trainables.data.anchor_shapes import AnchorGrid, BoxShapes, box_shapes
from trainables.detectors.pyramid import level_strides
from trainables.notation import KMEANS, ImageScale, parse_train_scales

RATIO_COUNT = 5
# One seed for all trials: a trial's own would give equal points different anchors.
_SEED = 0


def with_fitted_anchors(
    params: Mapping[str, object], annotations: str, category_ids: Sequence[int], requirement: Requirement
) -> dict[str, object]:
    """The parameters with numbers in the place of "kmeans"; as they are where they say something else.

    Args:
        params: of a detector's train tier.
        annotations: COCO json of the training images.
        category_ids: the classes that are learned.
        requirement: the IoU that the rule demands of each box.

    Raises:
        InputError: the file cannot be read, or holds no box of these classes with an area.
    """
    if params.get("anchor_ratios") != KMEANS:
        return dict(params)
    scale = parse_train_scales(str(params["train_scale"])).largest()
    grid = AnchorGrid(tuple(level_strides(params)), float(str(params["anchor_scale"])), ())
    ratios = _ratios(_boxes_of(Path(annotations), category_ids), scale, grid, requirement)
    return {**params, "anchor_ratios": ",".join(f"{ratio:g}" for ratio in ratios)}


@dataclass(frozen=True)
class _TrainingBoxes:
    """Which boxes: names what is cached, because a search's driver hashes every point that is proposed."""

    annotations: Path
    changed_ns: int
    category_ids: tuple[int, ...]


def _boxes_of(annotations: Path, category_ids: Sequence[int]) -> _TrainingBoxes:
    changed_ns = annotations.stat().st_mtime_ns if annotations.exists() else 0
    return _TrainingBoxes(annotations, changed_ns, tuple(category_ids))


@lru_cache(maxsize=1024)
def _ratios(boxes: _TrainingBoxes, scale: ImageScale, grid: AnchorGrid, requirement: Requirement) -> tuple[float, ...]:
    shapes = _shapes(boxes)
    target = Target(shapes.resized(scale), shapes.required_ious(requirement))
    return fitted_ratios(target, grid, RATIO_COUNT, _SEED).ratios


@lru_cache(maxsize=4)
def _shapes(boxes: _TrainingBoxes) -> BoxShapes:
    truth = truth_from_coco(boxes.annotations)
    shapes = box_shapes(truth.select(np.isin(truth.category_id, boxes.category_ids)))
    if not len(shapes):
        rule = "anchors are fitted to training boxes with an area"
        raise InputError(rule, f"{boxes.annotations}: none of the scored classes", "write ratios in numbers")
    return shapes
