"""Solves the post tier of one raw set: NMS per class, score cutoffs, cap per image, and how sure the score is.

The result says what a cap across classes cost; where it binds, the per-class optimum is no longer exact. It is applied
to other images by `results.solution`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from results.across_classes import AcrossClasses
from results.boxes import Detections, FloatArray, IntArray, Truth
from results.charged import best_image_gate, choose_charged
from results.cutoffs import cut, image_folds, no_cutoffs, tolerance_cutoffs
from results.groups import group_numbers
from results.post_settings import PostSpec, cutoff_notice, default_settings
from results.postprocess import Suppressor, best_per_image, images_above
from results.prepared import PreparedSet, PreparedTruth, prepare, prepare_truth
from results.rules import Rule
from results.scoring import Kept, Matched, match, subset
from results.solution import Solution
from results.sweep import Choice, Suppression, Sweep, SweepTable, choose, finer_settings, joined, sweep
from results.uncertainty import REPLICATES, image_weights, interval, replicate_values

SEED_OF_CUTOFFS = 0


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
