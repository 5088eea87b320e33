"""Any built object -> a flat description that can be compared: dotted places and the plain values found there.

Parameters are described by shape and whether they are trained, small buffers by content. Mappings are kept apart as
`held`: libraries hand configuration on as it came, and an entry that nobody ever reads is not an effect. Whether one is
read is `watching`'s business.
"""

import functools
import hashlib
import logging
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from torch import nn

Leaves = dict[str, str]

# Content of larger tensors is weights, which are not initialised here.
_SMALL = 10_000
_SHOWN = 12
_PLAIN = (bool, int, float, complex, str, bytes, type(None), PurePath, Enum, torch.dtype, torch.device, torch.Size)
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, logging.Logger)
# What every module carries and no parameter decides.
_TORCH_INTERNALS = frozenset(vars(nn.Module()))


@dataclass
class Description:
    """What was found in an object.

    Attributes:
        built: values by dotted place.
        held: entries of the configuration that it holds, by dotted place.
        places: where that configuration is held.
    """

    built: Leaves = field(default_factory=dict)
    held: Leaves = field(default_factory=dict)
    places: list["Held"] = field(default_factory=list)


@dataclass(frozen=True)
class Held:
    """Configuration that an object holds.

    Attributes:
        place: dotted.
        content: a mapping, or a list or tuple of mappings.
        replace: puts another into its place.
    """

    place: str
    content: Any
    replace: Callable[[Any], None]


def describe(parts: Mapping[str, object], unseen: tuple[object, ...] = ()) -> Description:
    """Describes objects by name.

    Args:
        parts: objects, named as their places shall begin.
        unseen: objects that are not looked into wherever they turn up.
    """
    walk = _Walk(unseen)
    for name, part in parts.items():
        walk.visit(part, name)
    return walk.found


class _Walk:
    """One pass over objects; each is entered once, where it is met first."""

    def __init__(self, unseen: tuple[object, ...]) -> None:
        self.found = Description()
        self._seen = {id(one): "elsewhere" for one in unseen}
        # An id is only an object's own while the object lives.
        self._alive: list[object] = list(unseen)

    def visit(self, value: object, place: str) -> None:
        text = _plain_text(value)
        if text is not None:
            self.found.built[place] = text
        elif id(value) in self._seen:
            self.found.built[place] = f"as {self._seen[id(value)]}"
        else:
            self._seen[id(value)] = place
            self._alive.append(value)
            self._enter(value, place)

    def _enter(self, value: object, place: str) -> None:
        match value:
            case functools.partial():
                self.visit([value.func, list(value.args), sorted(value.keywords.items())], place)
            case list() | tuple():
                self.found.built[f"{place}.length"] = str(len(value))
                self._visit_all(((str(index), one) for index, one in enumerate(value)), place, value)
            case set() | frozenset():
                self.found.built[place] = " ".join(sorted(map(repr, value)))
            case dict():
                self._visit_all(((repr(key), one) for key, one in value.items()), place, value)
            case torch.optim.Optimizer():
                self._enter_optimizer(value, place)
            case _:
                self._enter_object(value, place)

    def _enter_object(self, value: object, place: str) -> None:
        self.found.built[f"{place}.type"] = _name_of(type(value))
        attributes = dict(getattr(value, "__dict__", {}))
        if isinstance(value, nn.Module):
            own = {name: one for name, one in attributes.items() if name not in _TORCH_INTERNALS}
            attributes = {**own, **value._parameters, **value._buffers, **value._modules, "training": value.training}
        self._visit_all(attributes.items(), place, value)

    def _enter_optimizer(self, optimizer: torch.optim.Optimizer, place: str) -> None:
        self.found.built[f"{place}.type"] = _name_of(type(optimizer))
        for index, group in enumerate(optimizer.param_groups):
            weights = sum(parameter.numel() for parameter in group["params"])
            settings = {key: one for key, one in group.items() if key != "params"}
            self._visit_all({**settings, "weights": weights}.items(), f"{place}.group_{index}", optimizer)

    def _visit_all(self, items: Iterable[tuple[str, object]], place: str, owner: object) -> None:
        for name, value in list(items):
            inside = f"{place}.{name}"
            if is_configuration(value):
                self._hold(value, inside, owner, name)
            else:
                self.visit(value, inside)

    def _hold(self, content: Any, place: str, owner: object, name: str) -> None:
        self.found.places.append(Held(place, content, functools.partial(_put, owner, name)))
        self.found.held.update(entries(content, place))


def is_configuration(value: object) -> bool:
    """Whether a value is a mapping from names, as configurations are, or a list or tuple of such."""
    if isinstance(value, list | tuple):
        return bool(value) and all(is_configuration(one) for one in value)
    # Not counters, registries and the like, which libraries make for themselves.
    if not isinstance(value, dict) or type(value) not in (dict, ConfigDict):
        return False
    return all(isinstance(key, str) for key in value)


def entries(content: Any, place: str) -> Iterator[tuple[str, str]]:
    """The entries of nested configuration by dotted place."""
    for key, value in content.items() if isinstance(content, Mapping) else enumerate(content):
        inside = f"{place}.{key}"
        if is_configuration(value):
            yield from entries(value, inside)
        else:
            yield inside, _plain_text(value) or _name_of(type(value))


def _put(owner: object, name: str, content: Any) -> None:
    if isinstance(owner, list):
        owner[int(name)] = content
    elif hasattr(owner, name):  # else it is a part of something that cannot be changed, such as a tuple
        setattr(owner, name, content)


def _plain_text(value: object) -> str | None:
    """A value that is compared as it stands, as text; None for one that has parts."""
    if isinstance(value, torch.Tensor):
        return _tensor_text(value)
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype}{list(value.shape)} {_digest(value.tobytes())}"
    if isinstance(value, _NAMED):
        return _name_of(value)
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, Counter):
        value = list(value.elements())
    return repr(value) if _is_plain_collection(value) else None


def _is_plain_collection(value: object) -> bool:
    """Whether a list or tuple holds numbers and text only."""
    return isinstance(value, list | tuple) and all(isinstance(one, int | float | str) for one in value)


def _tensor_text(tensor: torch.Tensor) -> str:
    text = f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"
    if isinstance(tensor, nn.Parameter):
        return f"{text} {'trained' if tensor.requires_grad else 'fixed'}"
    if tensor.numel() <= _SHOWN:
        return f"{text} {tensor.tolist()}"
    return f"{text} {_digest(repr(tensor.tolist()).encode())}" if tensor.numel() <= _SMALL else text


def _name_of(thing: Any) -> str:
    if isinstance(thing, types.ModuleType | logging.Logger):
        return str(getattr(thing, "__name__", "a log"))
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', repr(thing))}"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=6).hexdigest()
