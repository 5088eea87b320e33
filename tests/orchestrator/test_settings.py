import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_search import write_data, write_space

from orchestrator.options import Options, parse_options
from orchestrator.settings import (
    Settings,
    chosen_profile,
    dataset_path,
    recorded_settings,
    resolve,
    run_to_resume,
    visible_gpus,
)
from results.errors import DamagedFileError, InputError
from results.layout import RunLayout, write_atomically
from results.ledger import Ledger
from search_spaces.written_form import to_yaml

Begin = Callable[[], tuple[Options, RunLayout]]

NAMES = ("full", "demo")


def _options(folder: Path, *more: str) -> Options:
    return parse_options(["--space", str(folder / "fake.yaml"), "--data", str(folder / "dataset.yaml"), *more])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    write_space(tmp_path)
    write_data(tmp_path)
    return resolve(_options(tmp_path), None)


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> RunLayout:
    layout = RunLayout(tmp_path / "runs" / "a")
    write_atomically(layout.settings, json.dumps(settings.record()))
    write_atomically(layout.space, to_yaml(settings.space))
    return layout


def test_the_space_decides_what_the_command_line_leaves_open(settings: Settings, tmp_path: Path) -> None:
    assert (settings.trials, settings.hours, settings.seed, settings.rule) == (8, None, 0, "coco50")
    given = resolve(_options(tmp_path, "--trials", "3", "--hours", "0.5", "--seed", "9", "--profile", "full"), None)
    assert (given.trials, given.hours, given.seed, given.space.profile) == (3, 0.5, 9, "full")


def test_the_profile_is_chosen_and_explained(settings: Settings) -> None:
    assert settings.space.profile == "demo"
    assert "no GPU" in settings.notices[0]
    assert chosen_profile("full", {"profile": "demo"}, NAMES) == ("full", "profile full: asked for")
    assert chosen_profile("auto", {"profile": "small"}, NAMES)[0] == "small"


@pytest.mark.parametrize("visible", ["", "-1", " "])
def test_hidden_gpus_do_not_count(monkeypatch: pytest.MonkeyPatch, visible: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert visible_gpus() == 0
    assert chosen_profile("auto", {}, NAMES)[0] == "demo"
    assert chosen_profile("auto", {}, ("full",))[0] == "full"


def test_no_more_gpus_are_visible_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    there = visible_gpus()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(there + 3))))
    assert visible_gpus() == there


