"""The effective configuration and its hash."""

from dataclasses import replace
from pathlib import Path

from results.boxes import Category
from results.rules import load_rule
from trainables.catalogue import DETECTORS
from trainables.data.dataset import Dataset, Source
from trainables.effective import TrainingData, config_hash, effective_config, training_data, trial_hash
from trainables.jobs import TrialJob

DEFAULTS = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()}
DATA = TrainingData("train.json", "images", (1, 2), ("a", "b"))


def config(seed: int = 0, **changes: object) -> dict[str, object]:
    return effective_config("cascade_rcnn", {**DEFAULTS, **changes}, DATA, seed)


def test_equal_parameters_give_equal_hashes_whatever_their_order() -> None:
    backwards = dict(reversed(list(DEFAULTS.items())))
    assert config_hash(config()) == config_hash(effective_config("cascade_rcnn", backwards, DATA, 0))


def test_any_change_changes_the_hash() -> None:
    changes = [{"lr": 0.01}, {"train_scale": "800x600"}, {"epochs": 3}, {"stage_ious": "0.4,0.5,0.6"}, {"seed": 1}]
    hashes = {config_hash(config(**change)) for change in changes} | {config_hash(config())}
    assert len(hashes) == len(changes) + 1


def test_schedules() -> None:
    steps = config(schedule="step", lr_steps="4,10", warmup_iters=0)["param_scheduler"]
    assert [one["type"] for one in steps] == ["MultiStepLR"]
    assert steps[0]["milestones"] == [4, 10]
    cosine = config(schedule="cosine", warmup_iters=50)["param_scheduler"]
    assert [one["type"] for one in cosine] == ["LinearLR", "CosineAnnealingLR"]


def test_train_scales_become_the_transform_that_draws_them() -> None:
    kinds = {}
    for text in ("800x600", "640x480..800x600", "640x480|800x600"):
        pipeline = config(train_scale=text)["train_dataloader"]["dataset"]["pipeline"]
        kinds[text] = pipeline[2]["type"]
    assert list(kinds.values()) == ["Resize", "RandomResize", "RandomChoiceResize"]


def test_every_option_of_every_choice_is_built_and_differs_from_the_default() -> None:
    """`Parameter.accepts` closes over a choice's options, so they are tried from a list of all words in use."""
    words = {"resnet18", "resnet34", "resnet50", "resnet101", "resnext101_32x4d", "none", "v1", "v2", "bn", "bn_frozen"}
    words |= {"gn", "horizontal", "vertical", "both", "sgd", "adamw", "step", "cosine", "min_iou", "random"}
    for name, parameter in DETECTORS["cascade_rcnn"].train.items():
        accepted = {word for word in words if isinstance(parameter.default, str) and parameter.accepts(word)}
        for word in accepted - {parameter.default}:
            assert config_hash(config(**{name: word})) != config_hash(config()), (name, word)


def test_the_start_weights_are_part_of_the_configuration() -> None:
    assert config_hash(config(init="a.pth")) != config_hash(config(init="none"))


JOB = TrialJob(0, "cascade_rcnn", DEFAULTS, ({"scale": "96x72"},), {"nms": ("hard",)}, (1,), "d.yaml", "coco50", 0, "f")


def test_the_trials_hash_follows_what_its_result_depends_on() -> None:
    changes = [{"accumulate": 2}, {"seed": 1}, {"rule": "coco"}, {"post": {"nms": ("soft_linear",)}}, {"views": ()}]
    hashes = {trial_hash(replace(JOB, **change), DATA) for change in changes} | {trial_hash(JOB, DATA)}
    assert len(hashes) == len(changes) + 1


def test_the_trials_hash_ignores_where_and_how_it_runs() -> None:
    elsewhere = replace(JOB, number=7, folder="g", loader_workers=4, threads=2, start_epoch=3, time_limit_s=9.0)
    assert trial_hash(elsewhere, DATA) == trial_hash(JOB, DATA)
    assert trial_hash(TrialJob.from_dict(JOB.to_dict()), DATA) == trial_hash(JOB, DATA)


def test_a_detector_that_builds_nothing_is_its_parameters() -> None:
    fake = replace(JOB, detector="fake", params={"x": 0.5})
    assert trial_hash(fake, None) == trial_hash(replace(fake, folder="g"), None)
    assert trial_hash(fake, None) != trial_hash(replace(fake, params={"x": 0.25}), None)


def test_training_data_are_the_scored_classes_by_id() -> None:
    source = Source(Path("train.json"), Path("images"))
    dataset = Dataset("d", Path("d.yaml"), source, source, None, None, None, None)
    categories = [Category(9, "nine"), Category(2, "two"), Category(0, "background")]
    assert training_data(dataset, categories, load_rule("coco50")).category_ids == (0, 2, 9)
    assert training_data(dataset, categories, load_rule("bottle_round1")).class_names == ("two", "nine")


def test_options_that_came_later_leave_the_default_configuration_as_it_was() -> None:
    """A trial's identity is this hash: results of earlier runs stand for trials of today only while it holds."""
    defaults = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()}
    data = TrainingData("train.json", "images", (1, 2), ("a", "b"))
    assert config_hash(effective_config("cascade_rcnn", defaults, data, seed=0)) == "66cb910ede5f97e3"
