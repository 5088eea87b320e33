"""Keys of a whole configuration file, planted to be dead, overridden or alive; each is built, and none is trained."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_config import write_tiny_config

from orchestrator.options import parse_options
from orchestrator.plan import dry_run
from orchestrator.search import main
from orchestrator.settings import Settings, resolve
from results.commands import run_command
from results.errors import InputError
from trainables.proof.answering import answer

pytestmark = pytest.mark.training

Planted = Callable[..., Settings]
HEAD = "detector: config\nconfig: {file}\nrule: coco50\ntrain: {{train_scale: 96x72, batch_size: 2}}\nset:\n"
ONE_CYCLE = "param_scheduler = [dict(type='OneCycleLR', eta_max=0.01, total_steps=100, by_epoch=False)]\n"


def space_of(folder: Path, keys: str, file_ends: str = "") -> Path:
    space = folder / "planted.yaml"
    space.write_text(HEAD.format(file=write_tiny_config(folder, file_ends)) + keys)
    return space


@pytest.fixture
def planted(tmp_path: Path, tiny_dataset: Path) -> Planted:
    """Settings of a space with these keys under `set`, and lines that end its configuration file."""

    def settings(keys: str, file_ends: str = "") -> Settings:
        space = space_of(tmp_path, keys, file_ends)
        return resolve(parse_options(["--space", str(space), "--data", str(tiny_dataset)]), None)

    return settings


def faulty(settings: Settings) -> dict[str, str]:
    """The lines of the refusal, by key."""
    with pytest.raises(InputError) as caught:
        dry_run(settings, prove=answer)
    lines = [line.split("planted: set.")[1] for line in caught.value.line().splitlines()]
    return {key: rest for key, _, rest in (line.partition(" ") for line in lines)}


def test_dead_and_overridden_keys_are_told_from_live_ones(planted: Planted) -> None:
    keys = (
        "  model.test_cfg.rcnn.score_thr: {choice: [0.01, 0.05]}\n"  # a trial takes raw detections, before it
        "  model.roi_head.bbox_head.num_classes: {choice: [3, 5]}\n"  # the data set's count is put in its place
        "  model.test_cfg.rpn.nms.iou_threshold: {range: [0.3, 0.7]}\n"
        "  model.train_cfg.rpn_proposal.nms_pre: {choice: [40, 50]}\n"
        "  optim_wrapper.optimizer.lr: {log: [0.001, 0.01]}\n"
    )
    found = faulty(planted(keys))
    assert list(found) == ["model.test_cfg.rcnn.score_thr", "model.roi_head.bbox_head.num_classes"]
    assert "nothing reads it" in found["model.test_cfg.rcnn.score_thr"]
    assert "something else decides" in found["model.roi_head.bbox_head.num_classes"]


def test_a_rate_that_the_schedule_overrides_is_named(planted: Planted) -> None:
    keys = "  optim_wrapper.optimizer.lr: {log: [0.001, 0.01]}\n  param_scheduler.0.eta_max: {log: [0.001, 0.01]}\n"
    assert list(faulty(planted(keys, ONE_CYCLE))) == ["optim_wrapper.optimizer.lr"]


def test_entries_that_only_a_step_reads_are_proved_by_it(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    keys = "  model.test_cfg.rpn.nms.iou_threshold: {range: [0.3, 0.7]}\n"
    assert dry_run(planted(f"{keys}predict: {{flip: {{sweep: [false, true]}}}}\n"), prove=answer) == 0
    said = capsys.readouterr().out
    assert "model.rpn_head.test_cfg.nms.iou_threshold: 0.5 -> 0.3, read in one step" in said
    assert "view.flip: False -> True, read in one step" in said


def test_predict_keys_that_are_searched_jointly_are_proved_too(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    joint = "  optim_wrapper.optimizer.lr: 0.001\npredict: {search: joint, scale: {sweep: [96x72, 128x96]}}\n"
    assert dry_run(planted(joint), prove=answer) == 0
    assert "predict.scale  96x72 | 128x96\n    view.scale: 96x72 -> 128x96, read" in capsys.readouterr().out


def test_a_value_that_cannot_be_built_is_named(planted: Planted) -> None:
    (found,) = faulty(planted("  model.backbone.depth: {choice: [18, 19]}\n")).items()
    assert found[0] == "model.backbone.depth:"
    assert "invalid depth 19" in found[1]


def test_a_misspelt_path_gets_the_nearest_name(
    tmp_path: Path, tiny_dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = space_of(tmp_path, "  optim_wrapper.optimizer.lrr: {log: [0.001, 0.01]}\n")
    assert run_command(main, ["--space", str(space), "--dry-run", "--data", str(tiny_dataset)]) == 2
    complaint = capsys.readouterr().err
    assert len(complaint.splitlines()) == 1
    assert "lrr" in complaint and "did you mean" in complaint
