"""FCOSTD's head: its auxiliary branch guides the towers, learns, and has no part in predictions."""

import pytest
import torch
from mmengine.structures import InstanceData

from trainables.modules.fcostd_head import FCOSTDHead, attended

CLASSES, CHANNELS = 3, 8
META = {"img_shape": (64, 64), "scale_factor": (1.0, 1.0)}
FOCAL = {"type": "FocalLoss", "use_sigmoid": True}
CROSS_ENTROPY = {"type": "CrossEntropyLoss", "use_sigmoid": True}


torch.set_num_threads(1)  # more wait for each other in busy loops where other processes run


def head_of(objectness: dict[str, object], width: int = 16) -> FCOSTDHead:
    torch.manual_seed(0)
    return FCOSTDHead(
        loss_objectness=objectness,
        loss_auxiliary={"type": "IoULoss"},
        num_classes=CLASSES,
        in_channels=CHANNELS,
        feat_channels=width,
        stacked_convs=1,
        strides=[8, 16],
        regress_ranges=[(-1, 32), (32, 1e8)],
        norm_cfg={"type": "GN", "num_groups": 4},
        test_cfg=None,
    )


@pytest.fixture
def head() -> FCOSTDHead:
    return head_of(FOCAL)


@pytest.fixture
def levels() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    return torch.randn(2, CHANNELS, 8, 8), torch.randn(2, CHANNELS, 4, 4)


def truth(boxes: list[list[float]]) -> InstanceData:
    return InstanceData(bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.zeros(len(boxes), dtype=torch.long))


def losses(head: FCOSTDHead, levels: tuple[torch.Tensor, ...], boxes: list[list[float]]) -> dict[str, torch.Tensor]:
    return head.loss_by_feat(*head(levels), [truth(boxes), truth([])], [META, META], None)


BOXES = [[8.0, 8.0, 40.0, 32.0], [4.0, 30.0, 60.0, 60.0]]


def test_shapes_of_a_head_that_is_wider_than_the_pyramid(head: FCOSTDHead, levels: tuple[torch.Tensor, ...]) -> None:
    shapes = [[tuple(level.shape) for level in output] for output in head.train()(levels)]
    assert shapes == [[(2, count, 8, 8), (2, count, 4, 4)] for count in (CLASSES, 4, 1, 1, 4)]


def test_a_place_that_is_surely_background_hands_on_its_plain_features() -> None:
    x = torch.randn(1, CHANNELS, 2, 2)
    assert torch.equal(attended(x, torch.full((1, 1, 2, 2), -torch.inf)), x)
    assert torch.equal(attended(x, torch.full((1, 1, 2, 2), torch.inf)), 2 * x)


def test_the_class_tower_reads_attended_features(head: FCOSTDHead, levels: tuple[torch.Tensor, ...]) -> None:
    with torch.no_grad():
        head.conv_objectness.weight.zero_()
        head.conv_objectness.bias.fill_(-torch.inf)
    expected = [head.conv_cls(head.cls_convs[0](level)) for level in levels]
    assert all(torch.equal(one, two) for one, two in zip(head(levels)[0], expected, strict=True))


def test_predictions_ignore_the_auxiliary_outputs(head: FCOSTDHead, levels: tuple[torch.Tensor, ...]) -> None:
    before = head.eval()(levels)
    with torch.no_grad():
        head.conv_auxiliary.weight.fill_(9.0)
    assert len(before) == 3
    assert all(
        torch.equal(a, b) for one, two in zip(before, head(levels), strict=True) for a, b in zip(one, two, strict=True)
    )


def test_class_scores_teach_objectness_and_boxes_the_auxiliary_feature(
    head: FCOSTDHead, levels: tuple[torch.Tensor, ...]
) -> None:
    found = losses(head, levels, BOXES)
    by_class = torch.autograd.grad(found["loss_cls"], head.conv_objectness.weight, retain_graph=True)[0]
    by_box = torch.autograd.grad(found["loss_bbox"], head.auxiliary_conv.conv.weight, retain_graph=True)[0]
    scale = torch.autograd.grad(found["loss_auxiliary"], head.scales[0].scale)[0]
    assert by_class.abs().sum() > 0 and by_box.abs().sum() > 0 and scale.abs() > 0


@pytest.mark.parametrize("objectness", [FOCAL, CROSS_ENTROPY], ids=["focal", "cross entropy"])
def test_every_loss_falls_on_a_batch(objectness: dict[str, object], levels: tuple[torch.Tensor, ...]) -> None:
    head = head_of(objectness)
    optimizer = torch.optim.Adam(head.parameters(), 0.005)
    first = losses(head, levels, BOXES)
    for _ in range(10):
        optimizer.zero_grad()
        sum(losses(head, levels, BOXES).values()).backward()
        optimizer.step()
    last = losses(head, levels, BOXES)
    assert set(last) == {"loss_cls", "loss_bbox", "loss_centerness", "loss_objectness", "loss_auxiliary"}
    assert all(last[name] < first[name] for name in ("loss_cls", "loss_bbox", "loss_objectness", "loss_auxiliary"))


def test_images_without_boxes_are_background(head: FCOSTDHead, levels: tuple[torch.Tensor, ...]) -> None:
    found = losses(head, levels, [])
    assert found["loss_auxiliary"] == 0
    assert all(loss.isfinite() for loss in found.values())
