from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_search import write_data, write_space

from orchestrator.options import parse_options
from orchestrator.plan import differences, dry_run, proofs
from orchestrator.settings import Settings, resolve
from results.errors import InputError
from search_spaces.domains import Fixed
from search_spaces.loading import load_space
from trainables.catalogue import DETECTORS
from trainables.effective import TrainingData

DATA = TrainingData("train.json", "images", (1, 2), ("dot", "dash"))
Planted = Callable[[str], Settings]


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """Settings of a Cascade R-CNN space with the given train section."""

    def settings(train: str) -> Settings:
        file = tmp_path / "planted.yaml"
        file.write_text(f"detector: cascade_rcnn\nrule: coco50\ntrain:\n{train}")
        data = write_data(tmp_path)
        return resolve(parse_options(["--space", str(file), "--data", str(data), "--profile", "full"]), None)

    return settings


@pytest.mark.parametrize("profile", ["full", "demo"])
def test_every_key_of_the_shipped_space_takes_effect(profile: str) -> None:
    space = load_space("cascade.yaml", DETECTORS, profile)
    proved = dict(proofs(space, DATA))
    searched = {f"train.{one.name}" for one in space.train if not isinstance(one.domain, Fixed)}
    swept = {f"predict.{one.name}" for one in space.predict if len(one.values) > 1}
    assert set(proved) == searched | swept
    assert [name for name, changes in proved.items() if not changes] == []


def test_keys_change_what_they_are_called_after() -> None:
    proved = dict(proofs(load_space("cascade.yaml", DETECTORS, "full"), DATA))
    assert proved["train.lr"] == ["train.optim_wrapper.optimizer.lr"]
    assert proved["train.batch_size"] == ["train.train_dataloader.batch_size"]
    assert all("anchor_generator" in change for change in proved["train.anchor_ratios"])
    assert all(change.endswith("scale") for change in proved["predict.scale"])


def test_a_key_that_takes_no_effect_is_an_error_that_names_it(planted: Planted) -> None:
    dead = "  optimizer: adamw\n  momentum: {range: [0.5, 0.9]}\n  lr: {log: [0.001, 0.01]}\n"
    with pytest.raises(InputError, match=r"train\.momentum changes nothing") as caught:
        dry_run(planted(dead))
    assert len(caught.value.line().splitlines()) == 1


def test_all_dead_keys_are_named_at_once(planted: Planted) -> None:
    dead = '  schedule: cosine\n  lr_steps: {choice: ["1", "2"]}\n  optimizer: adamw\n  momentum: {range: [0.5, 0.9]}\n'
    with pytest.raises(InputError) as caught:
        dry_run(planted(dead))
    assert [line.split("planted: ")[1].split()[0] for line in caught.value.line().splitlines()] == [
        "train.lr_steps",
        "train.momentum",
    ]


def test_a_conditional_key_is_tried_below_its_parents(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    train = (
        "  optimizer: {choice: [adamw, sgd]}\n"
        "  schedule: {choice: [cosine, step], when: {optimizer: [sgd]}}\n"
        '  lr_steps: {choice: ["1", "2"], when: {schedule: [step]}}\n'
        "  momentum: {range: [0.5, 0.9], when: {optimizer: [sgd]}}\n"
    )
    assert dry_run(planted(train)) == 0
    said = capsys.readouterr().out
    assert "train.lr_steps: train.param_scheduler" in said
    assert said.endswith("every key takes effect\n")


def test_a_dry_run_writes_nothing(planted: Planted, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = planted("  lr: {log: [0.001, 0.01]}\n")
    before = sorted(tmp_path.rglob("*"))
    assert dry_run(settings) == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert "4 training and 3 validation images, 1 scored classes" in capsys.readouterr().out


def test_a_detector_that_builds_nothing_has_no_plan(tmp_path: Path) -> None:
    options = parse_options(["--space", str(write_space(tmp_path)), "--data", str(write_data(tmp_path))])
    with pytest.raises(InputError, match="builds nothing"):
        dry_run(resolve(options, None))


def test_differences_are_dotted_places() -> None:
    left = {"a": {"b": 1, "c": [1, 2]}, "d": None}
    assert list(differences(left, left)) == []
    assert sorted(differences(left, {"a": {"b": 2, "c": [1]}, "e": 0})) == ["a.b", "a.c", "e"]
