"""The IoU branch: what teaches it, that it learns, how it joins the scores, and that both of its keys are proved."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from batch_steps import DATA, detector_of, drawn_image, losses_of
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.structures.bbox import bbox_overlaps
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from tiny_detector import POST
from tiny_detectors import tiny
from torch import Tensor, nn

from results.boxes import read_detections, truth_from_coco
from results.layout import TrialLayout
from results.rules import load_rule
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.jobs import TrialJob
from trainables.modules.iou_scores import joined, lowest_score
from trainables.predict import View, image_files
from trainables.proof.mmdet_bench import MmdetBench
from trainables.proof.verdicts import effects_between
from trainables.raw_heads import RawRows, before_nms
from trainables.trained import load_trial
from trainables.trial import run_trial

pytestmark = pytest.mark.training
AWARE = tuple(name for name, one in DETECTORS.items() if "iou_branch" in one.train)
DENSE = ("fcos", "fcostd", "retinanet", "freeanchor")
TRUTH = torch.tensor([[10.0, 6.0, 50.0, 40.0]])
META = {"img_shape": (64, 64), "pad_shape": (64, 64), "scale_factor": (1.0, 1.0)}


def test_dense_heads_and_heads_on_regions_have_it() -> None:
    assert set(AWARE) == {*DENSE, "cascade_rcnn", "faster_rcnn"}


@pytest.fixture(scope="module", params=AWARE)
def detector(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(detector: str) -> nn.Module:
    return detector_of(detector, tiny(detector, iou_branch=True))


def head_of(model: Any) -> Any:
    if not hasattr(model, "roi_head"):
        return model.bbox_head
    heads = model.roi_head.bbox_head
    return heads[-1] if isinstance(heads, nn.ModuleList) else heads


def layer_of(model: nn.Module) -> Any:
    head = head_of(model)
    return head.fc_iou if hasattr(head, "fc_iou") else head.conv_iou


class Spy(nn.Module):
    """Stands for the loss and keeps the targets."""

    def forward(self, logits: Tensor, targets: Tensor, avg_factor: float) -> Tensor:
        self.targets, self.averaged = targets, avg_factor
        return logits.sum()


def targets_of_dense(detector: str, zeroed: str, bias: float, **more: object) -> tuple[list[Tensor], Spy]:
    """What teaches a dense head whose boxes all come from a constant output, and the priors of its levels."""
    head = head_of(detector_of(detector, tiny(detector, iou_branch=True, **more))).train()
    nn.init.zeros_(getattr(head, zeroed).weight)
    nn.init.constant_(getattr(head, zeroed).bias, bias)
    head.loss_iou = spy = Spy()
    levels = tuple(torch.randn(1, 16, side, side) for side in (8, 4, 2, 1, 1))
    head.loss_by_feat(*head(levels), [InstanceData(bboxes=TRUTH, labels=torch.tensor([1]))], [META], [None])
    return head.prior_generator.grid_priors([level.shape[-2:] for level in levels], device="cpu"), spy


@pytest.mark.parametrize("detector", ["fcos", "fcostd"])
def test_places_learn_the_iou_of_their_box_with_its_truth(detector: str) -> None:
    priors, spy = targets_of_dense(detector, "conv_reg", 3.0)
    reach = torch.tensor(3.0).exp()
    # The truth's far side is at most 64 px away from a place in it, which the first level answers for.
    places = priors[0]
    inside = places[(places > TRUTH[0, :2]).all(1) & (places < TRUTH[0, 2:]).all(1)]
    expected = bbox_overlaps(torch.cat([inside - reach, inside + reach], 1), TRUTH).squeeze(1)
    assert len(expected) == spy.averaged > 10
    assert torch.allclose(spy.targets, expected, atol=1e-5)


@pytest.mark.parametrize("loss", ["l1", "giou"])
def test_anchors_that_are_objects_learn_theirs(loss: str) -> None:
    priors, spy = targets_of_dense("retinanet", "retina_reg", 0.0, box_loss=loss)
    ious = bbox_overlaps(torch.cat(priors), TRUTH).squeeze(1)
    assert torch.allclose(spy.targets, ious[ious >= 0.5], atol=1e-5)
    assert len(spy.targets) > 3


def test_every_anchor_of_a_bag_learns_its_own() -> None:
    priors, spy = targets_of_dense("freeanchor", "retina_reg", 0.0)
    ious = bbox_overlaps(torch.cat(priors), TRUTH).squeeze(1)
    assert torch.allclose(spy.targets.sort().values, ious.sort().values[-50:], atol=1e-5)


@pytest.mark.parametrize(("detector", "boxes"), [("cascade_rcnn", 1), ("faster_rcnn", 2)])
@pytest.mark.parametrize("loss", ["l1", "giou"])
def test_regions_learn_the_iou_of_the_box_of_their_class(detector: str, boxes: int, loss: str) -> None:
    head = head_of(detector_of(detector, tiny(detector, iou_branch=True, head_box_loss=loss)))
    head.loss_iou = spy = Spy()
    regions = torch.tensor([[12.0, 6.0, 50.0, 44.0], [0.0, 0.0, 9.0, 9.0]])
    result = SamplingResult.__new__(SamplingResult)
    vars(result).update(
        pos_priors=regions[:1], neg_priors=regions[1:], pos_gt_bboxes=TRUTH, pos_gt_labels=torch.tensor([1])
    )
    ious = torch.arange(2.0 * boxes).reshape(2, boxes)
    offsets = torch.zeros(2, 4 * boxes).index_fill(1, torch.tensor([0]), 0.0 if boxes == 1 else 9.0)
    found = head.loss_and_target(
        cls_score=torch.zeros(2, 3),
        bbox_pred=torch.cat([offsets, ious], 1),
        rois=torch.cat([torch.zeros(2, 1), regions], 1),
        sampling_results=[result],
        rcnn_train_cfg=ConfigDict(pos_weight=-1),
    )
    assert torch.allclose(spy.targets, bbox_overlaps(regions[:1], TRUTH).squeeze(1), atol=1e-5)
    assert found["loss_bbox"]["loss_iou"] == ious[0, -1]


def loss_of_ious(model: Any) -> Tensor:
    """Of one image, with the same regions drawn every time."""
    pixels, sample = drawn_image(0)
    torch.manual_seed(0)
    data = model.data_preprocessor({"inputs": [pixels], "data_samples": [sample]}, True)
    (loss,) = [one for key, one in model(**data, mode="loss").items() if "loss_iou" in key]
    return loss


def test_the_detector_learns_with_it(model: nn.Module) -> None:
    fallen = losses_of(model)
    assert torch.tensor(fallen).isfinite().all() and min(fallen[-3:]) < fallen[0]


def test_it_learns_from_the_boxes_features_and_leaves_the_boxes_alone(model: nn.Module) -> None:
    loss = loss_of_ious(model.train())
    boxes = next(one for key, one in head_of(model).named_parameters() if key.endswith("reg.weight"))
    tower = next(iter(model.backbone.parameters()))
    of_boxes, own, shared = torch.autograd.grad(loss, [boxes, layer_of(model).weight, tower], allow_unused=True)
    assert of_boxes is None or not of_boxes.any()
    assert own.any() and shared.any()


def test_its_own_loss_falls(model: nn.Module) -> None:
    optimizer = torch.optim.Adam(layer_of(model).parameters(), 0.01)
    nn.init.constant_(layer_of(model).bias, 3.0)
    found = []
    for _ in range(5):
        found.append(loss_of_ious(model.train()))
        optimizer.zero_grad()
        found[-1].backward()
        optimizer.step()
    assert found[-1] < 0.95 * found[0]


def rows(model: nn.Module, power: float, floor: float = 0.0) -> RawRows:
    pixels, sample = drawn_image(0)
    with torch.inference_mode():
        return before_nms(model.eval(), pixels, sample, View("96x96", score_floor=floor, iou_power=power))


def constant(model: nn.Module, iou: float) -> None:
    nn.init.zeros_(layer_of(model).weight)
    nn.init.constant_(layer_of(model).bias, float(torch.tensor(iou).logit()))


def test_a_power_of_0_is_the_detector_without_it(detector: str, model: nn.Module) -> None:
    plain = detector_of(detector, tiny(detector))
    left_out = plain.load_state_dict(model.state_dict(), strict=False).unexpected_keys
    assert left_out and all("_iou." in key for key in left_out)
    expected, found = rows(plain, 0.5), rows(model, 0.0)  # which knows no IoUs, and asks for no power
    assert len(found.scores) > 50
    for one, other in zip((found.boxes_xyxy, found.scores, found.labels), vars(expected).values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("power", [0.3, 1.0])
def test_scores_and_ious_join(model: nn.Module, power: float) -> None:
    constant(model, 0.25)
    plain, found = rows(model, 0.0), rows(model, power)
    assert torch.equal(found.labels, plain.labels)
    assert torch.allclose(found.scores, plain.scores.pow(1 - power) * 0.25**power, atol=1e-6)


def test_a_power_of_1_ranks_by_the_iou_alone(model: nn.Module) -> None:
    nn.init.normal_(layer_of(model).weight, std=0.1)
    nn.init.zeros_(layer_of(model).bias)
    found = rows(model, 1.0)
    # Each class of a box has the box's IoU.
    by_box = {tuple(box): score for box, score in zip(found.boxes_xyxy.tolist(), found.scores.tolist(), strict=True)}
    ious = [by_box[tuple(box)] for box in found.boxes_xyxy.tolist()]
    inside = (found.boxes_xyxy > 0).all(1) & (found.boxes_xyxy < 96).all(1)  # others may be clipped to the same box
    assert torch.allclose(torch.tensor(ious)[inside], found.scores[inside], atol=1e-5)
    assert found.scores.std() > 1e-4


def test_the_floor_is_of_the_joined_score(model: nn.Module) -> None:
    constant(model, 0.9)
    everything = rows(model, 0.5)
    floor = float(everything.scores.median())
    assert len(rows(model, 0.5, floor).scores) == (everything.scores >= floor).sum()


def test_no_box_that_an_iou_can_lift_is_left_out() -> None:
    for power in (0.0, 0.25, 0.5, 0.9):
        assert joined(torch.tensor(lowest_score(0.01, power)), torch.tensor(1.0), power) == pytest.approx(0.01)
    assert lowest_score(0.01, 1.0) == 0


@pytest.fixture(scope="module")
def bench() -> MmdetBench:
    return MmdetBench(DATA, load_rule("coco50"))


@pytest.mark.parametrize("detector", ["cascade_rcnn", "fcos"])
def test_the_dry_run_proves_both_keys_and_finds_a_power_without_a_branch_dead(bench: MmdetBench, detector: str) -> None:
    view = {"scale": "96x96", "iou_power": 0.0}
    without = TrialJob(0, detector, tiny(detector), (view,), POST, (1,), "", "coco50", 0, "")
    with_it = replace(without, params=tiny(detector, iou_branch=True))
    assert any("iou" in effect.place for effect in effects_between(without, with_it, bench))
    by_power = [replace(one, views=({**view, "iou_power": 0.5},)) for one in (without, with_it)]
    assert effects_between(without, by_power[0], bench) == []
    assert [effect.place for effect in effects_between(with_it, by_power[1], bench)] == ["view.iou_power"]


def test_a_trial_predicts_with_the_power_that_served_it_best(tiny_job: TrialJob) -> None:
    (view,) = tiny_job.views
    views = tuple({**view, "iou_power": power} for power in (0.0, 0.5))
    job = replace(tiny_job, params=tiny("cascade_rcnn", iou_branch=True), views=views)
    finished = run_trial(job, lambda event: None)
    best, layout = finished.summary["view"], TrialLayout(Path(job.folder))
    assert isinstance(best, dict) and best.get("iou_power", 0.0) in (0.0, 0.5)
    again = load_trial(layout)
    assert again.view.iou_power == best.get("iou_power", 0.0)
    val = load_dataset(Path(job.dataset)).val
    found = again.predict(image_files(truth_from_coco(val.annotations).images, val.images))
    assert found.scores == pytest.approx(read_detections(layout.detections)[0].scores, abs=1e-6)
