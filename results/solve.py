"""Solves the post tier of one raw set: NMS per class, score cutoffs, cap per image, and how sure the score is.

The result says what a cap across classes cost; where it binds, the per-class optimum is no longer exact.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from results.across_classes import AcrossClasses, apply_nms_across_classes
from results.boxes import Detections, FloatArray, IntArray, Truth
from results.charged import best_image_gate, choose_charged
from results.cutoffs import cut, image_folds, no_cutoffs, tolerance_cutoffs
from results.groups import group_numbers
from results.post_settings import Suppress, cutoff_notice
from results.postprocess import (
    NmsSetting,
    PostSpec,
    Suppressor,
    apply_nms,
    best_per_image,
    cap_per_image,
    default_settings,
    images_above,
)
from results.prepared import PreparedSet, PreparedTruth, prepare, prepare_truth
from results.rules import Rule
from results.scoring import Kept, Matched, Score, match, subset
from results.sweep import Choice, Suppression, Sweep, SweepTable, choose, finer_settings, joined, sweep
from results.uncertainty import REPLICATES, image_weights, interval, replicate_values

SEED_OF_CUTOFFS = 0


@dataclass(frozen=True)
class Solution:
    """What the post tier chose, and what that earns on the set it was chosen on.

    Attributes:
        setting_of: NMS setting by contest category id.
        global_setting: the best setting for all classes together.
        cutoff_of: score cutoff by contest category id; 0 where none is applied.
        score: of the post-processed detections.
        interval: 95% image-bootstrap interval of that score; (NaN, NaN) when no class is defined.
        cap_cost: score lost to the cap across classes.
        settings_tried: how many NMS settings the sweep held.
        max_per_image: the cap across classes, applied last.
        share_won: by contest category id, the share of replicates in which its best setting beat the global one.
        image_gate: images whose best score is below it lose all detections; 0 for none.
        notice: what the user should know of the spec, e.g. that it cannot help; empty for nothing.
        search: what proposed the settings, exact or optuna.
        exact_score: what the exact search of the grid earns in TPE's place; None without TPE, or if undefined.
        suppress: within_class, or across_classes: `global_setting` was then run on all classes together.
    """

    setting_of: dict[int, NmsSetting]
    global_setting: NmsSetting
    cutoff_of: dict[int, float]
    score: Score
    interval: tuple[float, float]
    cap_cost: float
    settings_tried: int
    max_per_image: int | None
    share_won: dict[int, float]
    image_gate: float = 0.0
    notice: str = ""
    search: str = "exact"
    exact_score: float | None = None
    suppress: Suppress = "within_class"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for json; ids become text, an undefined interval becomes null."""
        return {
            "setting_of": {str(id_): asdict(setting) for id_, setting in self.setting_of.items()},
            "global_setting": asdict(self.global_setting),
            "cutoff_of": {str(id_): value for id_, value in self.cutoff_of.items()},
            "score": {
                "score": self.score.score,
                "ap": {str(id_): ap for id_, ap in self.score.ap.items()},
                "renormalised": self.score.renormalised,
                "boxes": {str(id_): count for id_, count in self.score.boxes.items()},
            },
            "interval": None if np.isnan(self.interval[0]) else list(self.interval),
            "cap_cost": self.cap_cost,
            "settings_tried": self.settings_tried,
            "max_per_image": self.max_per_image,
            "share_won": {str(id_): share for id_, share in self.share_won.items()},
            "image_gate": self.image_gate,
            "notice": self.notice,
            "search": self.search,
            "exact_score": self.exact_score,
            "suppress": self.suppress,
        }

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> "Solution":
        """The inverse of `to_dict`."""
        score, bounds = content["score"], content["interval"]
        return Solution(
            setting_of={int(id_): NmsSetting(**setting) for id_, setting in content["setting_of"].items()},
            global_setting=NmsSetting(**content["global_setting"]),
            cutoff_of={int(id_): float(value) for id_, value in content["cutoff_of"].items()},
            score=Score(
                score["score"],
                {int(id_): ap for id_, ap in score["ap"].items()},
                score["renormalised"],
                {int(id_): count for id_, count in score["boxes"].items()},
            ),
            interval=(float("nan"), float("nan")) if bounds is None else (bounds[0], bounds[1]),
            cap_cost=content["cap_cost"],
            settings_tried=content["settings_tried"],
            max_per_image=content["max_per_image"],
            share_won={int(id_): share for id_, share in content["share_won"].items()},
            image_gate=content.get("image_gate", 0.0),
            notice=content.get("notice", ""),
            search=content.get("search", "exact"),
            exact_score=content.get("exact_score"),
            suppress=content.get("suppress", "within_class"),
        )


