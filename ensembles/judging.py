"""Judges what could be submitted on the validation images: each member, their fusion, and the best member alone.

A fusion must not be worse than what it is made from. It is taken where it scores at least as high as the best member
and the paired bootstrap gives it at least an even chance of being better; otherwise the best member is submitted as it
stands, and that is said. Reads trials' files and decides; it predicts and writes nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ensembles.recipe import IOU_THRESHOLD
from ensembles.routing import Routed, fuse_routed, joined_truth
from ensembles.sources import Member
from results.boxes import Detections, Truth, read_detections, read_truth
from results.rules import Rule
from results.uncertainty import Comparison, Measured, difference, drawn_truth, interval, measured

Method: TypeAlias = Literal["auto", "wbf", "best"]
Taken: TypeAlias = Literal["wbf", "best"]
METHODS: tuple[Method, ...] = ("auto", "wbf", "best")
SEED = 0
_EVEN_CHANCE = 0.5


@dataclass(frozen=True)
class ScoredMember:
    """A member with what it left on its run's validation images.

    Attributes:
        member: which trial.
        truth: of its run's validation images, the trial's own copy.
        found: its detections there.
        score: of those; None where no class is defined.
        interval: 95% bootstrap interval of that score; (NaN, NaN) where it is undefined.
    """

    member: Member
    truth: Truth
    found: Routed
    score: float | None
    interval: tuple[float, float]

    @property
    def sees(self) -> tuple[bytes, bytes]:
        """Equal for members of the same validation images and classes: only their scores can be compared."""
        return self.truth.images.image_id.tobytes(), self.found.category_id.tobytes()


@dataclass(frozen=True)
class Candidate:
    """What could be submitted, on the validation images of all runs."""

    members: tuple[ScoredMember, ...]
    detections: Detections
    measured: Measured


@dataclass(frozen=True)
class Judgement:
    """The fusion of all members against the best of them.

    Attributes:
        members: every member, in the order given.
        truth: of the validation images of all runs.
        fusion: all members fused.
        best: the best member of each set of images and classes, fused where those sets meet.
        comparison: the fusion against the best, paired; None where both are the same.
        taken: which of the two is submitted.
    """

    members: tuple[ScoredMember, ...]
    truth: Truth
    fusion: Candidate
    best: Candidate
    comparison: Comparison | None
    taken: Taken

    @property
    def submitted(self) -> Candidate:
        """What the submission is made of."""
        return self.fusion if self.taken == "wbf" else self.best

    def record(self) -> dict[str, object]:
        """Plain values for the provenance."""
        between = self.comparison
        known = between is not None and between.known
        return {
            "members": [one.score for one in self.members],
            "trials": [f"{one.member.source.layout.name}/{one.member.number}" for one in self.members],
            "fusion": self.fusion.measured.score,
            "fusion_interval": _plain(interval(self.fusion.measured.replicates)),
            "best": self.best.measured.score,
            "best_interval": _plain(interval(self.best.measured.replicates)),
            "difference": between.difference if between is not None and known else None,
            "difference_interval": list(between.interval) if between is not None and known else None,
            "chance_fusion_is_better": between.probability if between is not None and known else None,
            "taken": self.taken,
        }


def judge(members: Sequence[Member], method: Method, max_per_image: int | None) -> Judgement:
    """Scores each member, their fusion and the best alone, and says which of the two is submitted.

    Args:
        members: at least one, all under one rule.
        method: `wbf` and `best` decide by themselves; `auto` leaves it to the scores.
        max_per_image: cap over all classes after the fusion; None for none.

    Raises:
        DamagedFileError: a trial's file cannot be trusted.
    """
    source = members[0].source
    scored = tuple(scored_member(one, source.dataset.group_by) for one in members)
    truth = joined_truth([one.truth for one in scored])
    prepared, weights = drawn_truth(truth, source.rule, SEED, source.dataset.group_by)

    def candidate(chosen: tuple[ScoredMember, ...]) -> Candidate:
        fused = fuse_routed([one.found for one in chosen], IOU_THRESHOLD, max_per_image)
        return Candidate(chosen, fused, measured(prepared, fused, weights))

    best_members = best_of_each(scored)
    fusion = candidate(scored)
    best = fusion if best_members == scored else candidate(best_members)
    comparison = None if best is fusion else difference(fusion.measured, best.measured)
    return Judgement(scored, truth, fusion, best, comparison, taken_by(method, comparison))


def scored_member(member: Member, group_by: str | None) -> ScoredMember:
    """A member's score on its run's validation images, from the files that the trial left.

    Raises:
        DamagedFileError: a file cannot be trusted.
    """
    layout = member.source.layout.trial(member.number)
    # The trial's own copy of the truth: the annotation file may have changed since it was scored.
    truth, found = read_truth(layout.truth), read_detections(layout.detections)[0]
    value = _measured(truth, found, member.source.rule, group_by)
    routed = Routed(found, truth.images.image_id, member.source.category_ids(member.number))
    return ScoredMember(member, truth, routed, value.score, interval(value.replicates))


def best_of_each(scored: Sequence[ScoredMember]) -> tuple[ScoredMember, ...]:
    """The member with the highest score of each set of images and classes, the first of equals, in the given order."""
    best: dict[tuple[bytes, bytes], ScoredMember] = {}
    for one in scored:
        known = best.get(one.sees)
        if known is None or _ranked(one) > _ranked(known):
            best[one.sees] = one
    return tuple(one for one in scored if best[one.sees] is one)


def taken_by(method: Method, comparison: Comparison | None) -> Taken:
    """Which of fusion and best member is submitted; `comparison` is None where both are the same."""
    if method != "auto":
        return method
    if comparison is None:
        return "best"
    # NaN compares as false: a fusion that cannot be judged is not taken.
    is_no_worse = comparison.difference >= 0.0 and comparison.probability >= _EVEN_CHANCE
    return "wbf" if is_no_worse else "best"


def judgement_lines(judgement: Judgement, method: Method, labels: Mapping[Member, str]) -> list[str]:
    """What the terminal shows of a judgement.

    Args:
        judgement: of `judge`.
        method: as the user chose it.
        labels: how each member is called.
    """
    lines = [f"  {labels[one.member]}  validation score {shown(one.score, one.interval)}" for one in judgement.members]
    comparison = judgement.comparison
    if comparison is None:
        return [*lines, *_alone(judgement)]
    fusion, best = judgement.fusion.measured, judgement.best.measured
    name = " and ".join(" ".join(labels[one.member].split()) for one in judgement.best.members)
    lines.append(
        f"  fusion     validation score {shown(fusion.score, interval(fusion.replicates))}"
        f"  (best single {name}: {shown(best.score, interval(best.replicates))})"
    )
    return [*lines, f"  {_verdict(judgement.taken, method, comparison, name)}"]


def _measured(truth: Truth, found: Detections, rule: Rule, group_by: str | None) -> Measured:
    prepared, weights = drawn_truth(truth, rule, SEED, group_by)
    return measured(prepared, found, weights)


def _ranked(one: ScoredMember) -> float:
    return -math.inf if one.score is None else one.score


def _plain(bounds: tuple[float, float]) -> list[float] | None:
    return None if math.isnan(bounds[0]) else list(bounds)


def _alone(judgement: Judgement) -> list[str]:
    """One member, or members that share no images: nothing to choose between."""
    if len(judgement.members) == 1:
        return ["  a single member is submitted as it stands"]
    whole = judgement.fusion.measured
    return [f"  together   validation score {shown(whole.score, interval(whole.replicates))}"]


def _verdict(taken: Taken, method: Method, comparison: Comparison, best: str) -> str:
    if comparison.known:
        low, high = comparison.interval
        found = (
            f"fusion minus best {comparison.difference:+.4f} [{low:+.4f}, {high:+.4f}],"
            f" better in {comparison.probability:.0%} of the bootstrap draws"
        )
    else:
        found = "fusion and best member cannot be compared: a score is undefined"
    if method != "auto":
        return f"{found}; --method {method} decides"
    if taken == "wbf":
        return f"{found}: submitting the fusion"
    return f"{found}: submitting {best} as it stands (--method wbf forces the fusion)"


def shown(score: float | None, bounds: tuple[float, float]) -> str:
    """A score with its 95% interval."""
    if score is None:
        return "undefined"
    return f"{score:.4f} [{bounds[0]:.4f}, {bounds[1]:.4f}]" if not math.isnan(bounds[0]) else f"{score:.4f}"
