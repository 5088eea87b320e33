from dataclasses import replace
from pathlib import Path

import pytest

from results.rules import load_rule
from trainables.data.dataset import load_dataset, load_truth
from trainables.effective import training_data, trial_config
from trainables.jobs import TrialJob
from trainables.proof.exchange import Iteration
from trainables.proof.measuring import measured

pytestmark = pytest.mark.training


def iteration_of(job: TrialJob) -> Iteration:
    dataset = load_dataset(Path(job.dataset))
    data = training_data(dataset, load_truth(dataset, dataset.train).categories, load_rule(job.rule))
    return measured(job, trial_config(job, data))


def test_a_small_iteration_is_timed_and_weighed(tiny_job: TrialJob) -> None:
    found = iteration_of(tiny_job)
    assert found.reason is None
    assert found.seconds is not None and found.image_seconds is not None
    assert found.image_seconds > 0
    # AdamW keeps two numbers for each weight, beside its gradient; buffers of a few bytes come on top.
    assert found.state_bytes is not None
    assert found.state_bytes == pytest.approx(4 * 4 * found.parameters, rel=0.01)
    assert found.activation_bytes is not None and found.activation_bytes > 4 * 96 * 72


def test_a_full_size_iteration_is_not_tried_on_a_cpu(tiny_job: TrialJob) -> None:
    full = {**tiny_job.params, "backbone": "resnet50", "base_channels": 64, "train_scale": "2048x1200"}
    found = iteration_of(replace(tiny_job, params=full))
    assert (found.seconds, found.activation_bytes) == (None, None)
    assert found.reason is not None and "a CPU takes minutes for 4 such images" in found.reason
    assert found.parameters > 20_000_000


def test_what_fails_is_the_reason_and_no_failure_of_the_proof(tiny_job: TrialJob) -> None:
    missing = replace(tiny_job, views=({**tiny_job.views[0], "scale": "nonsense"},))
    found = iteration_of(missing)
    assert found.seconds is None
    assert found.reason is not None and "nonsense" in found.reason
