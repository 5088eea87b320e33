"""A mean teacher: the configuration of a training on labelled images -> of one that learns from unlabelled ones too.

With `teacher: none` nothing is changed and nothing is left in the configuration.

Source: Tarvainen and Valpola, Mean teachers are better role models (NeurIPS 2017); for Faster R-CNN Xu et al.,
End-to-end semi-supervised object detection with soft teacher (ICCV 2021); mmdet/configs/soft_teacher and
mmdet/configs/_base_/datasets/semi_coco_detection.py for the views of an image.
"""

from collections.abc import Mapping
from typing import Any

from trainables.detectors.pipelines import LOAD, flipped, train_resize
from trainables.notation import NONE
from trainables.options.teacher import MEAN

Params = Mapping[str, object]
Config = dict[str, Any]
Transform = dict[str, object]

_MODULE = "trainables.modules.mean_teacher"
_META = ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor", "homography_matrix")
_COLOURS = ("AutoContrast", "Equalize", "Sharpness", "Posterize", "Solarize", "Color", "Contrast", "Brightness")


def is_taught(params: Params) -> bool:
    """Whether a detector's parameters ask for a teacher."""
    return params.get("teacher", NONE) == MEAN


def taught(config: Mapping[str, Any], params: Params, unlabelled: Mapping[str, object]) -> Config:
    """The configuration with a teacher.

    Args:
        config: the effective configuration without one.
        params: of the catalogue.
        unlabelled: `image_list`, `images` and, where it is so, `allow_damaged`, see `trainables.unlabelled_set`.
    """
    detector, loader = config["model"], config["train_dataloader"]
    dataset = {
        **loader["dataset"],
        "type": "trainables.unlabelled_set.WithUnlabelled",
        "unlabelled": {
            **unlabelled,
            "per_image": params["unlabelled_per_image"],
            "pipeline": [dict(LOAD), {"type": "LoadEmptyAnnotations"}, {"type": "MultiBranch", **_views(params)}],
        },
    }
    model = {
        "type": f"{_MODULE}.{'SoftMeanTeacher' if _has_one_stock_head(detector) else 'MeanTeacher'}",
        "detector": detector,
        "data_preprocessor": {
            "type": "trainables.modules.branches.BranchPreprocessor",
            "data_preprocessor": detector["data_preprocessor"],
        },
        "least_score": params["teacher_score"],
        "unlabelled_weight": params["unlabelled_weight"],
    }
    hook = {"type": f"{_MODULE}.TeacherHook", "momentum": params["teacher_momentum"]}
    return {
        **config,
        "model": model,
        "train_dataloader": {**loader, "dataset": dataset},
        "custom_hooks": [*config.get("custom_hooks", ()), hook],
    }


def _has_one_stock_head(detector: Config) -> bool:
    """Whether a detector is what Soft Teacher is made for: it takes the head's targets and losses apart."""
    head = detector.get("roi_head", {}).get("bbox_head", {})
    return isinstance(head, Mapping) and head.get("type") == "Shared2FCBBoxHead"


def _views(params: Params) -> Config:
    """The teacher sees an image as it is but for scale and flip; the student in other colours and with patches gone."""
    teacher, student = "unsup_teacher", "unsup_student"
    pack = {"type": "PackDetInputs", "meta_keys": _META}
    return {
        "branch_field": [teacher, student],
        teacher: [*_seen(params), dict(pack)],
        student: [*_seen(params), *_changed(), dict(pack)],
    }


def _seen(params: Params) -> list[Transform]:
    return [train_resize(str(params["train_scale"])), *flipped(str(params["flip"]))]


def _changed() -> list[Transform]:
    colours = [[{"type": kind}] for kind in _COLOURS]
    return [
        {"type": "RandAugment", "aug_space": colours, "aug_num": 1},
        {"type": "RandomErasing", "n_patches": (1, 5), "ratio": (0, 0.2)},
    ]
