"""How well anchors fit a data set's boxes by shape alone: sizes after resizing, IoU with centres together, recall.

Centres together means that the IoU is the best that an anchor of that shape can reach; where anchors stand on the grid
has no part in it. Pure functions over numpy columns: no detector is built and nothing is chosen here
(`anchor_fitting` does).
"""

from dataclasses import dataclass

import numpy as np

from results.boxes import BoolArray, FloatArray, Truth
from results.rules import Requirement
from trainables.notation import ImageScale

_BLOCK_BOXES = 65_536


@dataclass(frozen=True)
class BoxShapes:
    """Sizes of G boxes and of the images they are in; nobody mutates them.

    Attributes:
        boxes_wh: (G, 2) width and height in original-image pixels, all above 0.
        images_wh: (G, 2) width and height of each box's image in pixels.
    """

    boxes_wh: FloatArray
    images_wh: FloatArray

    def __len__(self) -> int:
        return len(self.boxes_wh)

    def resized(self, scale: ImageScale) -> FloatArray:
        """(G, 2) sizes once each image is fitted into `scale`, its shape kept; not rounded to whole pixels."""
        long_px, short_px = self.images_wh.max(axis=1), self.images_wh.min(axis=1)
        factor = np.minimum(scale.width_px / long_px, scale.height_px / short_px)
        return np.asarray(self.boxes_wh * factor[:, None])

    def required_ious(self, requirement: Requirement) -> FloatArray:
        """(levels, G) the IoU that a rule demands of each box."""
        return requirement.of_boxes(np.hstack([np.zeros_like(self.boxes_wh), self.boxes_wh]))


@dataclass(frozen=True)
class AnchorGrid:
    """What mmdet's anchor generator takes: the same shapes on every level, as large as the level's stride.

    Attributes:
        strides: pixels between neighbouring cells, of each level.
        scale: side of a square anchor in strides.
        ratios: heights over widths.
    """

    strides: tuple[int, ...]
    scale: float
    ratios: tuple[float, ...]

    def sizes(self) -> FloatArray:
        """(A, 2) width scale * stride / sqrt(ratio) and height scale * stride * sqrt(ratio), level by level."""
        root = np.sqrt(np.array(self.ratios))
        sides = self.scale * np.array(self.strides, dtype=np.float64)
        return np.stack([np.outer(sides, 1 / root).ravel(), np.outer(sides, root).ravel()], axis=1)


def box_shapes(truth: Truth) -> BoxShapes:
    """The shapes of a truth's boxes, those without area and crowds left out; images without boxes do not count."""
    kept: BoolArray = (truth.boxes_xywh[:, 2:] > 0).all(axis=1) & ~truth.is_crowd
    images = truth.images
    order = np.argsort(images.image_id)
    place = order[np.searchsorted(images.image_id[order], truth.image_id[kept])]
    images_wh = np.stack([images.width_px[place], images.height_px[place]], axis=1).astype(np.float64)
    return BoxShapes(truth.boxes_xywh[kept, 2:], images_wh)


def centred_ious(boxes_wh: FloatArray, anchors_wh: FloatArray) -> FloatArray:
    """(G, A) IoU of boxes (G, 2) and anchors (A, 2) that share their centres."""
    common = np.minimum(boxes_wh[:, None, 0], anchors_wh[:, 0]) * np.minimum(boxes_wh[:, None, 1], anchors_wh[:, 1])
    return np.asarray(common / (boxes_wh.prod(axis=1)[:, None] + anchors_wh.prod(axis=1) - common))


def best_ious(boxes_wh: FloatArray, anchors_wh: FloatArray) -> FloatArray:
    """(G,) each box's IoU with the anchor that fits it best."""
    starts = range(0, len(boxes_wh), _BLOCK_BOXES)  # so that a million boxes need no table of all pairs
    parts = [centred_ious(boxes_wh[start : start + _BLOCK_BOXES], anchors_wh).max(axis=1) for start in starts]
    return np.concatenate(parts) if parts else np.zeros(0)


def recall(best: FloatArray, required: FloatArray) -> float:
    """Share of boxes whose best IoU (G,) reaches what is required of them (levels, G), averaged over the levels."""
    return float((best >= required).mean()) if best.size else 0.0
