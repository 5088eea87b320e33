"""Which epochs an average has, what each counts, and which files a trial keeps for it."""

from pathlib import Path

import pytest
import torch
from torch import nn

from results.errors import InputError
from results.layout import TrialLayout
from trainables.averages import Average, parse_average
from trainables.catalogue import DETECTORS
from trainables.epoch_weights import EpochWeights, weighted_mean

LAST3, BEST2 = Average(False, 3, None), Average(True, 2, None)


def test_forms() -> None:
    assert parse_average("none") is None
    assert parse_average("last3") == LAST3
    assert parse_average("best2") == BEST2
    assert parse_average("last3/0.7") == Average(False, 3, 0.7)


@pytest.mark.parametrize("text", ["last", "last0", "mean3", "last3/", "last3/1", "last3/0", "last3/0.0", "last3/7", ""])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="write for example"):
        parse_average(text)
    assert DETECTORS["cascade_rcnn"].predict["average"].fault(text) is not None


def test_sequential_averaging_counts_as_the_competitions_log_says() -> None:
    assert Average(False, 3, 0.7).shares(3) == pytest.approx((0.09, 0.21, 0.70), abs=1e-12)
    states = [{"weight": torch.eye(3)[place]} for place in range(3)]
    assert torch.allclose(
        weighted_mean(states, Average(False, 3, 0.7).shares(3))["weight"], torch.tensor([0.09, 0.21, 0.7]), atol=1e-7
    )


@pytest.mark.parametrize("average", [LAST3, Average(False, 3, 0.7), Average(True, 5, 0.05)])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_shares_add_up_to_one(average: Average, count: int) -> None:
    assert len(average.shares(count)) == count
    assert sum(average.shares(count)) == pytest.approx(1.0, abs=1e-12)


def test_the_mean_of_equal_states_is_that_state_to_the_last_bit() -> None:
    state = {"weight": torch.rand(50), "steps": torch.tensor(7)}
    mean = weighted_mean([state] * 7, LAST3.shares(7))
    assert torch.equal(mean["weight"], state["weight"])
    assert torch.equal(mean["steps"], state["steps"])


def test_epochs_by_place_and_by_score() -> None:
    scores = {1: 0.5, 2: 0.1, 3: None, 4: 0.4}
    assert LAST3.epochs([1, 2, 3, 4], scores) == (2, 3, 4)
    assert BEST2.epochs([1, 2, 3, 4], scores) == (1, 4)
    assert LAST3.epochs([1, 2], {}) == (1, 2)


def kept(folder: Path, averages: list[str], scores: list[float]) -> list[int]:
    """Epochs whose weights lie in the folder after a training with these scores."""
    weights = EpochWeights(TrialLayout(folder), averages)
    for epoch, score in enumerate(scores, start=1):
        weights.write(nn.Linear(1, 1), epoch)
        weights.note(epoch, score)
    return TrialLayout(folder).weighed_epochs()


def test_only_what_an_average_may_need_stays_on_the_disk(tmp_path: Path) -> None:
    assert kept(tmp_path / "a", ["none"], [0.1, 0.2]) == []


@pytest.mark.parametrize(
    ("averages", "epochs"), [(["last2"], [4, 5]), (["best2"], [1, 3]), (["last1", "best1", "none"], [1, 5])]
)
def test_a_trial_keeps_as_many_epochs_as_its_averages_have(
    tmp_path: Path, averages: list[str], epochs: list[int]
) -> None:
    assert kept(tmp_path, averages, [0.9, 0.1, 0.8, 0.2, 0.3]) == epochs


def test_an_epoch_that_is_not_judged_yet_replaces_no_other(tmp_path: Path) -> None:
    weights = EpochWeights(TrialLayout(tmp_path), ["best1"])
    weights.write(nn.Linear(1, 1), 1)
    weights.note(1, 0.5)
    weights.write(nn.Linear(1, 1), 2)
    assert TrialLayout(tmp_path).weighed_epochs() == [1, 2]


def test_what_lies_beyond_the_checkpoint_is_forgotten_and_at_the_end_everything(tmp_path: Path) -> None:
    kept(tmp_path, ["last3", "best1"], [0.1, 0.2, 0.3])
    weights = EpochWeights(TrialLayout(tmp_path), ["last3", "best1"])
    weights.forget_after(2)
    assert TrialLayout(tmp_path).weighed_epochs() == [1, 2]
    weights.remove()
    assert list(tmp_path.iterdir()) == []
