"""Image pipelines: train scale, flips and the test-time resize, as mmdet transforms.

How scales are written is `trainables.notation`'s; what mmdet makes of them is this module's.
"""

from collections.abc import Mapping

from trainables.detectors.augmenting import after_flip, before_resize
from trainables.notation import NONE, parse_scale, parse_train_scales

Transform = dict[str, object]

# A grey image gets three equal channels, one of 16 bits loses the lower eight: detectors see what they were made for.
LOAD: Transform = {"type": "LoadImageFromFile", "backend_args": None}

_FLIPS: Mapping[str, dict[str, object]] = {
    "horizontal": {"prob": 0.5, "direction": "horizontal"},
    "vertical": {"prob": 0.5, "direction": "vertical"},
    "both": {"prob": [0.25, 0.25], "direction": ["horizontal", "vertical"]},
}


def train_pipeline(params: Mapping[str, object]) -> list[Transform]:
    """Transforms of a training image, from file to packed inputs.

    Args:
        params: every train-tier parameter of the image pipeline.

    Source: mmdet/configs/ssd/ssd300_coco.py for the place of the min-IoU crop, before the resize.
    """
    return [
        dict(LOAD),
        {"type": "LoadAnnotations", "with_bbox": True},
        *before_resize(params),
        train_resize(str(params["train_scale"])),
        *flipped(str(params["flip"])),
        *after_flip(params),
        {"type": "PackDetInputs"},
    ]


def test_pipeline(scale: str) -> list[Transform]:
    """Transforms of a test image at one scale; views such as flips are the predictor's."""
    return [dict(LOAD), *loaded_pipeline(scale)]


def loaded_pipeline(scale: str) -> list[Transform]:
    """The same for an image, or a part of one, whose pixels are there."""
    meta = ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")
    return [
        {"type": "Resize", "scale": _pair_px(scale), "keep_ratio": True},
        {"type": "PackDetInputs", "meta_keys": meta},
    ]


def flipped(flip: str) -> list[Transform]:
    """The transform that mirrors at random, or none."""
    return [] if flip == NONE else [{"type": "RandomFlip", **_FLIPS[flip]}]


def train_resize(text: str) -> Transform:
    """The transform that fits an image into a training scale."""
    scales = parse_train_scales(text)
    pairs = [(scale.width_px, scale.height_px) for scale in scales.scales]
    if scales.is_range:
        return {"type": "RandomResize", "scale": pairs, "keep_ratio": True}
    if len(pairs) > 1:
        return {"type": "RandomChoiceResize", "scales": pairs, "keep_ratio": True}
    return {"type": "Resize", "scale": pairs[0], "keep_ratio": True}


def _pair_px(text: str) -> tuple[int, int]:
    scale = parse_scale(text)
    return scale.width_px, scale.height_px
