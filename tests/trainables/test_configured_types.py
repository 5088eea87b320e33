"""Every type of detector that `detector: config` takes without region proposals, from a file that ships with mmdet.

Each is made smaller by what a space may set, takes steps, and says before NMS what mmdet says after it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mmdet_parity import agree, spread
from mmengine.runner import Runner
from tiny_detectors import tiny_data
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from results.boxes import truth_from_coco
from trainables.batch_statistics import estimate_statistics
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.detectors.configured import DENSE, SETS, conflict
from trainables.device_needs import check_device
from trainables.effective import effective_config
from trainables.predict import ImageFile, View, image_files
from trainables.training import Course, Place, train, use_threads

pytestmark = pytest.mark.slow
SCALE, FLOOR = "128x96", 1e-7
EPS = "model.backbone.norm_cfg.eps"
Settings = Mapping[str, object]

THAWED: Settings = {"model.backbone.frozen_stages": -1, "model.backbone.norm_eval": False}
SMALL: Settings = {"model.backbone.depth": 18, "model.backbone.base_channels": 16, "model.backbone.stem_channels": 16}
PYRAMID: Settings = {**THAWED, **SMALL, "model.neck.in_channels": "[16, 32, 64, 128]"}
LAST: Settings = {**THAWED, **SMALL, "model.neck.in_channels": "[128]"}
THREE: Settings = {**THAWED, **SMALL, "model.neck.in_channels": "[32, 64, 128]"}
# A deformable convolution needs three cells of the coarsest level.
THREE_LEVELS: Settings = {
    "model.neck.num_outs": 3,
    "model.bbox_head.anchor_generator.strides": "[8, 16, 32]",
}
SHALLOW: Settings = {"model.encoder.num_layers": 1, "model.decoder.num_layers": 2, "model.num_queries": 20}

FILES: Mapping[str, tuple[str, Settings]] = {
    "ATSS": ("atss/atss_r50_fpn_1x_coco", PYRAMID),
    "AutoAssign": ("autoassign/autoassign_r50-caffe_fpn_1x_coco", {**PYRAMID, "model.backbone.style": "pytorch"}),
    "DDOD": ("ddod/ddod_r50_fpn_1x_coco", {**PYRAMID, **THREE_LEVELS}),
    "FCOS": ("fcos/fcos_r50-caffe_fpn_gn-head_1x_coco", {**PYRAMID, "model.backbone.style": "pytorch"}),
    "FOVEA": ("foveabox/fovea_r50_fpn_4xb4-1x_coco", PYRAMID),
    "FSAF": ("fsaf/fsaf_r50_fpn_1x_coco", PYRAMID),
    "GFL": ("gfl/gfl_r50_fpn_1x_coco", PYRAMID),
    "NASFCOS": ("nas_fcos/nas-fcos_r50-caffe_fpn_fcoshead-gn-head_4xb4-1x_coco", {**PYRAMID, EPS: 1e-5}),
    "RepPointsDetector": ("reppoints/reppoints-moment_r50_fpn_1x_coco", PYRAMID),
    "RetinaNet": ("retinanet/retinanet_r50_fpn_1x_coco", PYRAMID),
    "RTMDet": ("rtmdet/rtmdet_tiny_8xb32-300e_coco", {}),
    "SingleStageDetector": ("ssd/ssdlite_mobilenetv2-scratch_8xb24-600e_coco", {}),
    "TOOD": ("tood/tood_r50_fpn_1x_coco", PYRAMID),
    "VFNet": ("vfnet/vfnet_r50_fpn_1x_coco", PYRAMID),
    "YOLOF": ("yolof/yolof_r50-c5_8xb8-1x_coco", {**LAST, "model.neck.in_channels": 128}),
    "YOLOV3": ("yolo/yolov3_mobilenetv2_8xb24-320-300e_coco", {}),
    "YOLOX": ("yolox/yolox_tiny_8xb8-300e_coco", {}),
    "DETR": ("detr/detr_r50_8xb2-150e_coco", {**LAST, **SHALLOW}),
    "ConditionalDETR": ("conditional_detr/conditional-detr_r50_8xb2-50e_coco", {**LAST, **SHALLOW}),
    "DABDETR": ("dab_detr/dab-detr_r50_8xb2-50e_coco", {**LAST, **SHALLOW}),
    "DeformableDETR": ("deformable_detr/deformable-detr-refine-twostage_r50_16xb2-50e_coco", {**THREE, **SHALLOW}),
    "DINO": ("dino/dino-4scale_r50_8xb2-12e_coco", {**THREE, **SHALLOW}),
}


@pytest.fixture(scope="module")
def image(tiny_dataset: Path) -> ImageFile:
    val = load_dataset(tiny_dataset).val
    return image_files(truth_from_coco(val.annotations).images, val.images)[0]


class Silent:
    """An observer; nothing is looked at on the way."""

    def resumed(self, model: nn.Module, epoch: int) -> None:
        """Nothing."""

    def iteration(self) -> None:
        """Nothing."""

    def rung(self, runner: Runner, epoch: int) -> None:
        """Nothing."""


def configuration(kind: str, dataset: Path) -> dict[str, Any]:
    file, settings = FILES[kind]
    defaults = {name: parameter.default for name, parameter in DETECTORS["config"].train.items()}
    short = {"train_scale": SCALE, "batch_size": 4, "epochs": 1, "config": f"mmdet::{file}.py"}
    params = {**defaults, **short, **settings}
    assert conflict(params) is None
    return effective_config("config", params, tiny_data(dataset), seed=0)


def test_every_type_that_is_taken_has_a_file() -> None:
    assert set(FILES) == {*DENSE, *SETS}


@pytest.mark.parametrize("kind", FILES)
def test_it_trains_on_a_cpu_and_says_before_its_nms_what_mmdet_says_after(
    kind: str, tiny_dataset: Path, image: ImageFile, tmp_path: Path
) -> None:
    config = configuration(kind, tiny_dataset)
    check_device(config, on_gpu=False)
    use_threads(1)
    model: Any = train(config, Place(tmp_path), Course((1,), Silent()))  # a loss that is no number ends it
    assert type(model).__name__ == kind
    if kind == "RTMDet":
        estimate_statistics(model, config)  # it would say nothing with those of three steps
    if kind == "SingleStageDetector":
        spread(model).bbox_head.loss_cls = None  # without it mmdet 3.5's own SSD does not predict
    # mmdet drops rows by one factor of their score; and takes more boxes than so few queries have.
    model.bbox_head.test_cfg.update(score_thr=FLOOR**2, conf_thr=0.0, nms_pre=100_000)
    if kind in SETS:
        model.bbox_head.test_cfg.max_per_img = model.num_queries
    agree(model, image, View(SCALE, score_floor=FLOOR, max_raw_per_image=1_000_000))
    assert estimate_statistics(model, config) == any(isinstance(one, _BatchNorm) for one in model.modules())
