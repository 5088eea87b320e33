"""What a configuration file says that a trial of it will not do is said before the search."""

from pathlib import Path

from orchestrator.config_notices import config_notices
from search_spaces.loading import load_space
from trainables.catalogue import DETECTORS

CONFIG = """
_base_ = ["mmdet::_base_/models/faster-rcnn_r50_fpn.py"]
model = dict(backbone=dict(frozen_stages=-1, norm_eval=False))
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="AdamW", lr=0.001))
param_scheduler = [dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=5)]
"""


def config_file(folder: Path, more: str = "") -> Path:
    file = folder / "some.py"
    file.write_text(CONFIG + more)
    return file


def space_of(file: Path, folder: Path, epochs: int) -> Path:
    path = folder / "space.yaml"
    path.write_text(
        f"config: {file}\nrule: coco50\ntrain: {{batch_size: 4}}\nsearch: {{epochs: {epochs}, trials: 1}}\n"
    )
    return path


def test_a_schedule_beyond_the_end_of_a_trial_is_a_notice(tmp_path: Path) -> None:
    more = (
        "param_scheduler.append(dict(type='MultiStepLR', milestones=[8, 11], by_epoch=True))\n"
        "train_cfg = dict(type='IterBasedTrainLoop', max_iters=90000)\ncustom_hooks = [dict(type='EMAHook')]\n"
    )
    space = load_space(str(space_of(config_file(tmp_path, more), tmp_path, 1)), DETECTORS, "full")
    hooks, loop, iterations, epochs = config_notices(space, train_images=8)
    assert "custom_hooks of the file are not used" in hooks
    assert "it trains 90000 iterations, a trial at most 2 (1 epochs)" in loop
    assert "the schedule goes on to iteration 5, a trial ends at 2" in iterations
    assert "the schedule goes on to epoch 11, a trial ends at 1" in epochs


def test_a_schedule_that_a_trial_holds_is_none(tmp_path: Path) -> None:
    space = load_space(str(space_of(config_file(tmp_path), tmp_path, 3)), DETECTORS, "full")
    assert config_notices(space, train_images=8) == ()
