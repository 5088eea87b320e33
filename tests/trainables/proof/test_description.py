import copy
import logging
from collections import Counter
from functools import partial
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.config import ConfigDict
from torch import nn

from trainables.proof.description import describe


def built(thing: object) -> dict[str, str]:
    return describe({"it": thing}).built


def test_layers_are_described_by_their_settings_and_the_shape_of_their_weights() -> None:
    layer = nn.Conv2d(3, 8, 3, bias=False)
    layer.weight.requires_grad_(False)
    found = built(layer)
    assert found["it.type"] == "torch.nn.modules.conv.Conv2d"
    assert (found["it.out_channels"], found["it.weight"]) == ("8", "float32[8, 3, 3, 3] fixed")


def test_small_buffers_are_described_by_content_and_weights_are_not() -> None:
    first, second = nn.BatchNorm1d(4), nn.BatchNorm1d(4)
    nn.init.normal_(second.weight)
    assert built(first) == built(second)
    second.running_mean += 1
    assert [place for place, text in built(first).items() if built(second)[place] != text] == ["it.running_mean"]


def test_an_optimizer_is_what_its_groups_say_after_all_else_had_its_say() -> None:
    optimizer = torch.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1, momentum=0.9)
    optimizer.param_groups[0]["lr"] = 0.5
    found = built(optimizer)
    assert (found["it.group_0.lr"], found["it.group_0.momentum"], found["it.group_0.weights"]) == ("0.5", "0.9", "3")
    assert "0.1" not in found.values()


def test_configuration_is_held_and_not_built() -> None:
    found = describe({"it": SimpleNamespace(size=1, cfg=ConfigDict(a=1, stages=[{"b": 2}]), steps=Counter([7, 11]))})
    assert found.held == {"it.cfg.a": "1", "it.cfg.stages.0.b": "2"}
    assert found.built["it.size"] == "1"
    assert found.built["it.steps"] == "[7, 11]"


def test_what_is_held_can_be_replaced() -> None:
    owner = SimpleNamespace(cfg={"a": 1}, stages=[{"a": 1}])
    for held in describe({"it": owner}).places:
        held.replace("other")
    assert (owner.cfg, owner.stages) == ("other", "other")


def test_objects_that_refer_to_each_other_end() -> None:
    first, second = SimpleNamespace(name="first"), SimpleNamespace(name="second")
    first.other, second.other = second, first
    found = built(first)
    assert (found["it.other.name"], found["it.other.other"]) == ("'second'", "as it")


def test_functions_arrays_and_partials_are_told_apart() -> None:
    things = [
        max,
        min,
        copy,
        logging.getLogger("x"),
        partial(max, key=len),
        partial(max, key=abs),
        np.zeros(3),
        np.ones(3),
        {1, 2},
        {1, 3},
    ]
    texts = [tuple(built(thing).items()) for thing in things]
    assert len(set(texts)) == len(things)
