"""Context of the whole image in the features of regions."""

import math

import pytest
import torch
from batch_steps import detector_of, losses_of, predicted
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from tiny_detectors import tiny
from torch import Tensor

from trainables.modules.region_context import ContextRoIExtractor
from trainables.training import register_mmdet

OPTIONS = {
    "roi_layer": {"type": "RoIAlign", "output_size": 3, "sampling_ratio": 1},
    "out_channels": 2,
    "featmap_strides": [4, 8],
}


def features() -> tuple[Tensor, Tensor]:
    """Two levels of two images of 32 x 32 pixels."""
    draw = torch.Generator().manual_seed(0)
    return torch.rand(2, 2, 8, 8, generator=draw), torch.rand(2, 2, 4, 4, generator=draw)


def extractor() -> ContextRoIExtractor:
    register_mmdet()
    made = ContextRoIExtractor(**OPTIONS)
    made.init_weights()
    return made


ROIS = torch.tensor([[0.0, 1, 1, 9, 9], [1.0, 4, 4, 30, 30], [0.0, 2, 2, 30, 20]])


def test_training_begins_with_the_plain_features() -> None:
    assert torch.equal(extractor()(features(), ROIS), SingleRoIExtractor(**OPTIONS)(features(), ROIS))


def test_each_region_gets_the_mean_of_its_own_image() -> None:
    made = extractor()
    with torch.no_grad():
        for layer in (made.context_in, made.context_out):
            layer.weight.copy_(torch.eye(2))
    added = made(features(), ROIS) - SingleRoIExtractor(**OPTIONS)(features(), ROIS)
    means = features()[-1].mean(dim=(2, 3))
    assert torch.allclose(added, means[[0, 1, 0], :, None, None].expand(3, 2, 3, 3), atol=1e-6)


def test_an_image_without_regions_has_none() -> None:
    assert extractor()(features(), ROIS[:0]).shape == (0, 2, 3, 3)


@pytest.mark.training
@pytest.mark.parametrize("detector", ["faster_rcnn", "cascade_rcnn"])
def test_two_stage_detectors_learn_with_it_and_predict(detector: str) -> None:
    model = detector_of(detector, tiny(detector, region_context="pooled", head_samplers="ohem"))
    losses = losses_of(model)
    assert all(map(math.isfinite, losses)) and min(losses[-3:]) < losses[0]
    extractors = [one for one in model.modules() if isinstance(one, ContextRoIExtractor)]
    assert len(extractors) == (3 if detector == "cascade_rcnn" else 1)
    assert all(one.context_out.weight.abs().sum() > 0 for one in extractors)
    boxes, scores = predicted(model)
    assert len(boxes) == len(scores) > 0 and scores.isfinite().all()
