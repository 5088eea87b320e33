"""What makes more of the training images: parameters -> mmdet transforms, and what the data set must do for them.

Every part is off by default and then leaves no trace in the configuration.

Source: crops Liu et al., SSD (ECCV 2016), section 2.2; oversampling Kisantal et al., Augmentation for small object
detection (2019); rotation, translation and copies are point 17 of the competition's log.
"""

from collections.abc import Mapping, Sequence

from trainables.notation import NONE, RULE
from trainables.vectors import mean_of_one

Params = Mapping[str, object]
Transform = dict[str, object]

_HALF = 0.5


def before_resize(params: Params) -> list[Transform]:
    """Transforms in pixels of the image: pasted boxes, colours, the crop by overlap."""
    steps: list[Transform] = []
    if _number(params, "copy_paste"):
        steps.append({"type": "trainables.modules.pasted_boxes.PastedBoxes", "prob": params["copy_paste"]})
    if params["photometric"]:
        steps.append({"type": "PhotoMetricDistortion"})
    if params["crop"] == "min_iou":
        steps.append({"type": "MinIoURandomCrop"})
    return steps


def after_flip(params: Params) -> list[Transform]:
    """Transforms of the resized image; boxes that they leave less than a pixel of are not learnt from."""
    steps: list[Transform] = []
    if params["crop"] == "random":
        steps.append({"type": "RandomCrop", "crop_type": "relative_range", "crop_size": (_HALF, _HALF)})
    if _number(params, "rotate_deg"):
        steps.append({"type": "Rotate", "prob": _HALF, "max_mag": params["rotate_deg"]})
    if _number(params, "translate"):
        moved = {"prob": _HALF, "max_mag": params["translate"]}
        steps += [{"type": "TranslateX", **moved}, {"type": "TranslateY", **moved}]
    changes_boxes = bool(steps) or params["crop"] != NONE
    return [*steps, {"type": "FilterAnnotations", "min_gt_bbox_wh": (1, 1)}] if changes_boxes else []


def dataset_options(params: Params, class_weights: Sequence[float]) -> dict[str, object]:
    """What the data set must know, see `trainables.training_set.TruthDataset`.

    Args:
        params: every train-tier parameter of the image pipeline.
        class_weights: of the labels in the rule's score; empty where it weighs all alike.
    """
    options: dict[str, object] = {}
    if _number(params, "oversample_small") > 1:
        options["small_repeats"] = params["oversample_small"]
    if _number(params, "copy_paste"):
        options["donors"] = True
    if _number(params, "class_balance"):
        options["balance_threshold"] = params["class_balance"]
        if params["class_balance_by"] == RULE:
            options["balance_weights"] = mean_of_one(class_weights)
    return options


def _number(params: Params, name: str) -> float:
    return float(str(params[name]))
