import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import OutOfMemoryError
from tiny_search import Driven, fake_space

from orchestrator.boundary import NOT_FREE
from orchestrator.budget import Budget
from orchestrator.jobs import Asked, JobFactory
from orchestrator.slots import Slots
from orchestrator.tune import StudyScheduler, StudySearcher, run_search
from results.errors import DetectionSearchError
from results.layout import RunLayout
from results.trial_records import COMPLETE, FAIL, RUNNING
from trainables.effective import trial_hash
from trainables.jobs import TrialJob

STARTED = {"phase": "started", "config_hash": "right", "epoch": 0}
FINISHED = {"phase": "finished", "score": 0.5, "summary": [{}]}


@dataclass(eq=False)
class TuneTrial:
    """What the scheduler looks at of one of Tune's trials."""

    config: Mapping[str, Any]
    trial_id: str
    error_file: str | None = None
    run_metadata: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(num_failures=0))
    status: str = "RUNNING"

    def is_finished(self) -> bool:
        return self.status in ("TERMINATED", "ERROR")


class Tuned:
    """A study with both of Tune's plug-ins, and Tune's part played by the test."""

    def __init__(self, folder: Path, trials: int = 2, at_once: int | None = None) -> None:
        space = fake_space(folder)
        self.driven = Driven(space, folder, Budget(trials))
        self.scheduler = StudyScheduler(self.driven.study, lambda job: "right", at_once)
        make_job = JobFactory(space, RunLayout(folder), None, "coco50", seed=0)
        self.searcher = StudySearcher(self.driven.study, make_job, self.scheduler.has_room)

    def begin(self, trial_id: str) -> TuneTrial:
        """Asks for a trial and adds it."""
        config = self.searcher.suggest(trial_id)
        assert isinstance(config, dict)
        trial = TuneTrial(config, trial_id)
        self.scheduler.on_trial_add(None, trial)  # type: ignore[arg-type]
        return trial

    def report(self, trial: TuneTrial, report: Mapping[str, Any]) -> str:
        """A report of the trial's worker."""
        return self.scheduler.on_trial_result(None, trial, dict(report))  # type: ignore[arg-type]


@pytest.fixture
def tuned(tmp_path: Path) -> Tuned:
    return Tuned(tmp_path)


def test_a_job_travels_as_text_and_is_the_same_trial_where_it_arrives(tmp_path: Path) -> None:
    make_job = JobFactory(fake_space(tmp_path), RunLayout(tmp_path), None, "coco50", seed=0)
    searcher = StudySearcher(Driven(make_job.space, tmp_path).study, make_job)
    config = searcher.suggest("a")
    assert isinstance(config, dict)
    arrived = TrialJob.from_dict(json.loads(config["job"]))
    made = TrialJob.from_dict(make_job(Asked(0, arrived.params)))
    assert (arrived.number, arrived.folder) == (config["number"], made.folder)
    assert trial_hash(arrived, None) == trial_hash(made, None)


def test_nothing_is_asked_for_any_more_only_when_nothing_runs(tuned: Tuned) -> None:
    first, second = tuned.begin("a"), tuned.begin("b")
    assert tuned.searcher.suggest("c") is None
    tuned.report(first, FINISHED)
    assert tuned.searcher.suggest("c") is None
    tuned.report(second, FINISHED)
    assert tuned.searcher.suggest("c") == StudySearcher.FINISHED


def test_a_lost_worker_is_said_with_what_ray_wrote_of_it(tuned: Tuned, tmp_path: Path) -> None:
    trial = tuned.begin("a")
    (tmp_path / "error.txt").write_text("The actor died.\npid: 7\nip: 192.0.2.2", encoding="utf-8")
    trial.error_file = str(tmp_path / "error.txt")
    tuned.scheduler.on_trial_error(None, trial)  # type: ignore[arg-type]
    record, log = tuned.driven.study.records[0], RunLayout(tmp_path).trial(0).log
    assert (record.state, record.losses) == (RUNNING, 1)
    assert record.reason == f"process 7 on 192.0.2.2: The actor died. pid: 7 ip: 192.0.2.2; see {log.resolve()}"
    assert log.read_text(encoding="utf-8").startswith("The actor died.")


def test_the_end_of_an_earlier_attempt_loses_nothing_of_the_next_one(tuned: Tuned) -> None:
    before = tuned.begin("a")
    tuned.scheduler.on_trial_error(None, before)  # type: ignore[arg-type]
    again = tuned.begin("b")
    assert again.config["number"] == before.config["number"] == 0
    tuned.scheduler.on_trial_complete(None, before, {})  # type: ignore[arg-type]
    assert tuned.report(before, FINISHED) == "STOP"
    assert tuned.driven.study.is_running(0)
    tuned.report(again, FINISHED)
    assert (tuned.driven.study.records[0].state, tuned.driven.study.records[0].losses) == (COMPLETE, 1)


