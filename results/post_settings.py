"""What the post tier may vary, as plain values: NMS settings, their grid, and the spec of a space file.

Imports no compiled code, so that a space can be checked in milliseconds. `results.postprocess` applies the settings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from results.errors import InputError

NmsKind = Literal["hard", "soft_linear", "soft_gaussian"]
Suppress = Literal["within_class", "across_classes"]
NMS_KINDS: tuple[NmsKind, ...] = ("hard", "soft_linear", "soft_gaussian")
MIN_SCORE = 0.001
SIGMAS = (0.02, 2.0, 20)
WORDS = {
    "per_class": ("gate", "argmax", "global"),
    "cutoffs": ("tolerance", "none", "optuna"),
    "search": ("exact", "optuna"),
    "suppress": ("within_class", "across_classes"),
}


@dataclass(frozen=True)
class NmsSetting:
    """One way to suppress duplicates.

    Attributes:
        iou_threshold: for hard and soft_linear.
        sigma: for soft_gaussian.
        min_score: what falls below it is dropped.
    """

    kind: NmsKind = "hard"
    iou_threshold: float = 0.5
    sigma: float = 0.5
    min_score: float = MIN_SCORE

    def __post_init__(self) -> None:
        if self.kind not in NMS_KINDS:
            raise InputError("the NMS kind is known", self.kind, f"use one of {', '.join(NMS_KINDS)}")
        if not (0 <= self.iou_threshold <= 1 and self.sigma > 0 and math.isfinite(self.sigma + self.min_score)):
            raise InputError("0 <= iou_threshold <= 1, sigma > 0, min_score finite", self, "mend the setting")

    @property
    def value(self) -> float:
        """The number that its kind uses: sigma or the IoU threshold."""
        return self.sigma if self.kind == "soft_gaussian" else self.iou_threshold

    def with_value(self, value: float) -> "NmsSetting":
        """The same setting with another sigma or IoU threshold."""
        if self.kind == "soft_gaussian":
            return replace(self, sigma=value)
        return replace(self, iou_threshold=value)

    def label(self) -> str:
        """Short text that tells settings of one grid apart, e.g. "hard 0.50"."""
        return f"{self.kind} {self.value:.3g}"


@dataclass(frozen=True)
class PostSpec:
    """What the post tier may do.

    Attributes:
        nms: kinds of NMS to try.
        per_class: gate (leave the best global setting only where that wins reliably), argmax, or global.
        cutoffs: tolerance (drop low scores of a class where that is free), none, or optuna (TPE proposes them).
        max_per_image: cap across classes, applied last; None for none.
        search: exact (sweep a grid), or optuna (TPE proposes settings).
        suppress: within_class, or across_classes (boxes of all classes of an image suppress each other; that couples
            the classes, so `per_class` must be global).
    """

    nms: tuple[NmsKind, ...] = NMS_KINDS
    per_class: Literal["gate", "argmax", "global"] = "gate"
    cutoffs: Literal["tolerance", "none", "optuna"] = "tolerance"
    max_per_image: int | None = 100
    search: Literal["exact", "optuna"] = "exact"
    suppress: Suppress = "within_class"

    def __post_init__(self) -> None:
        for name, allowed in WORDS.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"post.{name} is known", getattr(self, name), f"use one of {', '.join(allowed)}")
        if not self.nms or any(kind not in NMS_KINDS for kind in self.nms):
            raise InputError("post.nms lists kinds of NMS", self.nms, f"use some of {', '.join(NMS_KINDS)}")
        if self.max_per_image is not None and self.max_per_image < 1:
            raise InputError("max_per_image is at least 1", self.max_per_image, "leave it out for no cap")
        if self.suppress == "across_classes" and self.per_class != "global":
            rule = "suppress: across_classes couples the classes, so one setting holds for all"
            raise InputError(rule, f"per_class: {self.per_class}", "write per_class: global")


def cutoff_notice(cutoffs: str, is_plain_ap: bool) -> str | None:
    """What a user should know who asked for searched cutoffs; None if there is nothing to say."""
    if cutoffs != "optuna" or not is_plain_ap:
        return None
    return (
        "cutoffs: optuna cannot raise this rule's score: a cutoff keeps a prefix of a class's list, which never raises "
        "an average precision; cutoffs: tolerance drops what is free"
    )


def default_settings(kinds: Sequence[NmsKind] = NMS_KINDS) -> tuple[NmsSetting, ...]:
    """The grid that a sweep tries: 21 hard thresholds, 21 linear ones, 20 sigmas; 62 for all kinds."""
    grids: dict[NmsKind, list[NmsSetting]] = {
        "hard": [NmsSetting("hard", iou_threshold=round(0.1 + 0.04 * step, 2)) for step in range(21)],
        "soft_linear": [NmsSetting("soft_linear", iou_threshold=round(0.1 + 0.04 * step, 2)) for step in range(21)],
        "soft_gaussian": [NmsSetting("soft_gaussian", sigma=sigma) for sigma in _sigmas()],
    }
    return tuple(setting for kind in kinds for setting in grids[kind])


def _sigmas() -> list[float]:
    """Geometric steps, rounded to three digits so that labels and settings agree."""
    low, high, count = SIGMAS
    return [float(f"{low * (high / low) ** (step / (count - 1)):.3g}") for step in range(count)]