def solve(
    truth: Truth,
    raw: Detections,
    rule: Rule,
    spec: PostSpec,
    seed: int,
    group_of_image: Mapping[int, int] | None = None,
) -> Solution:
    """The best post-processing of one raw set under `spec`.

    Args:
        truth: of the validation images.
        raw: detections before NMS.
        rule: what is optimised.
        spec: what may be done.
        seed: of the bootstrap and the folds.
        group_of_image: by image id, a number that images share which must be drawn together; None if there are none.

    Raises:
        InputError: a row of `raw` or `truth` is bad.
    """
    prepared = prepare(prepare_truth(truth, rule), raw)
    return solution_of(swept_by(prepared, spec, seed), spec, draws_of(prepared.truth, seed, group_of_image))


@dataclass(frozen=True)
class Draws:
    """What chance decides of a solution.

    Attributes:
        weights: (B, M) how often each image is drawn in each bootstrap replicate, from `uncertainty.image_weights`.
        folds: (M,) fold of each image, from `cutoffs.image_folds`.
    """

    weights: FloatArray
    folds: IntArray


def draws_of(truth: PreparedTruth, seed: int, group_of_image: Mapping[int, int] | None = None) -> Draws:
    """Draws of the images, whole groups where there are some.

    Args:
        truth: of M images.
        seed: of replicates and folds.
        group_of_image: by image id, a number that images share which must be drawn together; None if there are none.

    Raises:
        InputError: an image has no group.
    """
    images, groups = len(truth.image_id), group_numbers(truth.image_id, group_of_image)
    return Draws(image_weights(images, REPLICATES, seed, groups), image_folds(images, seed, groups))


def exact_score(prepared: PreparedSet, spec: PostSpec, draws: Draws) -> float | None:
    """The score that `spec` earns with the exact search in the place of TPE, for settings and for cutoffs."""
    exact = replace(spec, search="exact", cutoffs="tolerance" if spec.cutoffs == "optuna" else spec.cutoffs)
    return _earned(swept_by(prepared, exact, 0), exact, draws).final.score().score


def swept_by(prepared: PreparedSet, spec: PostSpec, seed: int, known: SweepTable | None = None) -> Sweep:
    """The settings that `spec` has searched: the refined grid, or what TPE proposes; and what is known already."""
    suppressor = suppression_of(prepared, spec)
    allowed = None if known is None else known.of_kinds(spec.nms)
    if spec.search == "exact":
        grid = default_settings(spec.nms)
        coarse = sweep(prepared, grid, suppressor, allowed)
        # Refined from the grid alone: what else is known must not change what is looked at.
        return sweep(prepared, finer_settings(coarse.table.of(grid)), suppressor, coarse.table)
    from results.post_optuna import search_settings  # knows Optuna, which only this search needs

    proposed = search_settings(prepared, spec.nms, suppressor, seed).table
    return sweep(prepared, (), suppressor, proposed if allowed is None else joined([allowed, proposed]))


def suppression_of(prepared: PreparedSet, spec: PostSpec) -> Suppression:
    """What runs the settings of `spec` on the raw set, within classes or across them."""
    cap = class_cap(prepared.truth.rule, spec)
    if spec.suppress == "across_classes":
        return AcrossClasses(prepared.detections, cap)
    return Suppressor(prepared.detections, cap, prepared.graph)


