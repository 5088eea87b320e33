"""What is built of a configuration, after everything in it that overrides something else has done so."""

from typing import Any

import pytest
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from proof_jobs import CONFIG, DATA, with_entry
from tiny_detectors import tiny

from trainables.effective import effective_config
from trainables.proof.building import built
from trainables.proof.description import Description
from trainables.proof.watching import reads_of_predicting, reads_of_training

VIEW = {
    "scale": "1333x800",
    "flip": True,
    "score_floor": 0.001,
    "max_raw_per_image": 100,
    "flip_vertical": True,
    "tiles": "64x48",
}
ONE_CYCLE = {"type": "OneCycleLR", "eta_max": 0.01, "total_steps": 16, "by_epoch": False}


@HOOKS.register_module()
class SetsTheRate(Hook):  # type: ignore[misc]  # mmengine is untyped
    def before_train(self, runner: Runner) -> None:
        runner.optim_wrapper.param_groups[0]["lr"] = 0.5


def description(config: dict[str, Any]) -> Description:
    with built(config) as found:
        return found.describe()


def test_two_builds_of_one_configuration_are_alike() -> None:
    first, second = description(CONFIG), description(CONFIG)
    assert first.built == second.built
    assert first.held == second.held
    assert len(first.built) > 1000


def test_a_rate_that_the_schedule_overrides_is_built_nowhere() -> None:
    low, high = (
        description(with_entry(with_entry(CONFIG, "param_scheduler", [ONE_CYCLE]), "optim_wrapper.optimizer.lr", rate))
        for rate in (0.001, 0.002)
    )
    assert low.built == high.built
    plain = description(with_entry(CONFIG, "optim_wrapper.optimizer.lr", 0.002))
    assert plain.built != description(CONFIG).built


def test_a_rate_that_a_hook_overrides_is_seen_as_overridden() -> None:
    found = description({**CONFIG, "custom_hooks": [{"type": "SetsTheRate"}]})
    assert found.built["optim_wrapper.optimizer.group_0.lr"] == "0.5"


def test_nothing_of_the_data_is_read() -> None:
    found = description(with_entry(CONFIG, "train_dataloader.dataset.ann_file", "nowhere.json"))
    assert found.built["dataset.ann_file"] == "'nowhere.json'"


@pytest.mark.parametrize(
    "place",
    ["model.train_cfg.rpn_proposal.nms_pre", "optim_wrapper.clip_grad_kwargs.max_norm", "model.neck.init_cfg.type"],
)
def test_a_training_step_reads_what_is_used_in_it(place: str) -> None:
    clipped = with_entry(CONFIG, "optim_wrapper.clip_grad", {"max_norm": 3.0})
    assert place in reads_of_training(clipped)


def test_queries_that_begin_at_places_do_so_in_a_small_image_too() -> None:
    two_stage = tiny("deformable_detr", embed_dims=256, box_refine=True, two_stage=True, queries=300)
    config = effective_config("deformable_detr", two_stage, DATA, seed=0)
    assert "view.flip" in reads_of_predicting(config, VIEW)
    assert "optim_wrapper.clip_grad_kwargs.max_norm" in reads_of_training(config)


def test_what_this_project_does_elsewhere_is_read_nowhere() -> None:
    reads = reads_of_training(CONFIG) | reads_of_predicting(CONFIG, VIEW)
    assert "model.rpn_head.test_cfg.nms_pre" in reads
    assert {place for place in reads if place.endswith("score_thr")} == set()  # post-processing is solved, not trained


def test_a_prediction_reads_every_setting_of_its_view() -> None:
    assert {f"view.{name}" for name in VIEW} <= reads_of_predicting(CONFIG, VIEW)
