"""A mean teacher: it labels unlabelled images, follows its student exactly, and is what a trial predicts with."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from tiny_detector import POST
from tiny_detectors import tiny, tiny_data

from results.boxes import images_from_coco, read_detections, truth_from_coco
from results.errors import InputError
from results.layout import TrialLayout
from trainables.accumulation import split_batch
from trainables.checkpoint import read_checkpoint
from trainables.data.dataset import load_dataset
from trainables.effective import effective_config
from trainables.jobs import Finished, Rung, Started, TrialJob
from trainables.modules.mean_teacher import MeanTeacher, SoftMeanTeacher, TeacherHook
from trainables.predict import image_files
from trainables.proof.building import built
from trainables.proof.watching import reads_of_predicting, reads_of_training
from trainables.trained import load_trial
from trainables.trained_on import read_trained_on
from trainables.training import register_mmdet, use_threads
from trainables.trial import run_trial
from trainables.weights import read_weights

pytestmark = pytest.mark.training
KINDS = [
    ("cascade_rcnn", {}, MeanTeacher),
    ("faster_rcnn", {}, SoftMeanTeacher),
    ("faster_rcnn", {"iou_branch": True}, MeanTeacher),
    ("fcos", {}, MeanTeacher),
    ("deformable_detr", {}, MeanTeacher),
]
VIEW = {"scale": "96x72", "flip": False, "score_floor": 0.001, "max_raw_per_image": 100}
EVERY_BOX = 0.051  # mmdet's own prediction, which labels are taken from, begins at .05


@cache
def config_of(dataset: Path, detector: str, **changes: object) -> Mapping[str, Any]:
    params = tiny(detector, teacher="mean", **changes)
    return effective_config(detector, params, tiny_data(dataset), seed=0)


def teacher_of(config: Mapping[str, Any]) -> Any:
    """Teacher and student with the same drawn weights, sure enough of something to label it."""
    register_mmdet()
    use_threads(1)
    torch.manual_seed(0)
    model = MODELS.build(Config(dict(config)).model)
    model.student.init_weights()
    for name, parameter in model.student.named_parameters():
        if name.endswith("conv_cls.bias"):
            parameter.data.fill_(0.0)  # dense heads begin sure of nothing
    model.teacher.load_state_dict(model.student.state_dict())
    return model.train()


def batch_of(config: Mapping[str, Any], images: int = 2) -> dict[str, Any]:
    register_mmdet()
    dataset = DATASETS.build(Config({"dataset": config["train_dataloader"]["dataset"]}).dataset)
    torch.manual_seed(0)
    return pseudo_collate([dataset[row] for row in range(images)])


def losses_of(model: Any, batch: dict[str, Any]) -> dict[str, float]:
    """The whole loss as `loss`, and its parts."""
    _, parts = model.parse_losses(model(**model.data_preprocessor(batch, True), mode="loss"))
    return {name: float(value.detach()) for name, value in parts.items()}


@pytest.mark.parametrize(("detector", "changes", "kind"), KINDS)
def test_the_student_learns_from_the_teachers_boxes(
    tiny_dataset: Path, detector: str, changes: dict[str, object], kind: type
) -> None:
    config = config_of(tiny_dataset, detector, teacher_score=EVERY_BOX, **changes)
    model, batch = teacher_of(config), batch_of(config)
    assert type(model) is kind
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=2e-3)
    found = []
    for _ in range(10):
        loss, parts = model.parse_losses(model(**model.data_preprocessor(batch, True), mode="loss"))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    assert {name.split("_")[0] for name in parts if "loss" in name} == {"loss", "sup", "unsup"}
    assert all(math.isfinite(loss) for loss in found)
    assert min(found[-3:]) < found[0]
    assert all(one.grad is None for one in model.teacher.parameters())


@pytest.mark.parametrize("detector", ["cascade_rcnn", "faster_rcnn", "fcos"])
def test_boxes_below_the_score_teach_nothing(tiny_dataset: Path, detector: str) -> None:
    config = config_of(tiny_dataset, detector, teacher_score=1.0)
    assert not [name for name in losses_of(teacher_of(config), batch_of(config)) if name.startswith("unsup")]


def test_an_image_without_a_confident_box_is_no_background(tiny_dataset: Path) -> None:
    config = config_of(tiny_dataset, "fcos", teacher_score=0.5)
    model, batch = teacher_of(config), batch_of(config)
    data = model.data_preprocessor(batch, True)
    inputs, samples = data["inputs"]["unsup_student"], data["data_samples"]["unsup_student"]
    for sample, score in zip(samples, (0.9, 0.4), strict=True):
        boxes, labels = torch.tensor([[8.0, 8.0, 60.0, 50.0]]), torch.tensor([1])
        sample.gt_instances = InstanceData(bboxes=boxes, labels=labels, scores=torch.tensor([score]))
    both = model.loss_by_pseudo_instances(inputs, list(samples))
    alone = model.loss_by_pseudo_instances(inputs[:1], samples[:1])
    assert {name: loss.item() for name, loss in both.items()} == {name: loss.item() for name, loss in alone.items()}


@pytest.mark.parametrize("detector", ["faster_rcnn", "fcos"])
def test_half_precision_moves_no_box_of_the_teacher(tiny_dataset: Path, detector: str) -> None:
    config = config_of(tiny_dataset, detector, teacher_score=EVERY_BOX)
    model = teacher_of(config)
    data = model.data_preprocessor(batch_of(config), True)
    found = []
    for halves in (False, True):
        shown, wanted = (copy.deepcopy(data["data_samples"][one]) for one in ("unsup_teacher", "unsup_student"))
        torch.manual_seed(0)  # Soft Teacher moves boxes at random
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=halves):
            labelled, _ = model.get_pseudo_instances(data["inputs"]["unsup_teacher"], shown)
            projected = model.project_pseudo_instances(labelled, wanted)
        found.append(torch.cat([one.gt_instances.bboxes for one in projected]))
    assert len(found[0]) > 0
    assert torch.equal(*found)


def test_the_weight_of_unlabelled_images_is_in_their_losses_alone(tiny_dataset: Path) -> None:
    light, heavy = (
        config_of(tiny_dataset, "fcos", teacher_score=EVERY_BOX, unlabelled_weight=one) for one in (1.0, 3.0)
    )
    batch = batch_of(light)
    first, second = losses_of(teacher_of(light), batch), losses_of(teacher_of(heavy), batch)
    factors = {"sup": 1.0, "unsup": 3.0}
    for name in [one for one in first if "loss_" in one]:
        assert second[name] == pytest.approx(factors[name.split("_")[0]] * first[name], rel=1e-4)


@pytest.mark.parametrize(("iteration", "kept"), [(0, 0.0), (1, 0.5), (3, 0.75), (40, 0.9)])
def test_the_teacher_follows_its_student_to_the_last_bit(tiny_dataset: Path, iteration: int, kept: float) -> None:
    model = teacher_of(config_of(tiny_dataset, "fcos"))
    with torch.no_grad():
        for tensor in model.student.state_dict().values():
            tensor.add_(1)
    before = {name: tensor.clone() for name, tensor in model.teacher.state_dict().items()}
    TeacherHook(0.9).after_train_iter(SimpleNamespace(model=model, iter=iteration), 0)
    share = 1 - min(0.9, 1 - 1 / (iteration + 1))
    assert share == pytest.approx(1 - kept)
    student = model.student.state_dict()
    for name, tensor in model.teacher.state_dict().items():
        expected = before[name]
        if expected.is_floating_point():  # BatchNorm's statistics too
            expected = expected.mul(1 - share).add(student[name], alpha=share)
        assert torch.equal(tensor, expected), name


def test_every_image_of_a_batch_brings_its_unlabelled_ones(tiny_dataset: Path) -> None:
    config = config_of(tiny_dataset, "fcos", unlabelled_per_image=3)
    batch = batch_of(config, images=4)
    data = teacher_of(config).data_preprocessor(batch, True)
    counts = {branch: len(images) for branch, images in data["inputs"].items()}
    assert counts == {"sup": 4, "unsup_teacher": 12, "unsup_student": 12}
    listed = images_from_coco(tiny_dataset.parent / "test_images.json").file_name
    for teachers, students in zip(*(data["data_samples"][one] for one in list(counts)[1:]), strict=True):
        assert teachers.img_path == students.img_path
        assert Path(teachers.img_path).name in listed


def test_a_batch_in_parts_is_the_same_batch(tiny_dataset: Path) -> None:
    batch = batch_of(config_of(tiny_dataset, "fcos", unlabelled_per_image=2), images=3)
    parts = list(split_batch(batch, 2))
    assert [share for _, share in parts] == [1 / 3, 2 / 3]
    for key, branches in batch.items():
        for branch, groups in branches.items():
            for index, group in enumerate(groups):
                joined = [one for part, _ in parts for one in part[key][branch][index]]
                assert all(one is other for one, other in zip(joined, group, strict=True))


KEYS = {
    "teacher": "none",
    "teacher_momentum": 0.9,
    "teacher_score": 0.9,
    "unlabelled_weight": 2.0,
    "unlabelled_per_image": 2,
}


@pytest.mark.parametrize("key", KEYS)
def test_each_key_changes_what_is_built(tiny_dataset: Path, key: str) -> None:
    data, plain = tiny_data(tiny_dataset), tiny("fcos", teacher="mean")
    places = []
    for params in (plain, {**plain, key: KEYS[key]}):
        with built(effective_config("fcos", params, data, seed=0)) as found:
            places.append(found.describe().built)
    assert places[0] != places[1]


@pytest.mark.parametrize("detector", ["faster_rcnn", "fcos"])
def test_a_step_can_be_watched(tiny_dataset: Path, detector: str) -> None:
    config = config_of(tiny_dataset, detector)
    assert any(place.startswith("model.student") for place in reads_of_training(config))
    assert any(place.startswith("model.teacher") for place in reads_of_predicting(config, VIEW))


@dataclass(frozen=True)
class Outcome:
    layout: TrialLayout
    finished: Finished
    scores: list[tuple[int, float | None]]


def job_in(folder: Path, dataset: Path, detector: str, **changes: object) -> TrialJob:
    params = tiny(detector, teacher="mean", teacher_score=0.01, teacher_momentum=0.6, epochs=3, **changes)
    views = (VIEW, {**VIEW, "average": "last2"})
    return TrialJob(0, detector, params, views, POST, (1, 2, 3), str(dataset), "coco50", 5, str(folder))


def run(job: TrialJob) -> Outcome:
    reports: list[Started | Rung] = []
    finished = run_trial(job, reports.append)
    scores = [(one.epoch, one.score) for one in reports if isinstance(one, Rung)]
    return Outcome(TrialLayout(Path(job.folder)), finished, scores)


@pytest.fixture(scope="module", params=["faster_rcnn", "fcos"])
def trained(request: pytest.FixtureRequest, tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(job_in(tmp_path_factory.mktemp("taught") / "0", tiny_dataset, request.param))


def test_a_trial_keeps_its_teacher_alone(trained: Outcome) -> None:
    kept, state = read_weights(trained.layout.weights), read_checkpoint(trained.layout).state["model"]
    assert not any("teacher" in name or "student" in name for name in kept)
    view = trained.finished.summary["view"]
    if view.get("average", "none") == "none":
        assert all(torch.equal(tensor, state[f"teacher.{name}"]) for name, tensor in kept.items())
    weights = [name for name in kept if name.endswith("conv1.weight")]
    assert not any(torch.equal(state[f"teacher.{name}"], state[f"student.{name}"]) for name in weights)


def test_a_finished_trial_predicts_as_it_did(trained: Outcome, tiny_dataset: Path) -> None:
    dataset = load_dataset(tiny_dataset)
    images = truth_from_coco(dataset.val.annotations).images
    again = load_trial(trained.layout).predict(image_files(images, dataset.val.images))
    written, _ = read_detections(trained.layout.detections)
    assert len(written) > 0
    assert again.boxes_xywh == pytest.approx(written.boxes_xywh, abs=1e-3)


def test_its_weights_have_seen_the_unlabelled_images(trained: Outcome, tiny_dataset: Path) -> None:
    folder = tiny_dataset.parent
    names = (
        truth_from_coco(folder / "train.json").images.file_name
        + images_from_coco(folder / "test_images.json").file_name
    )
    seen = read_trained_on(trained.layout.weights)
    assert seen is not None
    assert seen.images.file_names == names


class Lost(BaseException):
    """What a lost worker looks like from inside."""


def test_it_goes_on_from_a_checkpoint_as_if_undisturbed(trained: Outcome, tiny_dataset: Path, tmp_path: Path) -> None:
    detector = "fcos" if "bbox_head.conv_cls.weight" in read_weights(trained.layout.weights) else "faster_rcnn"
    job = job_in(tmp_path / "0", tiny_dataset, detector)

    def lose(event: Started | Rung) -> None:
        if isinstance(event, Rung) and event.epoch == 2:
            raise Lost

    with pytest.raises(Lost):
        run_trial(job, lose)
    again = run(replace(job, start_epoch=2))
    assert again.scores == trained.scores[1:]
    for folder in (again.layout, trained.layout):
        assert folder.checkpoint.is_file()
    states = [read_checkpoint(one.layout).state["model"] for one in (again, trained)]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_teacher_and_student_start_from_the_same_file(trained: Outcome, tiny_dataset: Path, tmp_path: Path) -> None:
    start = read_weights(trained.layout.weights)
    detector = "fcos" if "bbox_head.conv_cls.weight" in start else "faster_rcnn"
    job = job_in(tmp_path / "0", tiny_dataset, detector, init=str(trained.layout.weights), lr=1e-7)
    run(replace(job, params={**job.params, "epochs": 1}, rungs=(1,), accumulate=2))
    state = read_checkpoint(TrialLayout(tmp_path / "0")).state["model"]
    for part in ("teacher", "student"):
        for name in (one for one in start if one.endswith("weight")):
            assert torch.allclose(state[f"{part}.{name}"], start[name], atol=1e-4), name


def test_a_data_set_without_unlabelled_images_is_refused(tiny_dataset: Path, tmp_path: Path) -> None:
    splits = (f"{one}: {{annotations: {tiny_dataset.parent}/{one}.json, images: x}}" for one in ("train", "val"))
    own = tmp_path / "labelled_only.yaml"
    own.write_text("\n".join(splits), encoding="utf-8")
    with pytest.raises(InputError, match=r"unlabelled: \{images: FOLDER\}"):
        run_trial(job_in(tmp_path / "0", own, "fcos"), lambda report: None)
    assert not (tmp_path / "0").exists()
