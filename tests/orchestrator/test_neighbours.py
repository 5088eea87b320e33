from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from tiny_search import write_data, write_space

from orchestrator.neighbours import question_of
from orchestrator.options import parse_options
from orchestrator.settings import Settings, resolve
from search_spaces.domains import Fixed
from search_spaces.space import PostSettings
from trainables.jobs import TrialJob
from trainables.proof.exchange import Question

Planted = Callable[[str], Settings]


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """Settings of a Cascade R-CNN space with the given text after its detector and rule."""

    def settings(text: str) -> Settings:
        file = tmp_path / "planted.yaml"
        file.write_text(f"detector: cascade_rcnn\nrule: coco50\n{text}")
        return resolve(parse_options(["--space", str(file), "--data", str(write_data(tmp_path))]), None)

    return settings


def shipped(folder: Path, space: str, profile: str) -> Settings:
    return resolve(parse_options(["--space", space, "--profile", profile, "--data", str(write_data(folder))]), None)


def pairs(question: Question, name: str) -> list[tuple[TrialJob, TrialJob]]:
    key = next(key for key in question.keys if key.name == name)
    return [(question.jobs[left], question.jobs[right]) for left, right in key.pairs]


def changed(left: TrialJob, right: TrialJob) -> set[str]:
    return {name for name in {*left.params, *right.params} if left.params.get(name) != right.params.get(name)}


@pytest.mark.parametrize("profile", ["full", "demo"])
def test_every_searched_key_is_asked_about(tmp_path: Path, profile: str) -> None:
    settings = shipped(tmp_path, "cascade.yaml", profile)
    searched = {f"train.{one.name}" for one in settings.space.train if not isinstance(one.domain, Fixed)}
    swept = {f"predict.{one.name}" for one in settings.space.predict if len(one.values) > 1}
    post = {f"post.{field.name}" for field in fields(PostSettings)}
    assert {key.name for key in question_of(settings, measure=False).keys} == searched | swept | post


def test_two_jobs_of_a_pair_differ_in_their_key_alone(tmp_path: Path) -> None:
    question = question_of(shipped(tmp_path, "cascade.yaml", "full"), measure=False)
    for key in question.keys:
        section, name = key.name.split(".")
        for left, right in pairs(question, key.name):
            assert changed(left, right) == ({name} if section == "train" else set())
            assert (left.post == right.post) == (section != "post")
            assert len(left.views) == len(right.views) == 1


def test_a_conditional_key_is_changed_below_its_parents(planted: Planted) -> None:
    train = (
        "train:\n  optimizer: {choice: [adamw, sgd]}\n"
        "  schedule: {choice: [cosine, step], when: {optimizer: [sgd]}}\n"
        '  lr_steps: {choice: ["1", "2"], when: {schedule: [step]}}\n'
    )
    ((left, right),) = pairs(question_of(planted(train), measure=False), "train.lr_steps")
    assert (left.params["lr_steps"], right.params["lr_steps"]) == ("1", "2")
    assert {(job.params["optimizer"], job.params["schedule"]) for job in (left, right)} == {("sgd", "step")}


def test_a_parent_does_not_live_by_its_childs_effect(planted: Planted) -> None:
    train = "train:\n  flip: {choice: [none, both]}\n  lr: {choice: [0.1, 0.2], when: {flip: [none]}}\n"
    ((left, right),) = pairs(question_of(planted(train), measure=False), "train.flip")
    assert changed(left, right) == {"flip"}
    assert left.params["lr"] == right.params["lr"] == 0.02


def test_a_value_that_excludes_another_is_left_to_the_search(planted: Planted) -> None:
    train = "train:\n  backbone: {choice: [resnet50, resnet18, resnet101]}\n  dcn: {choice: [v1, v2]}\n"
    found = pairs(question_of(planted(train), measure=False), "train.backbone")
    assert [right.params["backbone"] for _, right in found] == ["resnet101"]


def test_ranges_are_tried_at_both_ends(planted: Planted) -> None:
    found = pairs(question_of(planted("train:\n  lr: {log: [0.001, 0.1]}\n"), measure=False), "train.lr")
    assert [(round(left.params["lr"], 6), right.params["lr"]) for left, right in found] == [(0.01, 0.001), (0.01, 0.1)]


def test_of_a_long_choice_some_values_are_tried(planted: Planted) -> None:
    train = f"train:\n  batch_size: {{choice: {list(range(1, 41))}}}\n"
    found = pairs(question_of(planted(train), measure=False), "train.batch_size")
    assert [right.params["batch_size"] for _, right in found] == [6, 11, 16, 21, 26, 31, 36]


def test_the_fake_detector_has_no_post_tier_to_prove(tmp_path: Path) -> None:
    given = ["--space", str(write_space(tmp_path)), "--data", str(write_data(tmp_path))]
    settings = resolve(parse_options(given), None)
    question = question_of(settings, measure=False)
    assert [key.name for key in question.keys] == ["train.x"]
    assert Question.from_dict(question.to_dict()) == question


def test_a_parameter_is_asked_about_in_each_of_its_groups(planted: Planted) -> None:
    groups = (
        "train:\n  optimizer: {choice: [sgd, adamw]}\n"
        "  by_sgd: {when: {optimizer: [sgd]}, lr: {log: [0.01, 0.1]}}\n"
        "  by_adamw: {when: {optimizer: [adamw]}, lr: {choice: [0.001, 0.0001]}}\n"
    )
    question = question_of(planted(groups), measure=False)
    assert {pair[1].params["optimizer"] for pair in pairs(question, "train.by_sgd.lr")} == {"sgd"}
    ((left, right),) = pairs(question, "train.by_adamw.lr")
    assert (left.params["lr"], right.params["lr"]) == (0.001, 0.0001)
    assert changed(left, right) == {"lr"}


def test_a_forbidden_point_is_not_asked_about(planted: Planted) -> None:
    text = "train: {norm: {choice: [bn, gn]}, fpn_outputs: {choice: [5, 6]}}\nforbid: [{norm: gn, fpn_outputs: 5}]\n"
    for left, right in pairs(question_of(planted(text), measure=False), "train.norm"):
        assert (right.params["norm"], right.params["fpn_outputs"]) == ("gn", 6)
        assert changed(left, right) == {"norm"}


def test_joint_predict_keys_change_the_view_alone(planted: Planted) -> None:
    text = "train: {}\npredict: {search: joint, flip: {sweep: [false, true]}}\n"
    ((left, right),) = pairs(question_of(planted(text), measure=False), "predict.flip")
    assert [job.views[0]["flip"] for job in (left, right)] == [False, True]
    assert changed(left, right) == set()


@pytest.mark.parametrize("search", ["", "search: joint, "])
def test_a_predict_key_is_changed_where_it_does_something(planted: Planted, search: str) -> None:
    text = f"train: {{iou_branch: {{choice: [false, true]}}}}\npredict: {{{search}iou_power: {{sweep: [0, 0.5]}}}}\n"
    ((left, right),) = pairs(question_of(planted(text), measure=False), "predict.iou_power")
    assert left.params["iou_branch"] is right.params["iou_branch"] is True
    assert [job.views[0]["iou_power"] for job in (left, right)] == [0, 0.5]
