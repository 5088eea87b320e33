"""Deformable DETR: mmdet's stock one by default, and every option of it builds, learns and predicts."""

import math
from functools import cache
from pathlib import Path

import mmdet
import pytest
import torch
from batch_steps import DATA, SIDE_PX, detector_of, drawn_image, losses_of
from mmengine.config import Config
from tiny_detectors import tiny

from trainables.catalogue import DETECTORS
from trainables.detectors.optimization import optimization
from trainables.effective import MODEL_CONFIGS, effective_config
from trainables.modules.level_mapper import LevelMapper
from trainables.predict import View
from trainables.proof.building import built
from trainables.proof.description import Description
from trainables.raw_heads import before_nms

NAME = "deformable_detr"
SHIPPED = Path(mmdet.__path__[0]) / ".mim" / "configs" / NAME
DEFAULTS = {name: parameter.default for name, parameter in DETECTORS[NAME].train.items()}
REFINED = {"box_refine": True}
TWO_STAGE = {**REFINED, "embed_dims": 256, "two_stage": True}
OPTIONS: list[dict[str, object]] = [
    REFINED,
    TWO_STAGE,
    {"queries": 7},
    {"feature_levels": 1},
    {"feature_levels": 5},
    {"fpn_start_level": 0},
    {"encoder_layers": 2},
    {"decoder_layers": 1},
    {"embed_dims": 48},
    {"attention_heads": 2},
    {"feedforward_channels": 32},
    {"dropout": 0.3},
    {"focal_gamma": 1.0},
    {"focal_alpha": 0.5},
    {"class_cost": 1.0},
    {"box_cost": 1.0},
    {"giou_cost": 1.0},
    {"backbone_lr_factor": 1.0},
    {"sampling_lr_factor": 1.0},
    {"class_weights": "rule"},
]
LEARN = [
    REFINED,
    TWO_STAGE,
    {"feature_levels": 1},
    {"feature_levels": 5},
    {"fpn_start_level": 0},
    {"class_weights": "rule"},
]


def named(option: dict[str, object]) -> str:
    return "-".join(f"{key}={value}" for key, value in option.items())


def with_class_defaults(model: Config) -> Config:
    """What mmdet's file leaves to defaults of its classes, written out as this project writes it."""
    attention = {"num_heads": 8, "num_levels": 4, "dropout": 0.1}
    model.encoder.layer_cfg.self_attn_cfg.update(attention)
    model.decoder.layer_cfg.cross_attn_cfg.update(attention)
    model.bbox_head.embed_dims = 256
    model.train_cfg.assigner.match_costs[0].update(gamma=2.0, alpha=0.25)
    return model


def test_the_defaults_are_stock() -> None:
    ours = Config(MODEL_CONFIGS[NAME](DEFAULTS, 80))
    mmdets = with_class_defaults(Config.fromfile(SHIPPED / "deformable-detr_r50_16xb2-50e_coco.py").model)
    own = {"type", "in_channels", "start_level"}
    assert {key: value for key, value in ours.neck.items() if key not in own} == {
        key: value for key, value in mmdets.neck.items() if key not in own
    }
    assert ours.neck.in_channels[ours.neck.start_level :] == mmdets.neck.in_channels
    different = {"backbone", "neck"}
    assert {key: value for key, value in ours.items() if key not in different} == {
        key: value for key, value in mmdets.items() if key not in different
    }


def test_the_schedule_is_stock() -> None:
    ours = Config(optimization(DEFAULTS))
    mmdets = Config.fromfile(SHIPPED / "deformable-detr_r50_16xb2-50e_coco.py")
    assert ours.optim_wrapper == mmdets.optim_wrapper
    assert [ours.param_scheduler[0][key] for key in ("type", "milestones", "gamma")] == ["MultiStepLR", [40], 0.1]
    assert (DEFAULTS["epochs"], len(ours.param_scheduler)) == (mmdets.max_epochs, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"embed_dims": 100}, "embed_dims (100) is a multiple of 4 and of attention_heads (8)"),
        ({"embed_dims": 18, "attention_heads": 2}, "is a multiple of 4"),
        ({"two_stage": True}, "write box_refine: true"),
        ({**TWO_STAGE, "embed_dims": 128}, "write embed_dims: 256"),
        ({**TWO_STAGE, "train_scale": "96x72|640x480"}, "(300) at places, of which the smallest train_scale has 151"),
        ({"dcn": "v1", "backbone": "resnet18"}, "resnet18 goes with dcn none"),
    ],
)
def test_values_that_do_not_go_together(changes: dict[str, object], words: str) -> None:
    fault = DETECTORS[NAME].combination_fault({**DEFAULTS, **changes})
    assert fault is not None and words in fault and "; " in fault


def test_two_stages_go_with_enough_places() -> None:
    assert DETECTORS[NAME].combination_fault({**DEFAULTS, **TWO_STAGE}) is None


def test_levels_are_the_stages_that_are_wanted_and_what_they_lack() -> None:
    stages = [torch.zeros(1, width, side, side) for width, side in ((4, 16), (8, 8), (16, 4), (32, 2))]
    for start, count, sides in ((0, 2, [16, 8]), (1, 3, [8, 4, 2]), (1, 5, [8, 4, 2, 1, 1])):
        levels = LevelMapper([4, 8, 16, 32], start, count, out_channels=6)(stages)
        assert [tuple(level.shape) for level in levels] == [(1, 6, side, side) for side in sides]


@cache
def description(*option: tuple[str, object]) -> Description:
    with built(effective_config(NAME, tiny(NAME, **dict(option)), DATA, seed=0)) as found:
        return found.describe()


@pytest.mark.training
@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_each_option_changes_what_is_built(option: dict[str, object]) -> None:
    *beside, changed = option.items()
    assert description(*beside, changed).built != description(*beside).built


@pytest.mark.training
@pytest.mark.parametrize("option", LEARN, ids=named)
def test_options_that_change_the_network_learn_one_batch_and_predict(option: dict[str, object]) -> None:
    params = tiny(NAME, **option)
    model = detector_of(NAME, params)
    losses = losses_of(model)
    assert all(math.isfinite(loss) for loss in losses)
    assert min(losses[-3:]) < losses[0]
    pixels, sample = drawn_image(0)
    with torch.inference_mode():
        raw = before_nms(model.eval(), pixels, sample, View("96x96", score_floor=0.0))
    assert len(raw.scores) == int(str(params["queries"])) * len(DATA.category_ids)
    assert raw.scores.min() >= 0 and raw.scores.max() <= 1
    assert raw.boxes_xyxy.min() >= 0 and raw.boxes_xyxy.max() <= SIDE_PX


@pytest.mark.training
def test_parts_of_the_model_learn_at_rates_of_their_own() -> None:
    config = effective_config(NAME, tiny(NAME, lr=0.002), DATA, seed=0)
    with built(config) as found:
        names = {id(weights): name for name, weights in found.runner.model.named_parameters()}
        groups = found.runner.optim_wrapper.optimizer.param_groups
        rates = {names[id(weights)]: group["initial_lr"] for group in groups for weights in group["params"]}
    slow = {name for name, rate in rates.items() if rate == pytest.approx(0.0002)}
    assert slow == {name for name in rates if any(word in name for word in ("backbone", "sampling_", "reference_"))}
    assert {rate for name, rate in rates.items() if name not in slow} == {0.002}
    assert set(rates) == set(names.values())
