"""Which models see which image: a run on a subset predicts the images that its rule holds for, and its own classes.

Each image and class is fused from the members that look for it alone, so nothing is scored down for models that never
saw it. Nothing is predicted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ensembles.fusion import fuse
from results.boxes import Detections, Images, IntArray, Truth
from results.postprocess import cap_per_image


@dataclass(frozen=True)
class Routed:
    """One member's detections, the ids (M,) of the images that it sees, and those (C,) of the classes it looks for."""

    detections: Detections
    image_id: IntArray
    category_id: IntArray


def fuse_routed(members: Sequence[Routed], iou_threshold: float, max_per_image: int | None) -> Detections:
    """One set of detections, equally weighted over the members that look for a class in an image, and capped."""
    parts = []
    for classes, looking in _groups([one.category_id for one in members]):
        for images, seeing in _groups([members[place].image_id for place in looking]):
            seen = [_part(members[looking[place]].detections, images, classes) for place in seeing]
            # What one member alone sees stays as it is, order and boxes without area included.
            parts.append(seen[0] if len(seen) == 1 else fuse(seen, iou_threshold=iou_threshold))
    return cap_per_image(Detections.concatenate(parts), max_per_image)


def unseen(images: Images, members: Sequence[Routed]) -> int:
    """How many images no member sees."""
    seen = [one.image_id for one in members]
    return len(images) - int(np.isin(images.image_id, np.concatenate(seen)).sum())


def listed(images: Images, rows: IntArray) -> Images:
    """Some rows of an image list."""
    names = tuple(images.file_name[row] for row in rows.tolist())
    return Images(images.image_id[rows], names, images.width_px[rows], images.height_px[rows])


def joined_truth(truths: Sequence[Truth]) -> Truth:
    """The truth of all runs' validation images; an image that several have counts once, as the first has it."""
    joined = truths[0]
    for truth in truths[1:]:
        joined = _with_new_images(joined, truth)
    return joined


def _with_new_images(first: Truth, other: Truth) -> Truth:
    rows = np.flatnonzero(~np.isin(other.images.image_id, first.images.image_id))
    added = listed(other.images, rows)
    boxes = np.isin(other.image_id, added.image_id)
    known = {category.id for category in first.categories}
    return replace(
        first,
        images=Images(
            np.concatenate([first.images.image_id, added.image_id]),
            first.images.file_name + added.file_name,
            np.concatenate([first.images.width_px, added.width_px]),
            np.concatenate([first.images.height_px, added.height_px]),
        ),
        categories=first.categories + tuple(one for one in other.categories if one.id not in known),
        annotation_id=np.concatenate([first.annotation_id, other.annotation_id[boxes]]),
        image_id=np.concatenate([first.image_id, other.image_id[boxes]]),
        category_id=np.concatenate([first.category_id, other.category_id[boxes]]),
        boxes_xywh=np.concatenate([first.boxes_xywh, other.boxes_xywh[boxes]]),
        is_crowd=np.concatenate([first.is_crowd, other.is_crowd[boxes]]),
    )


def _part(detections: Detections, images: IntArray, classes: IntArray) -> Detections:
    return detections.select(np.isin(detections.image_id, images) & np.isin(detections.category_id, classes))


def _groups(ids_of: Sequence[IntArray]) -> list[tuple[IntArray, list[int]]]:
    """Ids with the places of those who have them, one entry for each set of owners."""
    every = np.unique(np.concatenate(ids_of))
    if not len(every):
        return []
    owned = np.stack([np.isin(every, ids) for ids in ids_of], axis=1)
    patterns, group = np.unique(owned, axis=0, return_inverse=True)
    return [(every[group.ravel() == place], np.flatnonzero(one).tolist()) for place, one in enumerate(patterns)]
