"""A trained model in the weights that a view asks for: the last epoch's, or an average with statistics of its own."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from trainables.batch_statistics import estimate_statistics
from trainables.epoch_weights import EpochWeights
from trainables.notation import NONE


class Averaged:
    """Changes a model's weights from one view to the next.

    Args:
        model: trained, on its device.
        kept: weights of its epochs.
        config: effective configuration of the trial.
    """

    def __init__(self, model: nn.Module, kept: EpochWeights, config: Mapping[str, Any]) -> None:
        self._model, self._kept, self._config = model, kept, config
        self._states: dict[str, dict[str, Tensor]] = {}
        self._worn = NONE

    def wear(self, average: str) -> None:
        """Gives the model the weights of an average; "none" gives those of its training's end."""
        if average == self._worn:
            return
        self._states.setdefault(self._worn, _copied(self._model))
        self._wear_other(average)
        self._worn = average

    def _wear_other(self, average: str) -> None:
        if average in self._states:
            self._model.load_state_dict(self._states[average])
            return
        trained, state = self._states[NONE], self._kept.averaged(average)
        self._model.load_state_dict(trained if state is None else state)
        if state is not None and not _alike(self._model, state, trained):
            estimate_statistics(self._model, self._config)


def _copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def _alike(model: nn.Module, state: Mapping[str, Tensor], trained: Mapping[str, Tensor]) -> bool:
    """Whether an average's weights are the trained ones: then their statistics are right, too."""
    return all(torch.equal(state[name], trained[name]) for name, _ in model.named_parameters())
