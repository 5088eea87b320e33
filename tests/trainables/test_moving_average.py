"""A moving average of the weights predicts, and the training does not know of it."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from tiny_detectors import tiny, tiny_data
from torch import nn

from trainables.effective import config_hash, effective_config
from trainables.moving_average import MovingAverage
from trainables.proof.building import built
from trainables.training import Course, Place, train

EPOCHS = 2
Weights = list[torch.Tensor]


def floats(model: nn.Module) -> Weights:
    return [one.detach().clone() for one in (*model.parameters(), *model.buffers()) if one.is_floating_point()]


@HOOKS.register_module()
class KeepsSteps(Hook):  # type: ignore[misc]  # mmengine is untyped
    """What a training's weights are after each step."""

    steps: ClassVar[list[Weights]] = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.steps.append(floats(runner.model))


class Watches:
    """An observer that keeps the weights of each rung."""

    def __init__(self) -> None:
        self.rungs: list[Weights] = []

    def resumed(self, model: nn.Module, epoch: int) -> None:
        """Nothing."""

    def iteration(self) -> None:
        """Nothing."""

    def rung(self, runner: Runner, epoch: int) -> None:
        self.rungs.append(floats(runner.model))


def trained(config: dict[str, Any], folder: Path) -> tuple[list[Weights], list[Weights], Weights]:
    """Weights of each step, of each rung, and of the model that a training gives."""
    observer = Watches()
    KeepsSteps.steps = []
    config = {**config, "custom_hooks": [*config.get("custom_hooks", ()), {"type": "KeepsSteps"}]}
    model = train(config, Place(folder), Course(range(1, EPOCHS + 1), observer))
    return KeepsSteps.steps, observer.rungs, floats(model)


def averages(steps: list[Weights], share: float) -> list[Weights]:
    """By the definition: the first step's weights, of which each later one takes its share."""
    found = [steps[0]]
    for done, weights in enumerate(steps[1:], start=1):
        own = max(share, 9 / (10 + done))
        found.append([(1 - own) * old + own * new for old, new in zip(found[-1], weights, strict=True)])
    return found


def close(first: Weights, second: Weights) -> bool:
    return all(torch.allclose(one, other, atol=1e-6) for one, other in zip(first, second, strict=True))


def same(first: Weights, second: Weights) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.training
def test_the_average_predicts_at_rungs_and_in_the_end_and_the_training_is_as_without(
    tiny_dataset: Path, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    data = tiny_data(tiny_dataset)
    params = tiny("cascade_rcnn", epochs=EPOCHS)
    plain_steps, plain_rungs, plain = trained(effective_config("cascade_rcnn", params, data, 0), tmp_path / "plain")
    config = effective_config("cascade_rcnn", {**params, "ema": 0.3}, data, 0)
    steps, rungs, model = trained(config, tmp_path / "average")
    expected = averages(steps, 0.3)
    assert all(same(one, other) for one, other in zip(steps, plain_steps, strict=True))
    assert same(plain_rungs[-1], plain) and same(plain_steps[-1], plain)
    epoch = len(steps) // EPOCHS
    assert close(rungs[0], expected[epoch - 1]) and close(rungs[1], expected[-1]) and same(rungs[1], model)
    assert not close(model, plain)


def test_weights_that_heads_share_count_once() -> None:
    layer = nn.Linear(2, 2)
    model, average = nn.ModuleList([layer, layer]), MovingAverage(0.5)
    average.take_in(model)
    first = layer.weight.detach().clone()
    with torch.no_grad():
        layer.weight += 1.0
    average.take_in(model)
    average.swap(model)
    assert torch.allclose(layer.weight, first + 9 / 11)
    average.swap(model)
    assert torch.equal(layer.weight, first + 1.0)


def test_before_the_first_step_there_is_nothing_to_wear() -> None:
    model, average = nn.BatchNorm1d(2), MovingAverage(0.5)
    before = floats(model)
    average.swap(model)
    average.load(**MovingAverage(0.5).state(), model=model)  # type: ignore[arg-type]  # plain content
    average.swap(model)
    assert same(floats(model), before)


def test_only_a_training_that_keeps_one_says_so(tiny_dataset: Path) -> None:
    data, params = tiny_data(tiny_dataset), tiny("fcos")
    plain, averaged = (effective_config("fcos", {**params, "ema": share}, data, 0) for share in (0.0, 0.01))
    assert "custom_hooks" not in plain
    assert config_hash(plain) != config_hash(averaged)


def test_the_share_is_part_of_what_is_built(tiny_dataset: Path) -> None:
    data, params = tiny_data(tiny_dataset), tiny("fcos")
    shares: list[str | None] = []
    for share in (0.0, 0.1, 0.2):
        with built(effective_config("fcos", {**params, "ema": share}, data, 0)) as found:
            shares.append(found.describe().built.get("hooks.0.share"))
    assert shares == [None, "0.1", "0.2"]
