"""The watch over the boundary to Ray Tune: what the study has handed out is run by Tune, or found to be forgotten.

Tune does not tell its plug-ins of every trial that it drops: a worker that does not leave its last trial in time costs
the next one its place without a call. So what the study counts on is held against what Tune does, at each of its steps.
It loses no trial itself: `orchestrator.tune` does.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ray.tune.experiment import Trial

# Tune's own lists are between two states for moments only.
PATIENCE_S = 30.0
# How Tune says that a worker did not leave its last trial in time; the trial that it was meant for never began.
_NOT_FREE = "reset_config()"
NOT_FREE = "its worker did not leave the trial before it in time"


@dataclass(frozen=True)
class Look:
    """What Tune does with one of our trials, at one moment.

    Attributes:
        is_known: whether it has taken the trial at all.
        has_ended: whether it calls the trial ended.
        is_awaited: whether it waits for something of the trial: a worker to start, or a worker's word.
    """

    is_known: bool = True
    has_ended: bool = False
    is_awaited: bool = True


@dataclass(frozen=True)
class Forgotten:
    """A trial that the study has handed out and Tune does not run.

    Attributes:
        number: of the trial.
        trial: Tune's; None where it never took it.
        reason: in words.
    """

    number: int
    trial: Trial | None
    reason: str


class Boundary:
    """Knows which of Tune's trials is which of ours.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest: dict[int, Trial] = {}
        self._open: list[Trial] = []
        self._unattended: dict[int, float] = {}  # since when, by trial

    def add(self, trial: Trial) -> None:
        """Tune has taken one of our trials, for the first time or again."""
        self._latest[number_of(trial)] = trial
        self._open = [one for one in self._open if not has_ended(one)]
        self._open.append(trial)

    def is_latest(self, trial: Trial) -> bool:
        """Whether Tune's trial is the one that runs ours now; ours may run again as another one."""
        return self._latest.get(number_of(trial)) is trial

    def open_trials(self) -> int:
        """How many trials Tune has not ended."""
        return sum(1 for trial in self._open if not has_ended(trial))

    def forgotten(self, handed_out: Collection[int], controller: Any) -> list[Forgotten]:
        """The trials that Tune does not run, once nothing speaks for them any more.

        Args:
            handed_out: numbers of those that it should run.
            controller: Tune's; None before its first step.
        """
        self._unattended = {one: since_s for one, since_s in self._unattended.items() if one in handed_out}
        found = []
        for number in handed_out:
            trial = self._latest.get(number)
            reason = why_forgotten(_look(trial, controller), self._unattended_s(number, trial, controller))
            if reason is not None:
                found.append(Forgotten(number, trial, reason))
        return found

    def _unattended_s(self, number: int, trial: Trial | None, controller: Any) -> float:
        if _look(trial, controller).is_awaited:
            self._unattended.pop(number, None)
            return 0.0
        return self._clock() - self._unattended.setdefault(number, self._clock())


def number_of(trial: Trial) -> int:
    """Our number of one of Tune's trials."""
    return int(trial.config["number"])


def has_ended(trial: Trial) -> bool:
    """Whether Tune calls one of its trials ended, well or not."""
    return bool(trial.is_finished())  # type: ignore[no-untyped-call]


def why_forgotten(look: Look, unattended_s: float) -> str | None:
    """Why a trial that the study counts on will never end by itself; None where it may.

    Args:
        look: what Tune does with it.
        unattended_s: for how long Tune has waited for nothing of it.
    """
    if look.has_ended:
        return "Ray Tune ended it without a report"
    if look.is_awaited or unattended_s < PATIENCE_S:
        return None
    return "Ray Tune waits for nothing of it any more" if look.is_known else "Ray Tune never took it"


def was_not_free(error_text: str) -> bool:
    """Whether Tune ended a trial because the worker that it was meant for had not left its last one."""
    return _NOT_FREE in error_text


def _look(trial: Trial | None, controller: Any) -> Look:
    if trial is None:
        return Look(is_known=False, is_awaited=False)
    if has_ended(trial):
        return Look(has_ended=True, is_awaited=False)
    return Look(is_awaited=controller is None or _is_awaited(trial, controller))


def _is_awaited(trial: Trial, controller: Any) -> bool:
    worker, manager = controller._trial_to_actor.get(trial), controller._actor_manager
    if worker is None:
        return False
    futures = (manager._tracked_actors_to_state_futures, manager._tracked_actors_to_task_futures)
    return worker in manager.pending_actors or any(by_worker.get(worker) for by_worker in futures)
