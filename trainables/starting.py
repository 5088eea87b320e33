"""Brings a model to the weights that its training starts from, and says in one line what it took.

init_heads: fresh       every tensor whose name and shape fit; class outputs among them where they happen to fit
init_heads: matching    the same but for the class outputs, of which rows are taken by the classes' names
"""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from torch import Tensor, nn

from results.errors import InputError
from trainables.class_rows import class_rows, matches, with_copied_rows
from trainables.detectors.configured import count_classes
from trainables.notation import NONE
from trainables.options.start import FRESH, MATCHING
from trainables.weight_names import as_named
from trainables.weights import load_start, read_start

_REMEDY = f"write init_heads: {FRESH}, or give init a file that mmengine or a trial has written"


def start_from(model: nn.Module, config: Mapping[str, Any]) -> str | None:
    """Loads the weights that a configuration's training starts from.

    Args:
        model: built and initialised from the configuration.
        config: from `effective_config`.

    Returns:
        What was taken, as a line for the log; None where nothing is loaded.

    Raises:
        InputError: the file is missing, damaged, fits nowhere, or does not name the classes that are asked for.
    """
    if config["start_weights"] == NONE:
        return None
    start = Path(config["start_weights"])
    if config.get("start_heads") == MATCHING:
        return _start_matching(model, config, start)
    taken, all_of_them = load_start(model, start)
    return f"starting weights: {taken} of {all_of_them} tensors from {start}"


def _start_matching(model: nn.Module, config: Mapping[str, Any], path: Path) -> str:
    file = read_start(path)
    names = list(config["train_dataloader"]["dataset"]["metainfo"]["classes"])
    pairs = _pairs(names, file.classes, path)
    own = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    given = as_named(file.state, own)
    outputs = class_rows(own, _state_for(config, len(names) + 1), len(names))
    others = {name: value for name, value in given.items() if name in own and name not in outputs}
    fitting = {name: value for name, value in others.items() if own[name].shape == value.shape}
    rows = {
        name: with_copied_rows(own[name], given[name], one, pairs)
        for name, one in outputs.items()
        if name in given and _is_alike(own[name], given[name]) and one.count(given[name]) == len(file.classes)
    }
    if not rows:
        raise InputError(
            "init_heads: matching copies class outputs of the same form",
            f"{path}, which has none of {', '.join(outputs)} for {len(file.classes)} classes",
            f"give init a checkpoint of this architecture, or write init_heads: {FRESH}",
        )
    model.load_state_dict({**fitting, **rows}, strict=False)
    shown = ", ".join(names[place] for place in pairs)
    return (
        f"starting weights: {len(fitting)} of {len(own)} tensors from {path}, and in {len(rows)} of {len(outputs)}"
        f" class outputs the rows of {len(pairs)} of {len(names)} classes ({shown})"
    )


def _pairs(own: Sequence[str], given: Sequence[str], path: Path) -> dict[int, int]:
    if not given:
        raise InputError("init_heads: matching needs a start that names its classes", path, _REMEDY)
    pairs = matches(own, given)
    if not pairs:
        received = f"{path}, whose classes are {_shown(given)}; the data's are {_shown(own)}"
        raise InputError("init_heads: matching needs a class of the same name", received, _REMEDY)
    return pairs


def _shown(names: Sequence[str]) -> str:
    most = 5
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _is_alike(own: Tensor, given: Tensor) -> bool:
    return own.shape[1:] == given.shape[1:]


def _state_for(config: Mapping[str, Any], count: int) -> dict[str, Tensor]:
    """The state of the same detector for so many classes; random numbers go on as if it had not been built."""
    model = config["model"]
    wider = copy.deepcopy(dict(model.get("detector", model)))  # of a teacher and its student, either
    count_classes(wider, count)
    with torch.random.fork_rng():
        built: nn.Module = MODELS.build(Config({"model": wider}).model)
    return built.state_dict()
