"""Half precision: what is written for mmengine, a CPU that refuses it, and steps that are taken in it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import mmengine.optim.optimizer.amp_optimizer_wrapper as amp
import pytest
import torch
from mmengine.runner import Runner
from tiny_detectors import tiny, tiny_data
from torch import nn

from results.errors import InputError
from trainables.device_needs import unmet_needs
from trainables.effective import effective_config
from trainables.jobs import TrialJob
from trainables.training import Course, Place, train
from trainables.trial import run_trial

HALVES = ["float16", "bfloat16"]


class Silent:
    """An observer; nothing is looked at on the way."""

    def resumed(self, model: nn.Module, epoch: int) -> None:
        """Nothing."""

    def iteration(self) -> None:
        """Nothing."""

    def rung(self, runner: Runner, epoch: int) -> None:
        """Nothing."""


def config_of(dataset: Path, precision: str, detector: str = "fcos", **changes: object) -> dict[str, Any]:
    params = tiny(detector, precision=precision, gradient_clip=10.0, **changes)
    return effective_config(detector, params, tiny_data(dataset), seed=0)


@pytest.mark.parametrize("precision", HALVES)
def test_the_wrapper_is_mmengines_own_and_keeps_what_is_beside_it(tiny_dataset: Path, precision: str) -> None:
    full, half = config_of(tiny_dataset, "full"), config_of(tiny_dataset, precision)
    assert half["optim_wrapper"] == {**full["optim_wrapper"], "type": "AmpOptimWrapper", "dtype": precision}
    assert {**half, "optim_wrapper": 0} == {**full, "optim_wrapper": 0}
    assert [one.what for one in unmet_needs(half, on_gpu=False)] == ["mixed precision"]
    assert unmet_needs(half, on_gpu=True) == unmet_needs(full, on_gpu=False) == ()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_trial_on_a_cpu_refuses_it_and_writes_nothing(tiny_job: TrialJob) -> None:
    job = replace(tiny_job, params={**tiny_job.params, "precision": "float16"})
    with pytest.raises(InputError, match=r"mixed precision \(AmpOptimWrapper at optim_wrapper\), which a CPU does not"):
        run_trial(job, lambda event: None)
    assert not Path(job.folder).exists()


@pytest.mark.training
@pytest.mark.skipif(torch.cuda.is_available(), reason="the steps of the next test are the real ones there")
def test_steps_are_taken_in_halves_with_the_check_for_a_gpu_lifted(
    tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amp, "is_cuda_available", lambda: True)
    weights = [weights_of(train_in(tiny_dataset, tmp_path, precision)) for precision in ("full", "bfloat16")]
    assert all(one.isfinite().all() and one.dtype == torch.float32 for one in weights)
    assert not torch.equal(*weights)
    assert torch.allclose(*weights, atol=0.02)


@pytest.mark.training
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", HALVES)
@pytest.mark.parametrize("detector", ["fcos", "cascade_rcnn", "deformable_detr"])
def test_steps_are_taken_in_halves_on_a_gpu(tiny_dataset: Path, tmp_path: Path, precision: str, detector: str) -> None:
    model = train_in(tiny_dataset, tmp_path, precision, detector)
    assert all(one.isfinite().all() and one.dtype == torch.float32 for one in model.parameters())


def train_in(dataset: Path, folder: Path, precision: str, detector: str = "fcos") -> nn.Module:
    torch.set_num_threads(1)
    return train(config_of(dataset, precision, detector), Place(folder / precision), Course((1,), Silent()))


def weights_of(model: nn.Module) -> torch.Tensor:
    return torch.cat([one.detach().flatten() for one in model.parameters()])
