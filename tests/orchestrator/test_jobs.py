from dataclasses import replace
from pathlib import Path

import pytest
from tiny_search import fake_space

from orchestrator.jobs import (
    Asked,
    JobFactory,
    complete_params,
    complete_views,
    rung_epochs,
    start_epoch,
    trial_seed,
)
from results.layout import RunLayout
from search_spaces.domains import FloatRange
from search_spaces.loading import load_space
from search_spaces.points import default_point
from search_spaces.space import Dimension, SearchSettings, Space
from trainables.catalogue import DETECTORS
from trainables.jobs import TrialJob


def test_a_job_holds_every_parameter_and_an_absolute_folder(tmp_path: Path) -> None:
    make_job = JobFactory(fake_space(tmp_path), RunLayout(Path("runs/a")), tmp_path / "d.yaml", "coco50", seed=3)
    job = TrialJob.from_dict(make_job(Asked(7, {"x": 0.25, "epochs": 4})))
    assert set(job.params) == set(DETECTORS["fake"].train)
    assert (job.params["x"], job.params["epochs"], job.params["failure"]) == (0.25, 4, "none")
    assert job.rungs == (1, 2, 3, 4)
    assert job.views == ({},)
    assert Path(job.folder) == Path("runs/a/trials/0007").resolve()
    assert (job.number, job.rule, job.seed) == (7, "coco50", trial_seed(3, 7))


@pytest.mark.parametrize(
    ("checkpoint", "reported", "start"),
    [(0, [], 0), (2, [2], 2), (2, [], 2), (4, [2, 4], 4), (4, [2], 4), (4, [], 0), (4, [4], 0)],
)
def test_a_checkpoint_counts_if_all_reports_before_it_are_on_record(
    checkpoint: int, reported: list[int], start: int
) -> None:
    assert start_epoch(checkpoint, [2, 4], reported) == start


def test_a_detector_without_data_gets_a_job_without_data(tmp_path: Path) -> None:
    make_job = JobFactory(fake_space(tmp_path), RunLayout(tmp_path), None, "coco50", seed=3)
    assert make_job(Asked(0, {"x": 0.25, "epochs": 4}))["dataset"] == ""


def test_what_a_point_leaves_out_takes_the_catalogues_default() -> None:
    space = load_space("cascade", DETECTORS)
    params = complete_params(space, {"lr": 0.5})
    assert params["lr"] == 0.5
    assert params["momentum"] == DETECTORS["cascade_rcnn"].train["momentum"].default
    assert set(params) == set(DETECTORS["cascade_rcnn"].train)


def test_views_are_all_combinations_with_defaults_filled_in() -> None:
    space = load_space("cascade", DETECTORS, "full")
    views = complete_views(space, default_point(space))
    assert len(views) == 8
    assert (views[0]["scale"], views[0]["flip"], views[0]["score_floor"]) == ("2048x1200", False, 0.001)


def test_the_scale_train_is_the_scale_it_stands_for(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("detector: cascade_rcnn\nrule: coco50\ntrain: {lr: 0.01}\n")
    views = complete_views(load_space(str(file), DETECTORS), {"train_scale": "1333x640..1333x800"})
    assert [view["scale"] for view in views] == ["1333x800"]


def test_rungs_end_with_the_last_epoch() -> None:
    assert rung_epochs(SearchSettings(report_every=1), 3) == [1, 2, 3]
    assert rung_epochs(SearchSettings(report_every=4), 10) == [4, 8, 10]
    assert rung_epochs(SearchSettings(report_every=20), 6) == [6]
    assert rung_epochs(SearchSettings(), 0) == [0]


def test_trial_seeds_differ_and_stay_the_same() -> None:
    seeds = [trial_seed(seed, number) for seed in range(20) for number in range(20)]
    assert len(set(seeds)) == 400
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert trial_seed(0, 0) == 831509842


def test_a_joint_point_has_one_view_and_its_training_knows_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    predict = 'predict: {search: joint, scale: {sweep: ["1333x800", "800x600"]}, flip: {sweep: [false, true]}}'
    file.write_text(f"detector: cascade_rcnn\nrule: coco50\ntrain: {{}}\n{predict}\n")
    space = load_space(str(file), DETECTORS)
    point = {**default_point(space), "predict.scale": "800x600"}
    (view,) = complete_views(space, point)
    assert (view["scale"], view["flip"]) == ("800x600", False)
    assert set(complete_params(space, point)) == set(DETECTORS["cascade_rcnn"].train)


def test_keys_of_single_classes_are_one_parameter(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("detector: cascade_rcnn\nrule: coco50\ntrain: {class_weights: {per_class: {range: [0.5, 1.5]}}}\n")
    space = load_space(str(file), DETECTORS, classes=(2, 5))
    assert complete_params(space, default_point(space))["class_weights"] == {"2": 1.0, "5": 1.0}


def test_a_configured_job_names_its_file_from_anywhere_and_its_settings() -> None:
    set_lr = Dimension("optim_wrapper.optimizer.lr", FloatRange(0.1, 0.2), section="set")
    space = Space("s", "config", "coco50", (set_lr,), config="nets/own.py")
    params = complete_params(space, {"optim_wrapper.optimizer.lr": 0.1})
    assert params["config"] == str(Path("nets/own.py").resolve())
    assert params["optim_wrapper.optimizer.lr"] == 0.1
    shipped = replace(space, config="mmdet::rpn/rpn_r50_fpn_1x_coco.py")
    assert complete_params(shipped, {})["config"] == shipped.config


def space_of(folder: Path, text: str) -> Space:
    file = folder / "views.yaml"
    file.write_text(f"detector: fcos\nrule: coco50\n{text}")
    return load_space(str(file), DETECTORS)


POWERS = "predict: {iou_power: {sweep: [0, 0.5]}, flip: {sweep: [false, true]}}\n"


def test_a_key_that_does_nothing_at_a_point_makes_no_view_of_its_own(tmp_path: Path) -> None:
    space = space_of(tmp_path, "train: {iou_branch: {choice: [false, true]}}\n" + POWERS)
    without, with_it = (complete_views(space, {"iou_branch": branch}) for branch in (False, True))
    assert [(view["iou_power"], view["flip"]) for view in without] == [(0, False), (0, True)]
    assert [(view["iou_power"], view["flip"]) for view in with_it] == [(0, False), (0, True), (0.5, False), (0.5, True)]


def test_a_power_that_is_given_alone_is_that_of_trials_with_the_branch(tmp_path: Path) -> None:
    space = space_of(tmp_path, "train: {iou_branch: {choice: [false, true]}}\npredict: {iou_power: 0.4}\n")
    assert [complete_views(space, {"iou_branch": branch})[0]["iou_power"] for branch in (False, True)] == [0, 0.4]


@pytest.mark.parametrize("search", ["", "search: joint, "])
def test_detectors_without_the_key_are_predicted_once(tmp_path: Path, search: str) -> None:
    file = tmp_path / "several.yaml"
    power = f"predict: {{{search}iou_power: {{sweep: [0, 0.5]}}}}\n"
    file.write_text("detector: {choice: [rtmdet, fcos]}\nrule: coco50\ntrain: {iou_branch: true}\n" + power)
    space = load_space(str(file), DETECTORS)
    joint = {"predict.iou_power": 0.5} if search else {}
    (view,) = complete_views(space, {"detector": "rtmdet", **joint})
    assert "iou_power" not in view
    powers = [one["iou_power"] for one in complete_views(space, {"detector": "fcos", "iou_branch": True, **joint})]
    assert powers == ([0.5] if search else [0, 0.5])
