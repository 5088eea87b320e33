"""What a configuration asks of the device that it runs on and does not get: told before anything is trained.

mmcv has no CPU kernel for some of its ops, mixed precision wants a GPU, and MMSyncBN several processes, where a trial
is one. mmdet falls back by itself from the focal losses' kernels, and mmengine turns SyncBN into BatchNorm. Reads plain
configuration; imports no torch, so that a driver can ask.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from results.errors import InputError

# Types of a configuration -> what they run that no CPU has.
CPU_LACKS: Mapping[str, str] = {
    **dict.fromkeys(("GARPNHead", "GARetinaHead", "GuidedAnchorHead"), "MaskedConv2d"),
    "carafe": "CARAFE",
    "RoIPool": "RoIPool",
    "PrRoIPool": "PrRoIPool",
    **dict.fromkeys(("DeformRoIPool", "DeformRoIPoolPack", "ModulatedDeformRoIPoolPack"), "DeformRoIPool"),
    "BorderAlign": "BorderAlign",
    "RiRoIAlignRotated": "RiRoIAlignRotated",
    "AmpOptimWrapper": "mixed precision",
}
# Types -> what no trial has, whatever its device.
TRIAL_LACKS: Mapping[str, str] = {"MMSyncBN": "a group of processes"}
# What a type builds where its configuration does not say so.
_BUILDS: Mapping[str, tuple[str, str]] = {"FPN_CARAFE": ("upsample_cfg", "carafe")}


@dataclass(frozen=True)
class Unmet:
    """Something that a configuration needs and does not get.

    Attributes:
        what: an op, or another ability.
        wanted_by: the type that needs it, and where that stands.
        anywhere: whether no device helps.
    """

    what: str
    wanted_by: str
    anywhere: bool


def unmet_needs(config: Mapping[str, Any], on_gpu: bool) -> tuple[Unmet, ...]:
    """What is not there, each once.

    Args:
        config: from `effective_config`, or parts of it by the same names.
        on_gpu: whether the trial runs on a GPU.
    """
    found: dict[str, Unmet] = {}
    for place, word in _types(config, ""):
        lacks = TRIAL_LACKS if on_gpu else {**CPU_LACKS, **TRIAL_LACKS}
        if word in lacks:
            found.setdefault(lacks[word], Unmet(lacks[word], f"{word} at {place}", word in TRIAL_LACKS))
    return tuple(found.values())


def check_device(config: Mapping[str, Any], on_gpu: bool) -> None:
    """Refuses a configuration that its device cannot run.

    Args:
        config: as of `unmet_needs`.
        on_gpu: likewise.

    Raises:
        InputError: with all that is missing.
    """
    unmet = unmet_needs(config, on_gpu)
    if not unmet:
        return
    shown = ", ".join(f"{one.what} ({one.wanted_by})" for one in unmet)
    gpu = "" if any(one.anywhere for one in unmet) else "search on a machine with a GPU, or "
    where = "a trial, which is one process," if any(one.anywhere for one in unmet) else "a CPU"
    rule = "a configuration asks for what the trial's device has"
    raise InputError(rule, f"{shown}, which {where} does not have", f"{gpu}set or choose another type there")


def _types(node: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every type in nested configuration, without its registry's scope, and where it stands."""
    if isinstance(node, Mapping):
        word = str(node.get("type", "")).rpartition(".")[2]
        yield place, word
        part, builds = _BUILDS.get(word, ("", ""))
        if part and part not in node:
            yield place, builds
    inner = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, value in inner:
        yield from _types(value, f"{place}.{key}" if place else str(key))
