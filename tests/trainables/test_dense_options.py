"""Every option of dense heads: it takes effect, its loss falls on one batch, and it predicts."""

import math
from functools import cache

import pytest
import torch
from batch_steps import DATA, detector_of, drawn_image, losses_of
from tiny_detectors import tiny

from trainables.effective import effective_config
from trainables.modules.class_weighted_focal import ClassWeightedFocalLoss
from trainables.predict import View
from trainables.proof.building import built
from trainables.proof.description import Description
from trainables.raw_heads import before_nms

pytestmark = pytest.mark.training

OPTIONS: list[tuple[str, dict[str, object]]] = [
    *(("fcos", {"box_loss": word}) for word in ("giou", "diou", "ciou")),
    ("fcos", {"class_weights": "rule"}),
    ("fcostd", {"class_weights": "rule", "box_loss": "giou"}),
    *(("retinanet", {"box_loss": word}) for word in ("smooth_l1", "balanced_l1", "iou", "giou", "diou", "ciou")),
    ("retinanet", {"class_weights": "rule"}),
    ("reppoints", {"class_weights": "rule"}),
]


def named(value: object) -> str:
    return "-".join(f"{key}={one}" for key, one in value.items()) if isinstance(value, dict) else str(value)


@cache
def description(detector: str, *option: tuple[str, object]) -> Description:
    with built(effective_config(detector, tiny(detector, **dict(option)), DATA, seed=0)) as found:
        return found.describe()


@pytest.mark.parametrize(("detector", "option"), OPTIONS, ids=named)
def test_each_dense_option_changes_what_is_built(detector: str, option: dict[str, object]) -> None:
    *beside, changed = option.items()
    assert description(detector, *beside, changed).built != description(detector, *beside).built


@pytest.mark.parametrize(("detector", "option"), OPTIONS, ids=named)
def test_each_dense_option_learns_one_batch_and_predicts(detector: str, option: dict[str, object]) -> None:
    model = detector_of(detector, tiny(detector, **option))
    losses = losses_of(model)
    assert all(math.isfinite(loss) for loss in losses)
    assert min(losses[-3:]) < losses[0]
    pixels, sample = drawn_image(0)
    with torch.inference_mode():
        raw = before_nms(model.eval(), pixels, sample, View("96x96", score_floor=0.0))
    assert len(raw.scores) > 0 and raw.scores.min() >= 0 and raw.scores.max() <= 1
    assert set(raw.labels.tolist()) == {0, 1}


def test_a_class_weighs_its_own_column_alone() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 2), torch.tensor([0, 1, 2, 2, 0, 1])  # 2 is the background
    per_place = torch.tensor([1.0, 0.5, 1.0, 0.0, 2.0, 1.0])
    both = ClassWeightedFocalLoss(class_weight=[3.0, 0.5])(logits, labels, per_place, avg_factor=2.0)
    first = ClassWeightedFocalLoss(class_weight=[1.0, 0.0])(logits, labels, per_place, avg_factor=2.0)
    second = ClassWeightedFocalLoss(class_weight=[0.0, 1.0])(logits, labels, per_place, avg_factor=2.0)
    plain = ClassWeightedFocalLoss()(logits, labels, per_place, avg_factor=2.0)
    torch.testing.assert_close(both, 3.0 * first + 0.5 * second)
    torch.testing.assert_close(plain, first + second)
