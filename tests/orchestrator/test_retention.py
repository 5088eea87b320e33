import json
from pathlib import Path

import pytest
from tiny_search import Driven, fake_space

from orchestrator.budget import Budget
from orchestrator.config_notices import few_weights_notices
from orchestrator.jobs import Asked
from orchestrator.retention import Retention, members_of_recipes
from results.layout import RunLayout, write_atomically
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord

MEDIAN = "{pruner: {name: median, startup_trials: 2, warmup_epochs: 1}, epochs: 4, trials: 30}"


class Kept:
    """A run's folder whose trials leave files as real ones do."""

    def __init__(self, folder: Path, keep: int | None) -> None:
        self.layout = RunLayout(folder)
        self.removed: list[int] = []
        self.said: list[str] = []
        self.retention = Retention(self.layout, keep, self.removed.append, self.said.append)

    def write(self, number: int, weights: bool = True) -> None:
        """What a trial has on the disk at its end."""
        trial = self.layout.trial(number)
        small, large = (trial.raw, trial.outcome, trial.config), (trial.checkpoint, trial.checkpoint_note)
        for path in (*small, *large, *([trial.weights] if weights else [])):
            write_atomically(path, path.name)

    def files(self, name: str) -> list[int]:
        """Trials that have such a file."""
        return sorted(int(path.parent.name) for path in self.layout.root.glob(f"trials/*/{name}"))


def write_and_train(kept: Kept, driven: Driven, asked: Asked) -> None:
    """One trial with its files, which are there before its end is reported."""
    kept.write(asked.number)
    driven.train(asked)


def test_only_the_best_trials_weights_and_no_ended_trials_checkpoint_stay(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, search=MEDIAN), tmp_path)
    kept = Kept(tmp_path, 3)
    driven.study.subscribe(kept.retention)
    for _ in range(12):
        write_and_train(kept, driven, driven.ask())
    kept.write(running := driven.ask().number, weights=False)
    records = driven.study.records.values()
    complete = sorted((one for one in records if one.state == COMPLETE), key=lambda one: -(one.score or 0.0))
    assert {one.state for one in records} == {COMPLETE, PRUNED, RUNNING}
    assert kept.files("weights.pth") == sorted(one.number for one in complete[:3])
    assert kept.files("checkpoint.pth") == kept.files("checkpoint.json") == [running]
    assert len(kept.files("raw.arrow")) == len(kept.files("outcome.json")) == 13


def test_all_weights_stay_where_no_number_is_given(tmp_path: Path) -> None:
    kept = Kept(tmp_path, None)
    for number in range(4):
        kept.write(number)
    kept.retention.catch_up([TrialRecord(number, state=COMPLETE, score=0.1) for number in range(4)])
    assert kept.files("weights.pth") == [0, 1, 2, 3]
    assert kept.files("checkpoint.pth") == []


def test_what_a_killed_session_left_is_tidied_by_the_next(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 1)
    states = (COMPLETE, FAIL, PRUNED, RUNNING, COMPLETE)
    for number in range(len(states)):
        kept.write(number)
    records = [TrialRecord(number, state=state, score=0.1 * number) for number, state in enumerate(states)]
    kept.retention.catch_up(records)
    assert kept.files("weights.pth") == [3, 4]
    assert kept.files("checkpoint.pth") == [3]
    assert kept.removed == [0]


def test_of_equal_scores_the_earlier_trial_keeps_its_weights(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 2)
    for number in range(4):
        kept.write(number)
    kept.retention.catch_up([TrialRecord(number, state=COMPLETE, score=0.5) for number in (3, 1, 0, 2)])
    assert kept.files("weights.pth") == [0, 1]


def test_members_of_a_recipe_keep_their_weights(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "night", 1)
    for number in range(3):
        kept.write(number)
    recipe = {"recipe": {"run": "night", "members": [0]}}
    write_atomically(kept.layout.recipe(Path("x/submission.json")), json.dumps(recipe))
    write_atomically(kept.layout.recipe(Path("other.json")), json.dumps({"recipe": {"run": "day", "members": [1]}}))
    write_atomically(kept.layout.recipe(Path("broken.json")), "{")
    assert members_of_recipes(kept.layout) == {0}
    kept.retention.catch_up([TrialRecord(number, state=COMPLETE, score=0.1 * number) for number in range(3)])
    assert kept.files("weights.pth") == [0, 2]
    assert kept.removed == [1]


def test_a_file_that_cannot_be_removed_is_said_and_ends_nothing(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 1)
    kept.write(0)
    kept.layout.trial(0).checkpoint.unlink()
    kept.layout.trial(0).checkpoint.mkdir()  # even a superuser cannot unlink a folder
    kept.retention.catch_up([TrialRecord(0, state=FAIL)])
    assert len(kept.said) == 1 and "checkpoint.pth" in kept.said[0]
    assert kept.files("weights.pth") == []


@pytest.mark.parametrize(("keep", "said"), [(None, 0), (10, 0), (5, 0), (4, 1), (1, 1)])
def test_too_few_weights_for_an_ensemble_are_said(keep: int | None, said: int) -> None:
    assert len(few_weights_notices(keep)) == said


def test_confirmations_evict_no_trial_of_the_search(tmp_path: Path) -> None:
    search = "{pruner: none, epochs: 2, trials: 4, confirm: 2}"
    driven, kept = Driven(fake_space(tmp_path, search=search), tmp_path, Budget(4)), Kept(tmp_path, 3)
    driven.study.subscribe(kept.retention)
    while (asked := driven.study.next()) is not None:
        kept.write(asked.number)
        driven.train(asked, score=lambda _x, _epoch: 0.9 if asked.seed is not None else asked.number / 10)
    assert kept.files("raw.arrow") == list(range(10))
    assert kept.files("weights.pth") == [1, 2, 3]
    kept.retention.catch_up(driven.study.records.values())
    assert kept.files("weights.pth") == [1, 2, 3]
