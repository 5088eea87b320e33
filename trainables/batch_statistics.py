"""BatchNorm statistics of averaged weights: estimated anew on training batches, because no epoch's fit them.

The mean of several networks' statistics is not what the averaged network sees. Frozen statistics stay as they are.

Source: Izmailov et al., Averaging weights leads to wider optima (UAI 2018), section 3.2;
torch.optim.swa_utils.update_bn.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import torch
from mmengine.logging import MessageHub
from mmengine.runner import Runner, set_random_seed
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from trainables.random_states import randomness_kept
from trainables.training import register_mmdet
from trainables.unlabelled_set import labelled_only

# As many as a running mean with torch's momentum of .1 remembers, and some.
_BATCHES = 50


def estimate_statistics(model: nn.Module, config: Mapping[str, Any]) -> bool:
    """Estimates the statistics of those BatchNorms that training trains.

    Args:
        model: of mmdet; in evaluation mode afterwards.
        config: effective configuration, for its training images and seed.

    Returns:
        Whether there were any.
    """
    register_mmdet()
    model.train()  # mmdet leaves frozen statistics in evaluation mode
    trained = [one for one in model.modules() if isinstance(one, _BatchNorm) and one.training]
    if trained:
        with randomness_kept(), torch.no_grad():
            set_random_seed(int(config["randomness"]["seed"]))
            _tell_progress(int(config["train_cfg"]["max_epochs"]))
            _see_batches(model, trained, config)
    model.eval()
    return bool(trained)


def _tell_progress(epoch: int) -> None:
    """Says where a training is that has ended: TOOD and YOLOX ask mmengine for that in every step."""
    hub = MessageHub.get_current_instance()
    hub.update_info("epoch", epoch)
    hub.update_info("iter", 0)


def _see_batches(model: nn.Module, trained: list[_BatchNorm], config: Mapping[str, Any]) -> None:
    momenta = [one.momentum for one in trained]
    for one in trained:
        one.reset_running_stats()
        one.momentum = None  # torch then takes the mean over all batches
    loader = Runner.build_dataloader(labelled_only(config["train_dataloader"]), seed=int(config["randomness"]["seed"]))
    for batch in islice(loader, _BATCHES):
        model(**model.data_preprocessor(batch, True), mode="loss")  # type: ignore[operator]
    for one, momentum in zip(trained, momenta, strict=True):
        one.momentum = momentum
