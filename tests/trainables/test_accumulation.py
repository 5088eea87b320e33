"""A batch in parts: the same steps and learning rates, and without BatchNorm the same gradients."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import nn

from results.layout import TrialLayout
from trainables.accumulation import accumulated_step, split_batch
from trainables.jobs import TrialJob
from trainables.trial import run_trial


class Line(BaseModel):
    """The smallest mmengine model: mean squared error of a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Sequence[torch.Tensor], y: Sequence[torch.Tensor], mode: str) -> dict[str, torch.Tensor]:
        assert mode == "loss"
        return {"loss": (self.layer(torch.stack(list(x))) - torch.stack(list(y))).square().mean()}


def batch_of(count: int) -> dict[str, Sequence[torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return {
        "x": list(torch.randn(count, 2, generator=generator)),
        "y": list(torch.randn(count, 1, generator=generator)),
    }


def stepped(count: int, parts: int) -> tuple[torch.Tensor, float]:
    model = Line()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    losses = accumulated_step(model, wrapper, batch_of(count), parts)
    return model.layer.weight.detach(), float(losses["loss"])


@pytest.mark.parametrize(("count", "parts"), [(4, 2), (8, 4), (3, 2), (1, 2), (5, 4)])
def test_parts_make_the_step_of_the_whole_batch(count: int, parts: int) -> None:
    whole, loss = stepped(count, 1)
    weight, same_loss = stepped(count, parts)
    assert torch.allclose(weight, whole, atol=1e-6)
    assert same_loss == pytest.approx(loss, abs=1e-6)


def test_a_batch_is_split_evenly_and_never_into_nothing() -> None:
    sizes = {count: [len(part["x"]) for part, _ in split_batch(batch_of(count), 4)] for count in (8, 6, 2)}
    assert sizes == {8: [2, 2, 2, 2], 6: [1, 2, 1, 2], 2: [1, 1]}
    assert sum(share for _, share in split_batch(batch_of(7), 4)) == pytest.approx(1)


def learning_rates(job: TrialJob, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    rates: list[float] = []
    step = OptimWrapper.step

    def watched(self: OptimWrapper, **options: Any) -> None:
        rates.append(self.param_groups[0]["lr"])
        step(self, **options)

    monkeypatch.setattr(OptimWrapper, "step", watched)
    run_trial(replace(job, folder=str(folder)), lambda event: None)
    monkeypatch.undo()
    return rates


@pytest.mark.training
@pytest.mark.parametrize("schedule", [{"schedule": "cosine"}, {"schedule": "step", "lr_steps": "1"}])
def test_a_trial_in_parts_makes_the_same_steps_at_the_same_rates(
    tiny_job: TrialJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: Mapping[str, object]
) -> None:
    """Twelve images in batches of 8: the last batch of an epoch is smaller than the others."""
    params = {**tiny_job.params, "epochs": 2, "batch_size": 8, "warmup_iters": 3, **schedule}
    job = replace(tiny_job, params=params, rungs=(2,))
    whole = learning_rates(job, tmp_path / "whole", monkeypatch)
    assert learning_rates(replace(job, accumulate=2), tmp_path / "parts", monkeypatch) == whole
    assert len(whole) == 4


@pytest.mark.training
def test_a_trial_in_parts_can_go_on_from_a_whole_ones_checkpoint(tiny_job: TrialJob) -> None:
    def lose(event: object) -> None:
        if getattr(event, "score", None) is not None:
            raise KeyboardInterrupt

    job = replace(tiny_job, params={**tiny_job.params, "epochs": 2}, rungs=(1, 2))
    with pytest.raises(KeyboardInterrupt):
        run_trial(job, lose)
    outcome = run_trial(replace(job, accumulate=2, start_epoch=1), lambda event: None)
    assert outcome.score is not None
    assert TrialLayout(Path(job.folder)).manifest.exists()
