"""What the page of a run says of its best trial beyond the table of classes: trade-off, errors, out of fold, searches.

Each section is a function from what the trial left to lines of Markdown. It reads no files and chooses nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from results.boxes import Detections, Truth
from results.cutoffs import image_folds
from results.error_kinds import error_kinds
from results.groups import group_numbers, group_of_image
from results.out_of_fold import out_of_fold
from results.postprocess import PostSpec, default_settings
from results.prepared import prepare, prepare_truth
from results.rules import Rule
from results.scoring import keep_all, match
from results.solve import Solution, suppression_of
from results.sweep import sweep
from results.tradeoff import Point, tradeoff
from results.uncertainty import REPLICATES, image_weights

_SEED = 0
_SHARES_CUT = (0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Kept:
    """What a trial left on the validation images.

    Attributes:
        detections: after the solved post-processing.
        raw: before it; None if the trial kept none.
        spec: what the post tier was allowed; None if the trial's configuration does not say.
        rule: that decides.
        group_by: of the data set, see `results.groups`.
    """

    truth: Truth
    detections: Detections
    raw: Detections | None
    spec: PostSpec | None
    rule: Rule
    group_by: str | None = None


def sections(kept: Kept) -> list[str]:
    """Trade-off, kinds of error and out-of-fold estimate."""
    return [*tradeoff_lines(kept), *error_lines(kept), *out_of_fold_lines(kept)]


def tradeoff_lines(kept: Kept) -> list[str]:
    """The score against boxes kept and false alarms, at no cutoff and at a few quantiles of the scores."""
    prepared = prepare(prepare_truth(kept.truth, kept.rule), kept.detections)
    matched = match(prepared, keep_all(prepared))
    scores = matched.kept.scores
    cutoffs = [0.0, *np.unique(np.quantile(scores, _SHARES_CUT)).tolist()] if len(scores) else [0.0]
    head = ("| cutoff | score | boxes | false alarms per clean image |", "|---:|---:|---:|---:|")
    return ["", "### Score against boxes kept", "", *head, *map(_point_row, tradeoff(matched, cutoffs))]


def error_lines(kept: Kept) -> list[str]:
    """Kinds of error at IoU 0.5, the costliest first."""
    found = error_kinds(kept.truth, kept.detections)
    head = ["", "### Kinds of error (IoU 0.5)", ""]
    if not found:
        return [*head, "Undefined: the truth has no box."]
    ordered = sorted(found.items(), key=lambda item: -_or_zero(item[1].ap_cost))
    rows = (f"| {name} | {kind.count} | {number(kind.ap_cost)} |" for name, kind in ordered)
    return [*head, "| kind | count | AP if mended |", "|---|---:|---:|", *rows]


def out_of_fold_lines(kept: Kept) -> list[str]:
    """What the choice of NMS settings is worth on images it was not made on."""
    head = ["", "### Out-of-fold estimate of the choice", ""]
    missing = _why_no_estimate(kept)
    if missing or kept.raw is None or kept.spec is None:
        return [*head, f"None: {missing}."]
    spec = kept.spec
    prepared = prepare(prepare_truth(kept.truth, kept.rule), kept.raw)
    images = len(prepared.truth.image_id)
    swept = sweep(prepared, default_settings(spec.nms), suppression_of(prepared, spec))
    groups = group_numbers(prepared.truth.image_id, group_of_image(kept.group_by, kept.truth.images))
    folds = image_folds(images, _SEED, groups)
    found = out_of_fold(swept, spec.per_class, image_weights(images, REPLICATES, _SEED, groups), folds)
    if found.score is None:
        return [*head, "Undefined: no class has a truth box."]
    low, high = found.gain_interval
    return [
        *head,
        f"`per_class: {spec.per_class}` scores {found.score:.4f} on images that it did not see; over the best global"
        f" setting that is {found.gain:+.4f} (95% {number(low, '+.4f')} to {number(high, '+.4f')}).",
        f"{int(folds.max()) + 1} folds, {swept.size} grid settings, before score cutoffs and the cap across classes.",
    ]


def search_lines(solution: Solution) -> list[str]:
    """TPE's post tier beside the exact one; nothing where the search was exact."""
    if solution.search != "optuna":
        return []
    head = ["", "### Post tier: TPE and the exact search", "", "| search | score |", "|---|---:|"]
    rows = [
        f"| TPE (used) | {number(solution.score.score)} |",
        f"| exact over the grid | {number(solution.exact_score)} |",
    ]
    return [
        *head,
        *rows,
        "",
        "Both under the same `per_class`; TPE proposes values between those of the grid, so it may pass it.",
    ]


def number(value: float | None, form: str = ".4f") -> str:
    """A value as text; what is not defined says so."""
    return "undefined" if value is None or math.isnan(value) else format(value, form)


def _why_no_estimate(kept: Kept) -> str:
    reasons: dict[str, Callable[[], bool]] = {
        "only rules that are a plain AP have one": lambda: not kept.rule.measure.is_plain_ap,
        "the trial kept no raw detections": lambda: kept.raw is None,
        "the trial's configuration does not say how it chose": lambda: kept.spec is None,
        "one image makes no folds": lambda: len(kept.truth.images.image_id) <= 1,
    }
    return next((reason for reason, holds in reasons.items() if holds()), "")


def _point_row(point: Point) -> str:
    alarms = point.false_alarms_per_clean_image
    shown = "no clean images" if alarms is None else f"{alarms:.3f}"
    return f"| {point.cutoff:.4f} | {number(point.score)} | {point.boxes_kept} | {shown} |"


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
