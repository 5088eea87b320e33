"""Competition rules as data: which classes count, what IoU a box demands, how an AP is integrated.

A rule is a YAML file, one of `results/rule_files` by name or the user's own by path. `results.scoring` scores.

    name: mine
    categories: [{id: 1, name: scratch, weight: 0.7}, {id: 2, name: dent, weight: 0.3}]   # left out: all, equal weights
    requirement: {iou: [0.5]}                                                             # or short_side_px: [...]
    ap: all_points                                                                        # coco101 | voc11
    bad_rows: refuse                    # or drop: leave out detections that cannot be scored, and count them
    measure: {kind: f_macro, beta: 2}   # or f_micro; beside the AP {image_accuracy: 0.2}; {function: "own.py:value"}
"""

import itertools
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from results.errors import InputError, InputErrors
from results.faults import Faults
from results.nearest import nearest
from results.text_files import is_file, path_remedy
from results.yaml_nodes import YamlForm, plain, read_yaml

ApKind = Literal["all_points", "coco101", "voc11"]
MeasureKind = Literal["ap", "f_macro", "f_micro"]
RecallSteps = Literal["linspace", "hundredths"]
BadRows = Literal["refuse", "drop"]
FloatArray = npt.NDArray[np.float64]
AP_KINDS: tuple[ApKind, ...] = ("all_points", "coco101", "voc11")
_FILE = YamlForm("a rule file")
RULE_FOLDER = Path(__file__).parent / "rule_files"


@dataclass(frozen=True)
class RuleCategory:
    """A class that counts, with its weight in the score."""

    id: int
    name: str
    weight: float


@dataclass(frozen=True)
class SideSegment:
    """One row of a short-side table: boxes below `below_px` demand `m / divisor + offset`."""

    below_px: float
    divisor: float
    offset: float


@dataclass(frozen=True)
class Requirement:
    """The IoU a detection must reach, per truth box: fixed IoUs, or a table over the box's short side.

    Exactly one of the two is not empty.
    """

    ious: tuple[float, ...] = ()
    segments: tuple[SideSegment, ...] = ()

    @property
    def count(self) -> int:
        """How many IoUs the AP is averaged over; 1 for a table."""
        return max(len(self.ious), 1)

    def of_boxes(self, boxes_xywh: FloatArray) -> FloatArray:
        """The required IoU of truth boxes (G, 4), as (count, G)."""
        if self.ious:
            return np.repeat(np.array(self.ious)[:, None], len(boxes_xywh), axis=1)
        short_px = np.minimum(boxes_xywh[:, 2], boxes_xywh[:, 3])
        rows = [short_px / segment.divisor + segment.offset for segment in self.segments]
        below = [short_px < segment.below_px for segment in self.segments]
        return np.select(below, rows, default=np.nan)[None, :]


@dataclass(frozen=True)
class TimePenalty:
    """What a second an image beyond `free_s` costs; the competition never published its formula, so both default to 0.

    A run's page shows it beside the score. The search does not see it: seconds on a busy machine are no fair judge.
    """

    per_second: float = 0.0
    free_s: float = 0.0

    def cost(self, elapsed_s: float) -> float:
        """What is taken off the score for `elapsed_s` seconds an image."""
        return self.per_second * max(0.0, elapsed_s - self.free_s)


@dataclass(frozen=True)
class Measure:
    """What is measured of the matched detections.

    Attributes:
        kind: ap; f_macro, the weighted mean of the classes' F-beta; f_micro, F-beta of all classes' counts together.
        beta: of F-beta.
        image_accuracy: the share of the score that goes to telling images with boxes from those without.
        function: FILE.py:NAME of a function from `measures.MatchBits` to a class's value; empty for none.
    """

    kind: MeasureKind = "ap"
    beta: float = 1.0
    image_accuracy: float = 0.0
    function: str = ""

    @property
    def is_plain_ap(self) -> bool:
        """A false alarm behind the last true positive costs nothing."""
        return self.kind == "ap" and not self.function and self.image_accuracy == 0


