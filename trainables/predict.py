"""Raw detections: what a detector says before any non-maximum suppression, in original-image pixels.

One pass over the images per view (test scale, flip). What is dropped here is stated with the result: rows under
`score_floor`, and rows beyond the `max_raw_per_image` best of an image. Solving NMS and cutoffs is `results.solve`'s.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.models.detectors import TwoStageDetector
from torch import Tensor, nn

from results.boxes import Detections, Images
from results.errors import InputError
from trainables.detectors.pipelines import test_pipeline
from trainables.image_faults import naming_image


@dataclass(frozen=True)
class View:
    """How a test image is shown to the detector.

    Attributes:
        scale: "1333x800", long side x short side in pixels.
        flip: whether the mirror image is predicted too; its boxes are mirrored back and join the others.
        score_floor: rows below are not kept.
        max_raw_per_image: rows kept of one image, best first.
    """

    scale: str
    flip: bool = False
    score_floor: float = 0.001
    max_raw_per_image: int = 1000

    def metadata(self) -> dict[str, str]:
        """The view as text, for the header of a file of raw detections."""
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class ImageFile:
    """An image to predict: its id in the annotation file, and where it lies."""

    image_id: int
    path: Path


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
        view: scale, flip and what is kept.
        category_ids: category id of each label.
        on_image: told how many images are done.

    Raises:
        CorruptImageError: an image cannot be read.
    """
    pipeline = Compose(test_pipeline(view.scale))
    parts: list[Detections] = []
    with torch.inference_mode():
        for done, image in enumerate(images, start=1):
            boxes, scores = predict_one(model, load_image(pipeline, image), flip=view.flip)
            parts.append(_rows(image.image_id, boxes, scores, view, category_ids))
            on_image(done)
    return Detections.concatenate(parts) if parts else Detections.empty()


def load_image(pipeline: Compose, image: ImageFile) -> dict[str, Any]:
    """An image through a test pipeline.

    Raises:
        CorruptImageError: it is missing or cannot be read.
    """
    with naming_image(image.path):
        loaded: dict[str, Any] = pipeline({"img_path": str(image.path), "img_id": image.image_id})
    return loaded


def predict_one(model: nn.Module, packed: dict[str, Any], *, flip: bool) -> tuple[Tensor, Tensor]:
    """Boxes (N, K, 4), K 1 or the classes, as xyxy in original pixels, and scores (N, C), of one image."""
    boxes, scores = _before_nms(model, packed["inputs"], packed["data_samples"])
    if not flip:
        return boxes, scores
    width_px = float(packed["data_samples"].ori_shape[1])
    mirrored_boxes, mirrored_scores = _before_nms(model, packed["inputs"].flip(-1), packed["data_samples"])
    return torch.cat([boxes, _mirrored(mirrored_boxes, width_px)]), torch.cat([scores, mirrored_scores])


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


def _mirrored(boxes: Tensor, width_px: float) -> Tensor:
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([width_px - x2, y1, width_px - x1, y2], -1)


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
