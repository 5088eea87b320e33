"""What cannot be built is the configuration's fault; what goes wrong later is not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mmengine.runner import Runner
from tiny_detector import TINY_DETECTOR
from torch import nn

from results.rules import load_rule
from trainables.data.dataset import load_dataset, load_truth
from trainables.effective import effective_config, training_data
from trainables.failures import BadConfigurationError, failure_fingerprint, failure_kind
from trainables.training import Course, Place, train

pytestmark = pytest.mark.training


class Silent:
    """An observer that raises at the first iteration, if it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def resumed(self, model: nn.Module, epoch: int) -> None:
        """Nothing."""

    def iteration(self) -> None:
        if self.error is not None:
            raise self.error

    def rung(self, runner: Runner, epoch: int) -> None:
        """Nothing."""


@pytest.fixture
def config(tiny_dataset: Path) -> dict[str, Any]:
    dataset = load_dataset(tiny_dataset)
    data = training_data(dataset, load_truth(dataset, dataset.train).categories, load_rule("coco50"))
    return effective_config("cascade_rcnn", TINY_DETECTOR, data, seed=0)


def with_neck(config: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    return {**config, "model": {**config["model"], "neck": {**config["model"]["neck"], **changes}}}


def failure(config: Mapping[str, Any], folder: Path, observer: Silent) -> Exception:
    with pytest.raises(Exception) as caught:  # the tests look at it
        train(config, Place(folder), Course((1,), observer))
    return caught.value


@pytest.mark.parametrize("change", [{"type": "FPM"}, {"num_outs": "many"}, {"colour": "red"}])
def test_a_model_that_cannot_be_built(config: dict[str, Any], tmp_path: Path, change: dict[str, object]) -> None:
    error = failure(with_neck(config, **change), tmp_path, Silent())
    assert isinstance(error, BadConfigurationError)
    again = failure(with_neck(config, **change), tmp_path, Silent())
    assert failure_fingerprint(again) == failure_fingerprint(error)


def test_a_pipeline_that_cannot_be_built(config: dict[str, Any], tmp_path: Path) -> None:
    pipeline = config["train_dataloader"]["dataset"]["pipeline"]
    pipeline[2] = {"type": "Resiez"}
    assert failure_kind(failure(config, tmp_path, Silent())) == "bad configuration"


def test_what_is_raised_in_an_iteration_stays_what_it_is(config: dict[str, Any], tmp_path: Path) -> None:
    error = failure(config, tmp_path, Silent(KeyError("lr")))
    assert isinstance(error, KeyError)
    assert failure_kind(error) == "error"
