"""What a worker should say that it built of a job, worked out by the driver without torch."""

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.settings import Settings
from orchestrator.spaces import reads_data
from results.rules import load_rule
from trainables.effective import training_data, trial_hash
from trainables.jobs import TrialJob


def expected_hash(settings: Settings) -> Callable[[Mapping[str, Any]], str]:
    """Takes the fields of a `TrialJob` to the hash of its effective configuration."""
    data = None
    if settings.data is not None and reads_data(settings.space):
        data = training_data(settings.data.dataset, settings.data.summary.categories, load_rule(settings.rule))
    return lambda job: trial_hash(TrialJob.from_dict(job), data)
