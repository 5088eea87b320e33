"""What hooks see in a detector: the features that its heads read, where it attends, and nothing is left behind."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from batch_steps import detector_of
from tiny_detectors import tiny
from torch import nn

from trainables.looking.capturing import FeatureMap, captured
from trainables.predict import View
from trainables.raw_heads import before_nms
from trainables.shots import AS_IT_IS, ImageFile, Shot, shots

pytestmark = pytest.mark.training
VIEW = View("96x72", score_floor=0.0)
BLOCKS = {"fcostd": "gc", "faster_rcnn": "attention"}


@cache
def model_of(detector: str) -> nn.Module:
    model = detector_of(detector, tiny(detector, backbone="resnet50", backbone_blocks=BLOCKS[detector])).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bn3.weight"):
            parameter.data.fill_(1)  # zero at first: blocks add nothing, and see nothing to attend to
    return model


@cache
def shot() -> Shot:
    pixels = np.zeros((150, 200, 3), dtype=np.uint8)
    pixels[30:90, 40:120] = 230
    return next(shots(pixels, ImageFile(1, Path("drawn.png")), "96x72", "none"))


@cache
def maps_of(detector: str) -> tuple[FeatureMap, ...]:
    return tuple(captured(model_of(detector), shot(), VIEW))


@pytest.mark.parametrize("detector", BLOCKS)
def test_each_level_is_as_strong_as_what_the_heads_read(detector: str) -> None:
    model = model_of(detector)
    with torch.inference_mode():
        data = {"inputs": [shot().pixels(AS_IT_IS)], "data_samples": [shot().packed["data_samples"]]}
        levels = model.extract_feat(model.data_preprocessor(data, False)["inputs"])
    found = [one for one in maps_of(detector) if one.name.startswith("level")]
    assert len(found) == len(levels)
    for one, level in zip(found, levels, strict=True):
        assert one.values == pytest.approx(level[0].abs().mean(0).numpy())


def test_levels_lie_in_the_images_own_frame() -> None:
    # 96x72 px of 200x150 are shown, padded to 96x96.
    found = [one for one in maps_of("fcostd") if one.name.startswith("level")]
    assert [one.stride_px for one in found] == [8, 16, 32, 64, 128]
    assert found[0].values.shape == (12, 12)
    assert found[0].cell_px == pytest.approx((8 / 0.48, 8 / 0.48))


def test_objectness_has_a_map_for_each_level() -> None:
    found = [one for one in maps_of("fcostd") if one.name == "objectness"]
    assert [one.stride_px for one in found] == [8, 16, 32, 64, 128]
    assert all((one.values > 0).all() and (one.values < 1).all() for one in found)


@pytest.mark.parametrize(
    ("detector", "names"),
    [
        ("fcostd", ["global context layer2", "global context layer3", "global context layer4"]),
        ("faster_rcnn", ["attention layer3", "attention layer4"]),
    ],
)
def test_attention_of_a_place_counts_against_even_attention(detector: str, names: list[str]) -> None:
    found = [one for one in maps_of(detector) if one.name in names]
    assert [one.name for one in found] == names
    for one in found:
        assert one.values.mean() == pytest.approx(1, abs=1e-4)
        assert np.ptp(one.values) > 1e-4


@pytest.mark.parametrize("detector", BLOCKS)
def test_looking_changes_nothing(detector: str) -> None:
    model = model_of(detector)
    sample = shot().packed["data_samples"]
    with torch.inference_mode():
        before = before_nms(model, shot().pixels(AS_IT_IS), sample, VIEW)
        captured(model, shot(), VIEW)
        after = before_nms(model, shot().pixels(AS_IT_IS), sample, VIEW)
    assert torch.equal(before.boxes_xyxy, after.boxes_xyxy)
    assert torch.equal(before.scores, after.scores)
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in model.modules())