@dataclass(frozen=True)
class Rule:
    """How one competition scores.

    Attributes:
        categories: the classes that count; empty means every category of the truth, weighted equally.
        strict: the IoU must exceed the requirement; otherwise reaching it is enough.
        max_per_image_and_class: detections beyond it (by score) are not looked at; None for no cap.
        recall_steps: how coco101's recalls are rounded. pycocotools makes them with linspace, whose 70th step lies just
            above 0.7, so that 7 of 10 boxes do not reach it; the bottle competition's reference divides by 100.
        open: names of the parts that nobody could confirm.
        bad_rows: what becomes of detections that are not finite, have a negative size, or an unknown image or category,
            in a file that is scored: refuse the file by the row's number, or drop such rows and count them.
    """

    name: str
    requirement: Requirement
    categories: tuple[RuleCategory, ...] = ()
    ap: ApKind = "all_points"
    strict: bool = False
    max_per_image_and_class: int | None = None
    recall_steps: RecallSteps = "linspace"
    time_penalty: TimePenalty = TimePenalty()
    open: tuple[str, ...] = ()
    measure: Measure = Measure()
    bad_rows: BadRows = "refuse"

    def with_switches(self, strict: bool | None = None, ap: ApKind | None = None) -> "Rule":
        """The same rule with the unconfirmed switches set; None leaves one as it is."""
        return replace(self, strict=self.strict if strict is None else strict, ap=self.ap if ap is None else ap)

    def recall_points(self) -> FloatArray:
        """Recalls at which the precision envelope is read, ascending; empty for the all-point area."""
        if self.ap == "all_points":
            return np.zeros(0)
        if self.ap == "voc11":
            return np.arange(11) / 10
        return np.arange(101) / 100 if self.recall_steps == "hundredths" else np.linspace(0.0, 1.0, 101)

    def with_weights(self, weights: Mapping[int, float]) -> "Rule":
        """The same rule with other class weights, by contest category id.

        Raises:
            InputError: the ids are not those of the rule, or the weights are negative or all zero.
        """
        if set(weights) != {category.id for category in self.categories}:
            raise InputError("weights are given for the rule's categories", sorted(weights), "name each id once")
        _check_weights(weights.values(), self.name)
        return replace(self, categories=tuple(replace(c, weight=weights[c.id]) for c in self.categories))


def load_rule(name_or_path: str) -> Rule:
    """A built-in rule by its name, or the user's own by the path of its YAML file.

    Raises:
        InputError: no such rule, or a file that breaks the schema (all faults at once).
    """
    path = _rule_file(name_or_path)
    faults = Faults(str(path))
    content = plain(read_yaml(path, faults, _FILE))
    faults.raise_if_any()
    try:
        return _RuleFile.model_validate(content).rule(path.parent)
    except ValidationError as error:
        raise InputErrors([_fault(path, fault["loc"], fault["msg"]) for fault in error.errors()]) from error


def rule_from_dict(content: Mapping[str, Any]) -> Rule:
    """The inverse of `dataclasses.asdict`, also after a way through json."""
    requirement, penalty = content["requirement"], content["time_penalty"]
    parts = {
        "requirement": Requirement(
            tuple(requirement["ious"]), tuple(SideSegment(**row) for row in requirement["segments"])
        ),
        "categories": tuple(RuleCategory(**row) for row in content["categories"]),
        "time_penalty": TimePenalty(**penalty),
        "open": tuple(content["open"]),
        "measure": Measure(**content["measure"]),
    }
    return Rule(**{**content, **parts})


def rule_names() -> list[str]:
    """The built-in rules."""
    return sorted(path.stem for path in RULE_FOLDER.glob("*.yaml"))


