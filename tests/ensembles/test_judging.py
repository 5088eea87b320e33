"""A submission never scores below the best trial that it is made of."""

import math
from pathlib import Path

import numpy as np
import pytest
from dense_rows import dense_truth, found_by

from ensembles.judging import Judgement, best_of_each, judge, judgement_lines, taken_by
from ensembles.sources import Member, Source
from results.boxes import Detections, Truth, write_detections, write_truth
from results.layout import RunLayout
from results.rules import load_rule
from results.scoring import score
from results.uncertainty import Comparison
from trainables.data.dataset import Dataset
from trainables.data.dataset import Source as Annotated

RULE = load_rule("coco50")


def members_of(folder: Path, truth: Truth, found: list[Detections]) -> list[Member]:
    """A run of trials that left these detections on the validation images."""
    nothing = Annotated(folder / "none.json", folder)
    source = Source(RunLayout(folder), Dataset("d", folder, nothing, nothing, None, None, None, None), RULE, None)
    for number, detections in enumerate(found):
        trial = source.layout.trial(number)
        trial.folder.mkdir(parents=True)
        write_truth(trial.truth, truth)
        write_detections(trial.detections, detections, {})
        trial.config.write_text('{"category_ids": [1]}')
    return [Member(source, number) for number in range(len(found))]


def judged(folder: Path, found: list[Detections], truth: Truth | None = None) -> Judgement:
    return judge(members_of(folder, dense_truth() if truth is None else truth, found), "auto", None)


def test_a_single_member_is_submitted_as_it_stands(tmp_path: Path) -> None:
    truth = dense_truth()
    found = found_by(truth, 1)
    judgement = judged(tmp_path, [found])
    assert judgement.submitted.measured.score == score(truth, found, RULE).score  # to the last digit
    for kept, given in zip(vars(judgement.submitted.detections).values(), vars(found).values(), strict=True):
        np.testing.assert_array_equal(kept, given)


@pytest.mark.parametrize("seed", range(5))
def test_two_to_five_members_are_never_below_the_best_on_dense_truth(tmp_path: Path, seed: int) -> None:
    truth = dense_truth(seed=seed)
    found = [found_by(truth, 10 * seed + one, jitter_px=2.0 + 1.5 * one) for one in range(5)]
    for top in range(2, 6):
        judgement = judged(tmp_path / str(top), found[:top], truth)
        best = max(one.score or 0.0 for one in judgement.members)
        assert (judgement.submitted.measured.score or 0.0) >= best


def test_equal_members_gain_by_fusion_on_dense_truth(tmp_path: Path) -> None:
    """Merging boxes of one member would lose here what agreement gains."""
    truth = dense_truth()
    judgement = judged(tmp_path, [found_by(truth, seed) for seed in (1, 2, 3)], truth)
    assert judgement.taken == "wbf"
    assert judgement.comparison is not None
    assert judgement.comparison.interval[0] > 0


def test_a_good_member_among_bad_ones_goes_alone_and_it_is_said(tmp_path: Path) -> None:
    truth = dense_truth()
    bad = [found_by(truth, seed, jitter_px=14.0, recall=0.4) for seed in (2, 3, 4)]
    judgement = judged(tmp_path, [found_by(truth, 1, jitter_px=1.0), *bad], truth)
    labels = {one.member: f"trial {one.member.number}" for one in judgement.members}
    assert judgement.taken == "best"
    assert [one.member.number for one in judgement.submitted.members] == [0]
    assert "submitting trial 0 as it stands (--method wbf forces the fusion)" in "\n".join(
        judgement_lines(judgement, "auto", labels)
    )


def test_the_record_says_what_was_judged(tmp_path: Path) -> None:
    record = judged(tmp_path, [found_by(dense_truth(), seed) for seed in (1, 2)]).record()
    assert record["trials"] == [f"{tmp_path.name}/0", f"{tmp_path.name}/1"]
    low, high = record["fusion_interval"]  # type: ignore[misc]
    assert low < record["fusion"] < high
    assert record["taken"] == "wbf"


@pytest.mark.parametrize(
    ("difference", "probability", "taken"),
    [(0.01, 0.9, "wbf"), (0.01, 0.5, "wbf"), (0.01, 0.49, "best"), (-0.001, 0.8, "best"), (math.nan, math.nan, "best")],
)
def test_auto_takes_a_fusion_that_is_no_worse_and_has_an_even_chance(
    difference: float, probability: float, taken: str
) -> None:
    comparison = Comparison(difference, (-1.0, 1.0), probability)
    assert taken_by("auto", comparison) == taken
    assert (taken_by("wbf", comparison), taken_by("best", comparison)) == ("wbf", "best")


def test_members_of_other_images_are_not_compared(tmp_path: Path) -> None:
    halves = [dense_truth(images=6, seed=1), dense_truth(images=9, seed=2)]
    members = [
        member
        for place, truth in enumerate(halves)
        for member in members_of(tmp_path / str(place), truth, [found_by(truth, 1), found_by(truth, 2, recall=0.5)])
    ]
    judgement = judge(members, "best", None)
    assert [one.member for one in best_of_each(judgement.members)] == [members[0], members[2]]