def test_the_rule_of_the_data_wins_and_that_is_said(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "dataset.yaml"
    file.write_text(file.read_text().replace("coco50", "voc50"))
    changed = resolve(_options(tmp_path), None)
    assert changed.rule == "voc50"
    assert any("voc50" in notice and "coco50" in notice for notice in changed.notices)
    assert settings.rule == "coco50"


def test_a_space_without_a_rule_takes_the_data_s_and_needs_one(settings: Settings, tmp_path: Path) -> None:
    space, data = tmp_path / "fake.yaml", tmp_path / "dataset.yaml"
    space.write_text(space.read_text().replace("rule: coco50\n", ""))
    given = data.read_text()
    data.write_text("".join(line for line in given.splitlines(True) if not line.startswith("rule:")))
    with pytest.raises(InputError, match="the space or the data set must name a rule"):
        resolve(_options(tmp_path), None)
    data.write_text(data.read_text() + "rule: coco50\n")
    resolved = resolve(_options(tmp_path), None)
    assert resolved.rule == "coco50" and not any(one.startswith("rule") for one in resolved.notices)


def test_a_rule_that_scores_none_of_the_classes_is_refused(settings: Settings, tmp_path: Path) -> None:
    for name in ("train.json", "val.json"):
        content = json.loads((tmp_path / name).read_text())
        content["categories"][0]["id"] = content["annotations"][0]["category_id"] = 99
        content["annotations"] = content["annotations"][:1]
        (tmp_path / name).write_text(json.dumps(content))
    file = tmp_path / "dataset.yaml"
    file.write_text(file.read_text().replace(settings.rule, "bottle_round1"))
    with pytest.raises(InputError, match="share a category"):
        resolve(_options(tmp_path), None)


@pytest.mark.parametrize(("split", "purpose"), [("train", "learn from"), ("val", "score")])
def test_boxes_of_classes_that_the_rule_does_not_score_are_nothing_to_learn_or_score(
    settings: Settings, tmp_path: Path, split: str, purpose: str
) -> None:
    for name in ("train", "val"):
        content = json.loads((tmp_path / f"{name}.json").read_text())
        content["categories"] = [{"id": 1, "name": "瓶盖破损"}, {"id": 99, "name": "other"}]
        for row in content["annotations"]:
            row["category_id"] = 99 if name == split else 1
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    file = tmp_path / "dataset.yaml"
    file.write_text(file.read_text().replace(settings.rule, "bottle_round1"))
    with pytest.raises(InputError, match=f"{split} must hold a box to {purpose}; received .* that rule bottle_round1"):
        resolve(_options(tmp_path), None)


def test_a_resumed_run_keeps_what_it_began_with(settings: Settings, run: RunLayout, tmp_path: Path) -> None:
    bare = parse_options(["--space", str(run.space), "--resume", "--name", "a"])
    assert resolve(bare, run).record() == {**settings.record(), "space": "space"}
    assert resolve(_options(tmp_path, "--trials", "20"), run).trials == 20


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("fake.yaml", "1.0", "0.9", r"another space than a began with; give --space \S*a/space\.yaml"),
        ("train.json", "[1, 1, 4, 4]", "[1, 1, 4, 5]", "another training data"),
        ("val.json", "[1, 1, 4, 4]", "[1, 1, 4, 5]", "another validation data"),
        ("dataset.yaml", "coco50", "voc50", "another rule"),
    ],
)
def test_a_resumed_run_refuses_what_changed(
    run: RunLayout, tmp_path: Path, file: str, old: str, new: str, named: str
) -> None:
    path = tmp_path / file
    changed = path.read_text().replace(old, new)
    assert changed != path.read_text()
    path.write_text(changed)
    with pytest.raises(InputError, match=named):
        resolve(_options(tmp_path), run)


def test_a_resumed_run_refuses_another_seed(run: RunLayout, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="use --seed 0"):
        resolve(_options(tmp_path, "--seed", "1"), run)


def test_a_run_killed_in_its_first_moments_is_known_by_its_ledger(run: RunLayout) -> None:
    run.settings.unlink()
    Ledger.create(run.ledger, {"profile": "demo", "seed": 3}).close()
    assert recorded_settings(run)["seed"] == 3


@pytest.mark.parametrize("content", ["{", "[]"])
def test_damaged_settings_are_not_guessed(run: RunLayout, content: str) -> None:
    run.settings.write_text(content)
    with pytest.raises(DamagedFileError, match="settings"):
        recorded_settings(run)


def test_resume_means_the_newest_run_or_the_named_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = parse_options(["--space", "a", "--resume"])
    assert run_to_resume(replace(options, resume=False)) is None
    for faulty in (options, replace(options, name="b")):
        with pytest.raises(InputError):
            run_to_resume(faulty)


def test_data_is_the_resumed_runs_unless_given() -> None:
    assert dataset_path(None, {"dataset": "/d.yaml"}) == Path("/d.yaml")
    assert dataset_path("e.yaml", {"dataset": "/d.yaml"}) == Path("e.yaml")


def test_a_detector_that_reads_no_data_needs_none(tmp_path: Path) -> None:
    write_space(tmp_path)
    found = resolve(parse_options(["--space", str(tmp_path / "fake.yaml")]), None)
    assert (found.data, found.dataset_path, found.group_by, found.rule) == (None, None, None, "coco50")
    layout = RunLayout(tmp_path / "a")
    write_atomically(layout.settings, json.dumps(found.record()))
    again = resolve(parse_options(["--space", str(tmp_path / "fake.yaml"), "--resume", "--name", "a"]), layout)
    assert again.record() == found.record()


def test_start_weights_that_are_not_there_are_named_before_anything_starts(tmp_path: Path) -> None:
    space = tmp_path / "start.yaml"
    space.write_text("detector: cascade_rcnn\nrule: coco50\ntrain: {init: absent.pth, lr: {log: [0.001, 0.01]}}\n")
    write_data(tmp_path)
    with pytest.raises(InputError, match=r"absent\.pth"):
        resolve(parse_options(["--space", str(space), "--data", str(tmp_path / "dataset.yaml")]), None)
