"""A search on the fake detector in virtual time: a queue of events in one process, without Ray and without waiting.

Makes the same calls into the study as `orchestrator.tune` does, one after another, so that a seed gives one sequence of
decisions whatever the number of slots. For regression tests of samplers and pruners, and for benchmarks; a real
detector needs real time. What Ray itself does and costs is not simulated.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from orchestrator.budget import Budget
from orchestrator.jobs import Asked, JobFactory
from orchestrator.reports import lose, tell
from orchestrator.study import Study
from orchestrator.worker import failure_report
from results.layout import RunLayout
from results.ledger import Ledger, read_events
from search_spaces.space import Space
from trainables.fake import Step, Wait, WorkerKilled, steps
from trainables.jobs import TrialJob

MakeJob = Callable[[Asked], dict[str, Any]]


@dataclass
class VirtualClock:
    """Tells the virtual time, as a ledger's clock; `VirtualSearch` sets it forward."""

    now_s: float = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s


class VirtualSearch:
    """Runs the trials that a study asks for, `slots` at once.

    Args:
        study: decides.
        make_job: turns a question into the fields of a `TrialJob`.
        slots: trials at once.
        clock: set forward as trials go on.
    """

    def __init__(self, study: Study, make_job: MakeJob, slots: int, clock: VirtualClock) -> None:
        self._clock = clock
        self._study = study
        self._make_job = make_job
        self._slots = slots
        self._running: dict[int, Iterator[Step]] = {}
        self._queue: list[tuple[float, int, int]] = []  # when, in which order, which trial
        self._order = count()

    def run(self, until_s: float = float("inf")) -> None:
        """Runs until the study asks for no more, or leaves trials unfinished at a moment, as a killed driver would."""
        self._fill()
        while self._queue and self._queue[0][0] <= until_s:
            self._clock.now_s, _, number = heapq.heappop(self._queue)
            self._advance(number)
            self._fill()

    def _fill(self) -> None:
        while len(self._running) < self._slots and (asked := self._study.next()) is not None:
            self._running[asked.number] = steps(TrialJob.from_dict(self._make_job(asked)))
            self._wait(asked.number, 0.0)

    def _wait(self, number: int, seconds: float) -> None:
        heapq.heappush(self._queue, (self._clock.now_s + seconds, next(self._order), number))

    def _advance(self, number: int) -> None:
        """Takes a trial to its next wait, or to its end."""
        try:
            for step in self._running[number]:
                if isinstance(step, Wait):
                    self._wait(number, step.seconds)
                    return
                if tell(self._study, number, step.to_metrics()):
                    break
        except WorkerKilled:
            lose(self._study, number, "the worker was killed")
        except Exception as error:  # as in `orchestrator.worker`: any failure of a trial is a result
            tell(self._study, number, failure_report(error))
        del self._running[number]


@dataclass(frozen=True)
class Simulation:
    """What a simulated search is given beside its space.

    Attributes:
        trials: how many.
        slots: at once.
        seed: of everything random.
    """

    trials: int
    slots: int = 1
    seed: int = 0


def simulate(
    space: Space,
    folder: Path,
    simulation: Simulation,
    until_s: float = float("inf"),
    observer: Callable[[Study, Mapping[str, object]], None] | None = None,
) -> Study:
    """Runs a search of a space of the fake detector as a run in `folder`; goes on with one that is there.

    Args:
        space: what is searched, with its budgets; the number of trials is the simulation's.
        folder: of the run.
        simulation: how it is run.
        until_s: virtual moment at which the driver is as good as killed.
        observer: see `Study.subscribe`.

    Returns:
        The study, with all its records; its ledger is closed.
    """
    layout, search, clock = RunLayout(folder), space.search, VirtualClock()
    with _opened(layout, clock) as ledger:
        events = read_events(layout.ledger)
        clock.now_s = max(float(str(event["time"])) for event in events)
        budget = Budget(simulation.trials, search.hours, search.gpu_hours, search.patience)
        study = Study(space, ledger, events, budget, simulation.seed)
        if len(events) > 1:
            study.resume({})
        if observer is not None:
            study.subscribe(observer)
        make_job = JobFactory(space, layout, None, space.rule, simulation.seed)
        VirtualSearch(study, make_job, simulation.slots, clock).run(until_s)
    return study


def _opened(layout: RunLayout, clock: VirtualClock) -> Ledger:
    begun = layout.ledger.exists()
    header = {"name": layout.name, "time": clock()}
    ledger = Ledger.open(layout.ledger) if begun else Ledger.create(layout.ledger, header)
    ledger.clock = clock
    return ledger