def test_tune_runs_no_trial_again_by_itself(tuned: Tuned) -> None:
    assert tuned.begin("a").run_metadata.num_failures > 0  # of 0 that it may have


def test_a_worker_that_built_something_else_has_failed(tuned: Tuned) -> None:
    right, wrong = tuned.begin("a"), tuned.begin("b")
    assert tuned.report(right, STARTED) == "CONTINUE"
    assert tuned.report(wrong, {**STARTED, "config_hash": "other"}) == "STOP"
    record = tuned.driven.study.records[1]
    assert (record.state, record.kind) == (FAIL, "bad configuration")
    assert record.reason is not None
    assert "the worker built something else: hash other, asked for right" in record.reason


def test_a_ledger_that_cannot_be_written_is_kept_for_the_command_to_say(tuned: Tuned) -> None:
    trial = tuned.begin("a")
    full = DetectionSearchError("no space left; make room")

    def append(event: Mapping[str, object]) -> None:
        raise full

    tuned.driven.ledger.append = append  # type: ignore[method-assign,assignment]
    with pytest.raises(DetectionSearchError):
        tuned.report(trial, STARTED)
    assert tuned.scheduler.fault is full


def test_a_trial_that_tune_ends_without_a_word_is_handed_out_again(tuned: Tuned) -> None:
    trial = tuned.begin("a")
    trial.status = "TERMINATED"
    again = tuned.begin("b")
    record = tuned.driven.study.records[0]
    assert again.config["number"] == 0
    assert (record.state, record.losses, record.reason) == (RUNNING, 1, "Ray Tune ended it without a report")


def test_a_worker_that_was_not_free_costs_the_next_trial_nothing(tuned: Tuned, tmp_path: Path) -> None:
    (tmp_path / "error.txt").write_text("runner reuse requires reset_config() to return True", encoding="utf-8")
    for trial_id in "abcd":
        trial = tuned.begin(trial_id)
        assert trial.config["number"] == 0
        trial.status, trial.error_file = "ERROR", str(tmp_path / "error.txt")
    tuned.scheduler.look_for_forgotten()
    record = tuned.driven.study.records[0]
    assert (record.state, record.losses, record.reason) == (RUNNING, 0, NOT_FREE)


def test_no_more_trials_are_handed_out_than_there_are_slots(tmp_path: Path) -> None:
    tuned = Tuned(tmp_path, at_once=1)
    first = tuned.begin("a")
    assert tuned.searcher.suggest("b") is None
    first.status = "ERROR"  # without a call
    assert tuned.begin("b").config["number"] == 0


def test_a_trial_that_tune_has_yet_to_let_go_of_is_not_the_end_of_the_search(tmp_path: Path) -> None:
    tuned = Tuned(tmp_path, trials=2, at_once=1)
    first = tuned.begin("a")
    tuned.report(first, STARTED)
    tuned.report(first, FINISHED)  # on record, while Tune still calls it RUNNING
    assert tuned.searcher.suggest("b") is None
    first.status = "TERMINATED"
    second = tuned.begin("b")
    tuned.report(second, STARTED)
    tuned.report(second, FINISHED)
    assert tuned.searcher.suggest("c") == StudySearcher.FINISHED


class FailingTuner:
    """Tune, whose first runs end with an error of Ray's; the last one finishes what it is given."""

    def __init__(self, tuned: Tuned, failures: int) -> None:
        self.tuned = tuned
        self.failures = failures

    def begin(self, searcher: StudySearcher, scheduler: StudyScheduler, *_: object) -> "FailingTuner":
        self.tuned.searcher, self.tuned.scheduler = searcher, scheduler
        return self

    def fit(self) -> None:
        trial = self.tuned.begin(f"tune-{self.failures}")
        if self.failures:
            self.failures -= 1
            raise RuntimeError("Caught unexpected exception: killed") from OutOfMemoryError("killed")
        self.tuned.report(trial, STARTED)
        self.tuned.report(trial, FINISHED)


def run_failing(tuned: Tuned, failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.tune._tuner", FailingTuner(tuned, failures).begin)
    make_job = tuned.searcher._make_job
    run_search(tuned.driven.study, make_job, lambda job: "right", Slots(1, 1, 0), Path("unused"))


def test_where_tune_gives_up_over_a_killed_worker_another_tuner_goes_on(
    tuned: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_failing(tuned, 2, monkeypatch)
    record = tuned.driven.study.records[0]
    assert record.state == COMPLETE
    losses = tuned.driven.events("lost")
    assert len(losses) == 2
    assert "Ray Tune gave up: Caught unexpected exception: killed" in str(losses[0]["reason"])


def test_what_is_no_error_of_rays_ends_the_search(tuned: Tuned, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise KeyError("ours")

    monkeypatch.setattr("orchestrator.tune._tuner", broken)
    with pytest.raises(KeyError):
        run_search(tuned.driven.study, dict, lambda job: "right", Slots(1, 1, 0), Path("unused"))  # type: ignore[arg-type]
