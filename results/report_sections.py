"""What the page of a run says of its best trial beyond the table of classes: trade-off, errors, out of fold, searches.

Each section is a function from what the trial left to lines of Markdown. It reads no files and chooses nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from results.coco_table import coco_numbers
from results.error_costs import error_kinds
from results.groups import group_of_image
from results.out_of_fold import out_of_fold
from results.post_settings import PostSpec
from results.prepared import prepare, prepare_truth
from results.rules import Rule, TimePenalty
from results.scoring import Matched, keep_all, match
from results.solution import Solution
from results.solve import Draws, draws_of
from results.sweep import Sweep
from results.tradeoff_curve import Point, tradeoff
from results.trial_files import Boxes
from results.uncertainty import interval, replicate_values

_SEED = 0
_SHARES_CUT = (0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Kept:
    """What a trial left on the validation images.

    Attributes:
        boxes: its truth and its detections after the solved post-processing.
        matched: those detections, matched.
        draws: of the images, for intervals and folds.
        spec: what the post tier was allowed; None if the trial's configuration does not say.
        sweep: makes or opens the sweep of its raw detections; None if the trial kept none.
    """

    boxes: Boxes
    matched: Matched
    draws: Draws
    spec: PostSpec | None = None
    sweep: Callable[[], Sweep] | None = None


def kept_of(boxes: Boxes, rule: Rule, group_by: str | None = None) -> Kept:
    """Matches a trial's detections under `rule`, and draws its images; `group_by` is the data set's.

    Raises:
        InputError: a row is not finite, has a negative size, or an image that the truth does not know.
    """
    prepared = prepare(prepare_truth(boxes.truth, rule), boxes.detections)
    draws = draws_of(prepared.truth, _SEED, group_of_image(group_by, boxes.truth.images))
    return Kept(boxes, match(prepared, keep_all(prepared)), draws)


def sections(kept: Kept) -> list[str]:
    """COCO's numbers, trade-off, kinds of error and out-of-fold estimate."""
    return [*coco_lines(kept), *tradeoff_lines(kept), *error_lines(kept), *out_of_fold_lines(kept)]


def coco_lines(kept: Kept) -> list[str]:
    """COCO's twelve numbers, which every paper has."""
    found = coco_numbers(kept.boxes.truth, kept.boxes.detections)
    head = [f"| {' | '.join(found)} |", "|---:" * len(found) + "|"]
    return [
        "",
        "### COCO's twelve numbers",
        "",
        *head,
        f"| {' | '.join(number(one, '.3f') for one in found.values())} |",
    ]


def class_intervals(kept: Kept) -> dict[int, tuple[float, float]]:
    """The 95% image-bootstrap interval of each class's AP, by contest category id; (NaN, NaN) where it is undefined."""
    values, _ = replicate_values(kept.matched, kept.draws.weights)
    return {
        id_: interval(values[:, place]) for place, id_ in enumerate(kept.matched.prepared.truth.category_id.tolist())
    }


def tradeoff_lines(kept: Kept) -> list[str]:
    """The score against boxes kept and false alarms, at no cutoff and at a few quantiles of the scores."""
    scores = kept.matched.kept.scores
    cutoffs = [0.0, *np.unique(np.quantile(scores, _SHARES_CUT)).tolist()] if len(scores) else [0.0]
    head = ("| cutoff | score | boxes | false alarms per clean image |", "|---:|---:|---:|---:|")
    return ["", "### Score against boxes kept", "", *head, *map(_point_row, tradeoff(kept.matched, cutoffs))]


def error_lines(kept: Kept) -> list[str]:
    """Kinds of error at IoU 0.5, the costliest first."""
    found = error_kinds(kept.boxes.truth, kept.boxes.detections)
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
    if missing or kept.sweep is None or kept.spec is None:
        return [*head, f"None: {missing}."]
    swept, spec, draws = kept.sweep(), kept.spec, kept.draws
    found = out_of_fold(swept, spec.per_class, draws.weights, draws.folds)
    if found.score is None:
        return [*head, "Undefined: no class has a truth box."]
    low, high = found.gain_interval
    return [
        *head,
        f"`per_class: {spec.per_class}` scores {found.score:.4f} on images that it did not see; over the best global"
        f" setting that is {found.gain:+.4f} (95% {number(low, '+.4f')} to {number(high, '+.4f')}).",
        f"{int(draws.folds.max()) + 1} folds, {swept.size} settings, before score cutoffs and the cap across classes.",
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


def penalty_lines(penalty: TimePenalty, score: float | None, images_per_s: object) -> list[str]:
    """What the rule's time penalty would take off; nothing where the rule has none or no speed is known."""
    if not penalty.per_second or score is None or not isinstance(images_per_s, int | float) or images_per_s <= 0:
        return []
    cost = penalty.cost(1 / images_per_s)
    return [
        "",
        f"Time penalty: {cost:.4f} at {images_per_s:.1f} images a second, which leaves {score - cost:.4f}. The search"
        " does not see it.",
    ]


def number(value: float | None, form: str = ".4f") -> str:
    """A value as text; what is not defined says so."""
    return "undefined" if value is None or math.isnan(value) else format(value, form)


def _why_no_estimate(kept: Kept) -> str:
    truth = kept.matched.prepared.truth
    reasons: dict[str, Callable[[], bool]] = {
        "only rules that are a plain AP have one": lambda: not truth.rule.measure.is_plain_ap,
        "the trial's configuration does not say how it chose": lambda: kept.spec is None,
        "the trial kept no raw detections": lambda: kept.sweep is None,
        "one image makes no folds": lambda: len(truth.image_id) <= 1,
    }
    return next((reason for reason, holds in reasons.items() if holds()), "")


def _point_row(point: Point) -> str:
    alarms = point.false_alarms_per_clean_image
    shown = "no clean images" if alarms is None else f"{alarms:.3f}"
    return f"| {point.cutoff:.4f} | {number(point.score)} | {point.boxes_kept} | {shown} |"


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
