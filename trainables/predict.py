"""Raw detections: what a detector says before any non-maximum suppression, in original-image pixels.

One pass over the images per view. Where a view shows an image more than once (scales, mirrorings, tiles) its rows are
those of all showings, which the NMS of the post tier merges, as mmdet's own test-time augmentation does. What is
dropped is stated with the result: rows under `score_floor`, and beyond the `max_raw_per_image` best of an image.
Solving NMS and cutoffs is `results.solve`'s.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.models.detectors import TwoStageDetector
from torch import Tensor, nn

from results.boxes import Detections, Images
from results.errors import InputError
from trainables.notation import NONE
from trainables.options.predict import telling
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
    """

    scale: str
    flip: bool = False
    score_floor: float = 0.001
    max_raw_per_image: int = 1000
    flip_vertical: bool = False
    tiles: str = NONE
    average: str = NONE

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
        model: a two-stage detector in evaluation mode.
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
            boxes, scores = predict_shots(model, view.shots_of(image), view.directions())
            parts.append(_rows(image.image_id, boxes, scores, view, category_ids))
            on_image(done)
    return Detections.concatenate(parts) if parts else Detections.empty()


def predict_shots(model: nn.Module, taken: Sequence[Shot], directions: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Boxes (N, K, 4), K 1 or the classes, as xyxy in original pixels, and scores (N, C), of one image's shots."""
    found: list[tuple[Tensor, Tensor]] = []
    for shot in taken:
        for direction in directions:
            boxes, scores = _before_nms(model, shot.pixels(direction), shot.packed["data_samples"])
            found.append(shot.in_image(boxes, scores, direction))
    boxes_of, scores_of = zip(*found, strict=True)
    return torch.cat(boxes_of), torch.cat(scores_of)


def _before_nms(model: nn.Module, pixels: Tensor, sample: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(model, TwoStageDetector):
        raise InputError(
            "raw detections are taken from two-stage detectors",
            type(model).__name__,
            "choose cascade_rcnn; other heads come with their detectors",
        )
    data = model.data_preprocessor({"inputs": [pixels], "data_samples": [sample]}, False)
    features = model.extract_feat(data["inputs"])
    proposals = model.rpn_head.predict(features, data["data_samples"], rescale=False)
    metas = [one.metainfo for one in data["data_samples"]]
    result = model.roi_head.predict_bbox(features, metas, proposals, rcnn_test_cfg=None, rescale=True)[0]
    boxes = result.bboxes.float().cpu().reshape(len(result.bboxes), -1, 4)
    return boxes, result.scores[:, :-1].float().cpu()  # the last column is the background


def _rows(image_id: int, boxes: Tensor, scores: Tensor, view: View, category_ids: Sequence[int]) -> Detections:
    roi, label = torch.nonzero(scores >= view.score_floor, as_tuple=True)
    values = scores[roi, label]
    best = torch.argsort(values, descending=True, stable=True)[: view.max_raw_per_image]
    roi, label, values = roi[best], label[best], values[best]
    column = label if boxes.shape[1] > 1 else torch.zeros_like(label)  # one box for all classes, or one for each
    corners = boxes[roi, column].double().numpy()
    corners[:, 2:] -= corners[:, :2]
    return Detections(
        image_id=np.full(len(values), image_id, dtype=np.int64),
        category_id=np.asarray(category_ids, dtype=np.int64)[label.numpy()],
        boxes_xywh=np.maximum(corners, [-np.inf, -np.inf, 0.0, 0.0]),
        scores=values.double().numpy(),
    )
