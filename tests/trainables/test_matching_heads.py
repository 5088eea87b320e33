"""A start from a detector of other classes: rows of classes of the same name are taken, all others stay as drawn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from batch_steps import DATA
from tiny_detector import POST
from tiny_detectors import BUILT, tiny
from torch import Tensor, nn

from results.errors import InputError
from results.rules import load_rule
from trainables.catalogue import DETECTORS
from trainables.class_rows import ClassRows, matches, with_copied_rows
from trainables.effective import TrainingData, config_hash, effective_config
from trainables.jobs import TrialJob
from trainables.proof.mmdet_bench import MmdetBench
from trainables.proof.verdicts import effects_between
from trainables.starting import start_from
from trainables.training import build_model, untrained, use_threads
from trainables.weights import read_start, save_weights

THEIRS, OURS = ("cap", "label", "print"), ("Print", "bottle", "CAP")
# Ours are at 0, 2; theirs at 2, 0.
PAIRS = {0: 2, 2: 0}


def config(detector: str, classes: tuple[str, ...], **changes: object) -> dict[str, Any]:
    use_threads(1)
    data = TrainingData("train.json", "images", tuple(range(1, len(classes) + 1)), classes)
    return effective_config(detector, tiny(detector, **changes), data, seed=3)


def started(detector: str, folder: Path, classes: tuple[str, ...] = THEIRS, **changes: object) -> tuple[Any, Any, Any]:
    """States of a detector of other classes, of one that is as drawn, and of one that started from the first."""
    other = build_model(config(detector, classes, **changes))
    with torch.no_grad():
        for index, parameter in enumerate(other.parameters()):
            parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) + 1000.0 * (index + 1))
    save_weights(other, folder / "start.pth", classes=classes)
    start = {"init": str(folder / "start.pth"), "init_heads": "matching"}
    found = []
    for more in ({}, start):
        torch.manual_seed(0)  # some layers draw when they are built
        found.append(untrained(config(detector, OURS, **changes, **more)).state_dict())
    return other.state_dict(), *found


def rows_of_class(name: str, tensor: Tensor, place: int, classes: int) -> Tensor:
    """A class's rows, by how mmdet's heads read them."""
    each = len(tensor) // classes
    if name.startswith("roi_head."):
        return tensor[place * each : (place + 1) * each]
    return tensor[place::classes]


# How the names of their class outputs begin.
OUTPUTS = {
    "cascade_rcnn": tuple(f"roi_head.bbox_head.{stage}.fc_cls." for stage in range(3)),
    "faster_rcnn": ("roi_head.bbox_head.fc_cls.", "roi_head.bbox_head.fc_reg."),
    "fcos": ("bbox_head.conv_cls.",),
    "fcostd": ("bbox_head.conv_cls.",),
    "retinanet": ("bbox_head.retina_cls.",),
    "freeanchor": ("bbox_head.retina_cls.",),
    "reppoints": ("bbox_head.reppoints_cls_out.",),
    "rtmdet": ("bbox_head.rtm_cls.",),
    "deformable_detr": ("bbox_head.cls_branches.",),
}


@pytest.mark.training
@pytest.mark.parametrize("theirs", [THEIRS, (*THEIRS, "x", "y")], ids=["as many", "more"])
@pytest.mark.parametrize("detector", BUILT)
def test_rows_of_the_same_name_are_copied_and_others_are_as_drawn(
    detector: str, theirs: tuple[str, ...], tmp_path: Path
) -> None:
    given, drawn, found = started(detector, tmp_path, theirs)
    outputs = [name for name in found if name.startswith(OUTPUTS[detector])]
    assert len(outputs) >= 2
    for name in outputs:
        softmax = len(found[name]) % len(OURS)  # 1 with a background, the last row
        own, other, before = (one[name][: len(one[name]) - softmax] for one in (found, given, drawn))
        for here, there in PAIRS.items():
            copied = rows_of_class(name, other, there, len(theirs))
            assert torch.equal(rows_of_class(name, own, here, len(OURS)), copied)
        assert torch.equal(*(rows_of_class(name, one, 1, len(OURS)) for one in (own, before)))
        assert not softmax or torch.equal(found[name][-1], given[name][-1])
    assert all(torch.equal(found[name], given[name]) for name in set(found).difference(outputs))


def test_classes_match_by_name_whatever_its_case() -> None:
    assert matches(OURS, THEIRS) == PAIRS
    assert matches(("a", "瓶盖 "), ("瓶盖", "A", "a")) == {0: 1, 1: 0}


def test_rows_of_a_place_or_of_a_class_lie_together() -> None:
    own, given = torch.zeros(6, 1), torch.arange(4.0)[:, None]
    dense = with_copied_rows(own, given, ClassRows(2, 0, together=False), {2: 1})
    assert dense.flatten().tolist() == [0, 0, 1, 0, 0, 3]
    region = with_copied_rows(own, given, ClassRows(2, 0, together=True), {2: 1})
    assert region.flatten().tolist() == [0, 0, 0, 0, 2, 3]
    assert own.sum() == 0


@pytest.mark.training
def test_the_log_says_which_rows_were_copied(tmp_path: Path) -> None:
    save_weights(build_model(config("fcos", THEIRS)), tmp_path / "start.pth", classes=THEIRS)
    ours = config("fcos", OURS, init=str(tmp_path / "start.pth"), init_heads="matching")
    line = start_from(build_model(ours), ours)
    assert line is not None
    assert line.endswith("in 2 of 2 class outputs the rows of 2 of 3 classes (Print, CAP)")


@pytest.mark.training
@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({}, "names its classes"),
        ({"meta": {"dataset_meta": {"classes": ("one", "two", "three")}}}, "a class of the same name"),
        ({"meta": {"CLASSES": ("cap",)}}, "class outputs of the same form"),
    ],
)
def test_a_start_that_cannot_match_is_refused_in_one_line(
    content: dict[str, object], rule: str, tmp_path: Path
) -> None:
    state = build_model(config("fcos", THEIRS)).state_dict()
    torch.save({"state_dict": state, **content}, tmp_path / "start.pth")
    ours = config("fcos", OURS, init=str(tmp_path / "start.pth"), init_heads="matching")
    with pytest.raises(InputError, match=rule) as caught:
        start_from(build_model(ours), ours)
    assert "\n" not in caught.value.line() and "init_heads: fresh" in caught.value.line()


@pytest.mark.parametrize("place", ["classes", "CLASSES"])
def test_names_are_read_as_mmdet_and_trials_write_them(tmp_path: Path, place: str) -> None:
    model = nn.Linear(2, 2)
    for meta in ({place: THEIRS}, {"dataset_meta": {place: list(THEIRS)}, "epoch": 3}):
        torch.save({"state_dict": model.state_dict(), "meta": meta}, tmp_path / "start.pth")
        assert read_start(tmp_path / "start.pth").classes == THEIRS
    save_weights(model, tmp_path / "start.pth", classes=OURS)
    assert read_start(tmp_path / "start.pth").classes == OURS
    save_weights(model, tmp_path / "start.pth")
    assert read_start(tmp_path / "start.pth").classes == ()


def test_fresh_heads_leave_the_configuration_as_it_was() -> None:
    fresh, matching = (config("fcos", OURS, init="a.pth", init_heads=word) for word in ("fresh", "matching"))
    assert "start_heads" not in fresh
    assert matching["start_heads"] == "matching"
    assert config_hash(fresh) != config_hash(matching)


@pytest.mark.parametrize("init", ["none", "imagenet"])
@pytest.mark.parametrize("detector", [*BUILT, "config"])
def test_matching_wants_a_detectors_weights(detector: str, init: str) -> None:
    given = {name: one.default for name, one in DETECTORS[detector].train.items()}
    given |= {"init": init, "init_heads": "matching", "config": "mmdet::retinanet/retinanet_r50_fpn_1x_coco.py"}
    fault = DETECTORS[detector].combination_fault(given)
    assert fault is not None and "; " in fault
    assert "init_heads" in fault or detector == "config"  # whose file is frozen, too


@pytest.mark.training
def test_the_dry_run_proves_it() -> None:
    fresh = TrialJob(0, "fcos", tiny("fcos", init="a.pth"), ({"scale": "96x72"},), POST, (1,), "", "coco50", 5, "")
    matching = replace(fresh, params={**fresh.params, "init_heads": "matching"})
    (effect,) = effects_between(fresh, matching, MmdetBench(DATA, load_rule("coco50")))
    assert (effect.place, effect.after) == ("start_heads", "'matching'")
