"""A detector from a configuration file: what the space sets, what the project puts in, what it refuses."""

import json
from pathlib import Path

import pytest
import torch
from tiny_config import write_tiny_config
from torch import nn

from trainables.catalogue import DETECTORS
from trainables.detectors.configured import backbone_word, conflict, model_config, optimization
from trainables.effective import TrainingData, config_hash, effective_config

STOCK = "mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py"
DEFAULTS = {name: parameter.default for name, parameter in DETECTORS["config"].train.items()}
THAWED = {"model.backbone.frozen_stages": -1, "model.backbone.norm_eval": False}


def stock(**settings: object) -> dict[str, object]:
    return {**DEFAULTS, "config": STOCK, **THAWED, **settings}


def test_every_head_counts_the_classes() -> None:
    heads = model_config(stock(), 7)["roi_head"]["bbox_head"]
    assert [head["num_classes"] for head in heads] == [7, 7, 7]


def test_a_region_proposal_head_tells_objects_from_background_alone() -> None:
    model = model_config(
        {**DEFAULTS, "config": "mmdet::fcos/../faster_rcnn/faster-rcnn_r50_fpn_fcos-rpn_1x_coco.py"}, 7
    )
    assert model["rpn_head"]["num_classes"] == 1
    assert model["roi_head"]["bbox_head"]["num_classes"] == 7


def test_nothing_loads_weights_by_itself() -> None:
    assert "checkpoint" not in json.dumps(model_config(stock(), 7))


def test_the_space_reaches_every_part() -> None:
    keys = {
        "model.rpn_head.anchor_generator.scales": "[4, 8]",
        "model.train_cfg.rcnn.1.assigner.pos_iou_thr": 0.55,
        "model.neck.norm_cfg": '{"type": "GN", "num_groups": 8}',
    }
    with pytest.raises(KeyError):
        model_config(stock(**{"model.absent.key": 1}), 7)
    keys.pop("model.neck.norm_cfg")
    params = stock(**keys, **{"optim_wrapper.optimizer.lr": 0.5, "param_scheduler.1.milestones": "[3]"})
    model = model_config(params, 7)
    assert model["rpn_head"]["anchor_generator"]["scales"] == [4, 8]
    assert [one["assigner"]["pos_iou_thr"] for one in model["train_cfg"]["rcnn"]] == [0.5, 0.55, 0.7]
    assert optimization(params)["optim_wrapper"]["optimizer"]["lr"] == 0.5
    assert optimization(params)["param_scheduler"][1]["milestones"] == [3]


def test_one_space_leaves_the_next_as_it_was() -> None:
    model_config(stock(**{"model.rpn_head.anchor_generator.scales": "[4]"}), 3)
    assert model_config(stock(), 7)["rpn_head"]["anchor_generator"]["scales"] == [8]


def test_the_effective_configuration_is_the_files_with_our_data() -> None:
    data = TrainingData("train.json", "images", (2, 5), ("a", "b"))
    built = effective_config("config", stock(epochs=3, batch_size=4), data, seed=1)
    assert built["train_cfg"] == {"type": "EpochBasedTrainLoop", "max_epochs": 3}
    assert built["train_dataloader"]["dataset"]["category_ids"] == [2, 5]
    assert built == json.loads(json.dumps(built)) | {"train_dataloader": built["train_dataloader"]}
    assert config_hash(built) != config_hash(effective_config("config", stock(epochs=4, batch_size=4), data, seed=1))


def test_a_configuration_that_starts_from_frozen_weights_wants_them() -> None:
    frozen = conflict({**DEFAULTS, "config": STOCK})
    assert frozen is not None and "model.backbone.frozen_stages and model.backbone.norm_eval" in frozen
    assert conflict(stock()) is None
    assert conflict({**DEFAULTS, "config": STOCK, "init": "start.pth"}) is None
    assert backbone_word(stock()) == "ResNet-50"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py", "mask_roi_extractor learns from masks"),
        ("mmdet::paa/paa_r50_fpn_1x_coco.py", "raw detections are not taken from PAA; take one of: two-stage"),
        ("mmdet::yolact/yolact_r50_1xb8-55e_coco.py", "raw detections are not taken from YOLACT"),
    ],
)
def test_what_cannot_be_trained_here_is_refused(file: str, words: str) -> None:
    fault = conflict({**DEFAULTS, "config": file, **THAWED})
    assert fault is not None and words in fault


def test_an_eps_that_torch_refuses_is_told() -> None:
    file = "mmdet::nas_fcos/nas-fcos_r50-caffe_fpn_fcoshead-gn-head_4xb4-1x_coco.py"
    params = {**DEFAULTS, "config": file, **THAWED}
    fault = conflict(params)
    assert fault is not None and fault.endswith("; set model.backbone.norm_cfg.eps to 1e-5")
    assert conflict({**params, "model.backbone.norm_cfg.eps": 1e-5}) is None
    with pytest.raises(ValueError, match="eps must be positive"):
        nn.BatchNorm1d(2, eps=0)(torch.zeros(4, 2))


@pytest.mark.parametrize(
    "setting",
    [
        {"model.backbone.type": "os.system"},
        {"model.backbone.type": "mmdet.ResNet"},
        {"model.backbone.type": "antigravity"},
        {"optim_wrapper.constructor": "os.system"},
        {"model.neck": '{"type": "subprocess.Popen", "args": ["true"]}'},
        {"model.roi_head.bbox_head": '[{"loss_cls": {"type": "os.system"}}]'},
        {"param_scheduler": '[{"type": "this"}]'},
    ],
)
def test_no_setting_names_code(setting: dict[str, object]) -> None:
    fault = conflict(stock(**setting))
    assert fault is not None and "by its registered word" in fault


@pytest.mark.parametrize("more", ["model['pretrained_file'] = 'x.pth'\n", "model['teacher_ckpt'] = 'https://a/b'\n"])
def test_no_other_way_to_load_weights_is_left(tmp_path: Path, more: str) -> None:
    fault = conflict({**DEFAULTS, "config": str(write_tiny_config(tmp_path, more))})
    assert fault is not None and "loads no weights by itself" in fault


@pytest.mark.parametrize(
    "file",
    [
        "fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py",
        "rtmdet/rtmdet_tiny_8xb32-300e_coco.py",
        "dino/dino-4scale_r50_8xb2-12e_coco.py",
    ],
)
def test_detectors_without_region_proposals_are_taken(file: str) -> None:
    params = {**DEFAULTS, "config": f"mmdet::{file}", "init": "start.pth"}
    assert conflict(params) is None
    assert model_config(params, 7)["bbox_head"]["num_classes"] == 7


def test_registered_words_may_be_searched() -> None:
    assert conflict(stock(**{"model.roi_head.bbox_roi_extractor.type": "GenericRoIExtractor"})) is None