def _rule_file(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if name_or_path in rule_names():
        return RULE_FOLDER / f"{name_or_path}.yaml"
    if is_file(path):
        return path
    if os.path.exists(path):  # unlike the method it takes any text
        raise InputError("a rule is built in or a YAML file", f"{path}, which is no regular file", "pass a rule file")
    near = nearest(name_or_path, rule_names())
    known = f"did you mean {near}?" if near else f"use one of {', '.join(rule_names())}, or a path"
    raise InputError("a rule is built in or a YAML file", name_or_path, path_remedy(path, known))


def _fault(path: Path, place: tuple[int | str, ...], message: str) -> InputError:
    key = ".".join(map(str, place)) or "top level"
    return InputError(
        "a rule file keeps the schema", f"{path}: {key}: {message}", "see results/rule_files for examples"
    )


def _check_weights(weights: Iterable[float], name: str) -> None:
    values = list(weights)
    if not all(math.isfinite(value) and value >= 0 for value in values) or sum(values) <= 0:
        raise InputError("weights are not negative and not all zero", f"{name}: {values}", "mend the weights")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _CategoryRow(_Model):
    id: int
    name: str = ""
    weight: Annotated[float, Field(ge=0)] = 1.0


class _SideRow(_Model):
    below: Annotated[float, Field(gt=0)] | None = None
    iou: Annotated[float, Field(ge=0, le=1)] | None = None
    divisor: Annotated[float, Field(gt=0)] | None = None
    offset: float = 0.0

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.iou is None) == (self.divisor is None):
            raise ValueError("a row has either iou or divisor (with offset)")
        return self

    def segment(self) -> SideSegment:
        below_px = math.inf if self.below is None else self.below
        if self.iou is not None:
            return SideSegment(below_px, math.inf, self.iou)
        return SideSegment(below_px, math.inf if self.divisor is None else self.divisor, self.offset)


class _RequirementPart(_Model):
    # At most 64, because a detection's matches at all of them are the bits of one word.
    iou: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1, max_length=64)] | None = None
    short_side_px: Annotated[list[_SideRow], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.iou is None) == (self.short_side_px is None):
            raise ValueError("give either iou or short_side_px")
        bounds = [row.segment().below_px for row in self.short_side_px or []]
        if bounds and (bounds[-1] != math.inf or any(a >= b for a, b in itertools.pairwise(bounds))):
            raise ValueError("rows ascend in below, and only the last has none")
        return self

    def requirement(self) -> Requirement:
        return Requirement(tuple(self.iou or ()), tuple(row.segment() for row in self.short_side_px or ()))


class _PenaltyPart(_Model):
    per_second: Annotated[float, Field(ge=0)] = 0.0
    free_s: Annotated[float, Field(ge=0)] = 0.0


class _MeasurePart(_Model):
    kind: MeasureKind = "ap"
    beta: Annotated[float, Field(gt=0)] = 1.0
    image_accuracy: Annotated[float, Field(ge=0, lt=1)] = 0.0
    function: str = ""

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.function and (self.kind != "ap" or self.image_accuracy):
            raise ValueError("a function stands alone")
        if self.kind != "ap" and self.image_accuracy:
            raise ValueError("image_accuracy goes with the AP")
        return self

    def measure(self, folder: Path) -> Measure:
        function = str(folder / self.function) if self.function else ""
        return Measure(self.kind, self.beta, self.image_accuracy, function)


class _RuleFile(_Model):
    name: str
    requirement: _RequirementPart
    categories: list[_CategoryRow] | Literal["all"] = "all"
    ap: ApKind = "all_points"
    strict: bool = False
    max_per_image_and_class: Annotated[int, Field(gt=0)] | None = None
    recall_steps: RecallSteps = "linspace"
    time_penalty: _PenaltyPart = _PenaltyPart()
    open: list[str] = []
    measure: _MeasurePart = _MeasurePart()
    bad_rows: BadRows = "refuse"

    @model_validator(mode="after")
    def _one_ratio(self) -> Self:
        if self.measure.kind == "f_micro" and len(self.requirement.iou or [0]) > 1:
            raise ValueError("f_micro takes one IoU: a mean of several ratios has no exact cutoffs")
        return self

    @model_validator(mode="after")
    def _distinct_weighted(self) -> Self:
        if self.categories == "all":
            return self
        ids = [row.id for row in self.categories]
        if not ids or len(set(ids)) != len(ids):
            raise ValueError("categories have distinct ids, and there is at least one")
        if sum(row.weight for row in self.categories) <= 0:
            raise ValueError("at least one category has a weight above 0")
        return self

    def rule(self, folder: Path) -> Rule:
        rows = [] if self.categories == "all" else self.categories
        return Rule(
            name=self.name,
            requirement=self.requirement.requirement(),
            categories=tuple(RuleCategory(row.id, row.name, row.weight) for row in rows),
            ap=self.ap,
            strict=self.strict,
            max_per_image_and_class=self.max_per_image_and_class,
            recall_steps=self.recall_steps,
            time_penalty=TimePenalty(self.time_penalty.per_second, self.time_penalty.free_s),
            open=tuple(self.open),
            measure=self.measure.measure(folder),
            bad_rows=self.bad_rows,
        )
