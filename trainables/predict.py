"""Raw detections: what a detector says before any non-maximum suppression, in original-image pixels.

One pass over the images per view. Where a view shows an image more than once (scales, mirrorings, tiles) its rows are
those of all showings, which the NMS of the post tier merges, as mmdet's own test-time augmentation does. What is
dropped is stated with the result: rows under `score_floor`, and beyond the `max_raw_per_image` best of an image.
Solving NMS and cutoffs is `results.solve`'s.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from results.boxes import Detections, Images
from trainables.notation import NONE
from trainables.options.predict import telling
from trainables.raw_heads import RawRows, before_nms
from trainables.shots import AS_IT_IS, HORIZONTAL, VERTICAL, ImageFile, Shot, load_pixels, shots

__all__ = ["ImageFile", "View", "image_files", "predict_raw", "predict_shots"]


@dataclass(frozen=True)
class View:
    """How a test image is shown to the detector.

    Attributes:
        scale: "1333x800", long side x short side in pixels; several with strokes between are shown one by one.
        flip: whether the mirror image is predicted too; its boxes are mirrored back and join the others.
        score_floor: rows below are not kept.
        max_raw_per_image: rows kept of one image, best first.
        flip_vertical: as `flip`, upside down.
        tiles: parts of the image that are predicted beside it, see `trainables.tiles.parse_tiling`.
        average: weights that the trial predicts with, see `trainables.averages`; here the model comes with them.
        iou_power: how much predicted IoUs count, a in score^(1 - a) IoU^a.
    """

    scale: str
    flip: bool = False
    score_floor: float = 0.001
    max_raw_per_image: int = 1000
    flip_vertical: bool = False
    tiles: str = NONE
    average: str = NONE
    iou_power: float = 0.0

    def metadata(self) -> dict[str, str]:
        """The view as text, for the header of a file of raw detections."""
        return {name: str(value) for name, value in asdict(self).items()}

    def summary(self) -> dict[str, object]:
        """What tells it from other views, for a leaderboard."""
        kept = ("score_floor", "max_raw_per_image")
        return {name: value for name, value in telling(asdict(self)).items() if name not in kept}

    def directions(self) -> tuple[str, ...]:
        """The mirrorings in which everything is shown."""
        chosen = ((HORIZONTAL, self.flip), (VERTICAL, self.flip_vertical))
        return AS_IT_IS, *(direction for direction, wanted in chosen if wanted)

    def shots_of(self, image: ImageFile) -> list[Shot]:
        """What an image is shown as, but for mirrorings.

        Raises:
            CorruptImageError: it is missing or cannot be read.
        """
        return list(shots(load_pixels(image), image, self.scale, self.tiles))


def image_files(images: Images, folder: Path) -> tuple[ImageFile, ...]:
    """Where each image of a list lies, in the list's order."""
    pairs = zip(images.image_id.tolist(), images.file_name, strict=True)
    return tuple(ImageFile(image_id, folder / name) for image_id, name in pairs)


def predict_raw(
    model: nn.Module,
    images: Sequence[ImageFile],
    view: View,
    category_ids: Sequence[int],
    on_image: Callable[[int], None] = lambda done: None,
) -> Detections:
    """Raw detections of every image.

    Args:
        model: a detector of a family that `trainables.raw_heads` knows, in evaluation mode.
        images: in the order the rows shall have.
        view: how they are shown, and what is kept.
        category_ids: category id of each label.
        on_image: told how many images are done.

    Raises:
        CorruptImageError: an image cannot be read.
    """
    parts: list[Detections] = []
    with torch.inference_mode():
        for done, image in enumerate(images, start=1):
            raw = predict_shots(model, view.shots_of(image), view)
            parts.append(_rows(image.image_id, raw, view, category_ids))
            on_image(done)
    return Detections.concatenate(parts) if parts else Detections.empty()


def predict_shots(model: nn.Module, taken: Sequence[Shot], view: View) -> RawRows:
    """What a detector says of one image's shots in every direction of a view, in original pixels."""
    found = [_in_direction(model, shot, way, view) for shot in taken for way in view.directions()]
    return RawRows(
        torch.cat([one.boxes_xyxy for one in found]),
        torch.cat([one.scores for one in found]),
        torch.cat([one.labels for one in found]),
    )


def _in_direction(model: nn.Module, shot: Shot, direction: str, view: View) -> RawRows:
    raw = before_nms(model, shot.pixels(direction), shot.packed["data_samples"], view)
    boxes, scores = shot.in_image(raw.boxes_xyxy, raw.scores, direction)
    kept = scores >= view.score_floor
    return RawRows(boxes[kept], scores[kept], raw.labels[kept])


def _rows(image_id: int, raw: RawRows, view: View, category_ids: Sequence[int]) -> Detections:
    best = torch.argsort(raw.scores, descending=True, stable=True)[: view.max_raw_per_image]
    corners = raw.boxes_xyxy[best].double().numpy()
    corners[:, 2:] -= corners[:, :2]
    return Detections(
        image_id=np.full(len(best), image_id, dtype=np.int64),
        category_id=np.asarray(category_ids, dtype=np.int64)[raw.labels[best].numpy()],
        boxes_xywh=np.maximum(corners, [-np.inf, -np.inf, 0.0, 0.0]),
        scores=raw.scores[best].double().numpy(),
    )