def solution_of(swept: Sweep, spec: PostSpec, draws: Draws) -> Solution:
    """Chooses from a sweep, cuts and caps, and says what that earns."""
    prepared, measure = swept.prepared, swept.prepared.truth.rule.measure
    earned = _earned(swept, spec, draws)
    choice, cutoff, final = earned.choice, earned.cutoff, earned.final
    result, ids = final.score(), prepared.truth.category_id.tolist()
    return Solution(
        setting_of={id_: swept.table.settings[place] for id_, place in zip(ids, choice.index.tolist(), strict=True)},
        global_setting=swept.table.settings[choice.global_index],
        cutoff_of=dict(zip(ids, cutoff.tolist(), strict=True)),
        score=result,
        interval=interval(replicate_values(final, draws.weights)[1]),
        cap_cost=earned.cap_cost,
        settings_tried=swept.size,
        max_per_image=spec.max_per_image,
        share_won={
            id_: share for id_, share in zip(ids, choice.share_won.tolist(), strict=True) if not np.isnan(share)
        },
        image_gate=earned.gate,
        notice=cutoff_notice(spec.cutoffs, measure.is_plain_ap) or "",
        search=spec.search,
        exact_score=exact_score(prepared, spec, draws) if spec.search == "optuna" else None,
        suppress=spec.suppress,
    )


@dataclass(frozen=True)
class _Earned:
    """What is left of a sweep after its choice, with the choice."""

    choice: Choice
    cutoff: FloatArray
    gate: float
    cap_cost: float
    final: Matched


def _earned(swept: Sweep, spec: PostSpec, draws: Draws) -> _Earned:
    choice, cutoff = _choice(swept, spec, draws)
    uncapped = match(swept.prepared, cut(swept.combine(choice.index), cutoff))
    capped = _capped(uncapped, spec.max_per_image)
    gate = best_image_gate(capped)[0] if swept.prepared.truth.rule.measure.image_accuracy else 0.0
    final = match(swept.prepared, _gated(capped, gate)) if gate else capped
    cap_cost = (uncapped.score().score or 0.0) - (capped.score().score or 0.0)
    return _Earned(choice, cutoff, gate, cap_cost, final)


def _choice(swept: Sweep, spec: PostSpec, draws: Draws) -> tuple[Choice, FloatArray]:
    """The settings, and the cutoffs (C,): exact where the rule charges for false alarms, free ones under an AP."""
    measure = swept.prepared.truth.rule.measure
    if measure.kind == "ap":
        choice, exact = choose(swept, spec.per_class, draws.weights), None
    else:
        choice, exact = choose_charged(swept, spec.per_class, draws.weights)
    if spec.cutoffs == "optuna":
        from results.post_optuna import search_cutoffs  # knows Optuna, which only this search needs

        return choice, search_cutoffs(swept.combine(choice.index), SEED_OF_CUTOFFS)
    if exact is not None:
        return choice, exact
    if spec.cutoffs == "none" or not measure.is_plain_ap:
        return choice, no_cutoffs(swept.prepared.truth).value
    return choice, tolerance_cutoffs(swept.combine(choice.index), draws.weights, draws.folds).value


def _gated(matched: Matched, gate: float) -> Kept:
    kept = matched.kept
    image = matched.prepared.detections.image[kept.rows]
    return subset(kept, images_above(image, kept.scores, gate))


def apply_solution(raw: Detections, solution: Solution) -> Detections:
    """Post-processes raw detections as `solution` says; classes that its rule does not count are dropped.

    Returns:
        Detections by category id, image id and descending score.

    Raises:
        InputError: a row is not finite or has a negative size.
    """
    counted = raw.select(np.isin(raw.category_id, list(solution.setting_of)))
    if solution.suppress == "across_classes":
        left = apply_nms_across_classes(counted, solution.global_setting)
    else:
        left = apply_nms(counted, solution.setting_of, None)
    ids, place = np.unique(left.category_id, return_inverse=True)
    cutoff = np.array([solution.cutoff_of[id_] for id_ in ids.tolist()])
    capped = cap_per_image(left.select(left.scores >= cutoff[place]) if len(left) else left, solution.max_per_image)
    if not solution.image_gate:
        return capped
    return capped.select(images_above(capped.image_id, capped.scores, solution.image_gate))


def class_cap(rule: Rule, spec: PostSpec) -> int | None:
    """The cap per class that the rule and the spec make together; a cap across classes bounds each class too."""
    caps = [cap for cap in (rule.max_per_image_and_class, spec.max_per_image) if cap is not None]
    return min(caps, default=None)


def _capped(matched: Matched, max_per_image: int | None) -> Matched:
    if max_per_image is None:
        return matched
    kept = matched.kept
    image = matched.prepared.detections.image[kept.rows]
    return match(matched.prepared, subset(kept, best_per_image(image, kept.scores, max_per_image)))
