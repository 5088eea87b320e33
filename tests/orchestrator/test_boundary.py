from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from search_processes import Commands, ended, trials_with
from tiny_search import write_space

from orchestrator.boundary import PATIENCE_S, Boundary, Look, why_forgotten
from results.trial_records import RUNNING, trials_of

LEAVING_SLOWLY = "{x: {range: [0.0, 1.0]}, epoch_s: 0.05, failure: slow_exit}"
SEARCH = "{sampler: tpe, pruner: {name: successive_halving, reduction_factor: 2, min_epochs: 1}, epochs: 3, trials: 6}"


@dataclass(eq=False)
class TuneTrial:
    """What the boundary looks at of one of Tune's trials."""

    number: int
    status: str = "RUNNING"

    @property
    def config(self) -> dict[str, int]:
        return {"number": self.number}

    def is_finished(self) -> bool:
        return self.status in ("TERMINATED", "ERROR")


@dataclass
class Controller:
    """Tune's controller with its lists."""

    _trial_to_actor: dict[Any, str] = field(default_factory=dict)
    _actor_manager: Any = field(
        default_factory=lambda: SimpleNamespace(
            pending_actors=[], _tracked_actors_to_state_futures={}, _tracked_actors_to_task_futures={}
        )
    )


class Watched:
    """A boundary with one trial, number 7, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.boundary = Boundary(lambda: self.now_s)
        self.trial, self.controller = TuneTrial(7), Controller()
        self.boundary.add(self.trial)  # type: ignore[arg-type]

    def reasons(self, *handed_out: int) -> list[str]:
        """Why trials count as forgotten now."""
        return [one.reason for one in self.boundary.forgotten(handed_out, self.controller)]


def test_a_trial_that_is_awaited_is_never_forgotten() -> None:
    assert why_forgotten(Look(), 1e9) is None


def test_a_trial_that_tune_has_ended_is_forgotten_at_once() -> None:
    watched = Watched()
    watched.trial.status = "ERROR"
    assert watched.reasons(7) == ["Ray Tune ended it without a report"]
    assert watched.reasons() == []


def test_a_trial_without_a_worker_is_forgotten_after_a_while() -> None:
    watched = Watched()
    assert watched.reasons(7) == []
    watched.now_s = PATIENCE_S
    assert watched.reasons(7) == ["Ray Tune waits for nothing of it any more"]


def test_a_trial_that_tune_never_took_is_forgotten_after_a_while() -> None:
    watched = Watched()
    assert watched.reasons(8) == []
    watched.now_s = PATIENCE_S
    assert watched.reasons(8) == ["Ray Tune never took it"]


@pytest.mark.parametrize("list_", ["_tracked_actors_to_state_futures", "_tracked_actors_to_task_futures"])
def test_a_trial_that_waits_for_a_worker_is_not_forgotten(list_: str) -> None:
    watched = Watched()
    watched.controller._trial_to_actor[watched.trial] = "worker"
    watched.controller._actor_manager.pending_actors = ["worker"]
    for watched.now_s in (0.0, PATIENCE_S, 1e6):
        assert watched.reasons(7) == []
    watched.controller._actor_manager.pending_actors = []
    setattr(watched.controller._actor_manager, list_, {"worker": {"future"}})
    for watched.now_s in (1e6, 2e6):
        assert watched.reasons(7) == []


def test_patience_begins_anew_when_a_trial_is_attended_to() -> None:
    watched = Watched()
    watched.reasons(7)
    watched.controller._trial_to_actor[watched.trial] = "worker"
    watched.controller._actor_manager.pending_actors = ["worker"]
    watched.now_s = PATIENCE_S
    assert watched.reasons(7) == []
    watched.controller._trial_to_actor.clear()
    assert watched.reasons(7) == []
    watched.now_s = 2 * PATIENCE_S
    assert len(watched.reasons(7)) == 1


@dataclass(frozen=True)
class Impatient(Commands):
    """Commands whose workers get so many seconds to leave a trial."""

    leave_s: str = "0"

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "TUNE_FUNCTION_THREAD_TIMEOUT_S": self.leave_s}


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Impatient]:
    """No worker gets any time to leave a trial, so that Tune drops the next one without a word."""
    commands = Impatient(tmp_path)
    try:
        yield commands
    finally:
        commands.end_all()


def _check_whole(events: list[Any], trials: int) -> None:
    """Every trial ended once, none is running."""
    assert sorted(map(str, trials_with(events, "finished"))) == sorted(map(str, range(trials)))
    assert RUNNING not in {record.state for record in trials_of(events).values()}


@pytest.mark.training
def test_a_search_ends_though_no_worker_is_free_in_time(impatient: Impatient) -> None:
    code, _, complaints = ended(impatient.search("--space", "fake.yaml", "--trials", "6", "--name", "a"))
    events = impatient.events("a")
    assert (code, complaints) == (0, "")
    _check_whole(events, 6)
    assert any(event.get("counts") is False for event in events)


@pytest.mark.training
@pytest.mark.slow
@pytest.mark.parametrize("leave_s", ["1", "60"])
def test_a_search_whose_trials_leave_slowly_loses_nothing(tmp_path: Path, leave_s: str) -> None:
    commands = Impatient(tmp_path, leave_s=leave_s)
    write_space(tmp_path, LEAVING_SLOWLY, SEARCH)
    try:
        code, _, complaints = ended(commands.search("--space", str(tmp_path / "fake.yaml"), "--name", "a"))
        events = commands.events("a")
        assert (code, complaints) == (0, "")
        _check_whole(events, 6)
        assert not [event for event in events if event["event"] == "lost" and event.get("counts") is not False]
    finally:
        commands.end_all()
