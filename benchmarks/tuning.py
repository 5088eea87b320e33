"""One fake search, run by this project and by plain Ray Tune, watched from the driver. Measures nothing by itself.

Both run the same function in the same kind of reused workers. Plain Tune draws its points at random, keeps its own
state as it does by default, and writes no loggers' files: nothing that this project leaves out is held against it.
"""

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orchestrator  # noqa: F401  says how ray is to be imported, so it comes first

# isort: split
import ray
from ray import tune
from rich.console import Console

from orchestrator.budget import Budget
from orchestrator.gauges import SearchGauges
from orchestrator.jobs import Asked, JobFactory
from orchestrator.live import watching
from orchestrator.progress import Progress
from orchestrator.run_files import files_in_order
from orchestrator.slots import Slots
from orchestrator.study import Study
from orchestrator.tune import run_search
from orchestrator.worker import end_of_trial
from results.layout import RunLayout
from results.ledger import Ledger, read_events
from search_spaces.loading import load_space
from search_spaces.space import Space
from trainables.catalogue import DETECTORS
from trainables.effective import trial_hash
from trainables.jobs import TrialJob

SLOTS = 8
SPACE = """
detector: fake
rule: coco50
train: {{problem: sphere, x: {{range: [0.0, 1.0]}}, y: {{range: [0.0, 1.0]}}, epoch_s: {epoch_s}, epochs: {epochs}}}
search: {{sampler: tpe, pruner: none, epochs: {epochs}, trials: 60}}
"""


@dataclass(frozen=True)
class Search:
    """What is run.

    Attributes:
        trials: how many.
        epochs: reports of a trial beside its first and its last.
        epoch_s: real seconds between two of them.
    """

    trials: int
    epochs: int
    epoch_s: float = 0.0


@dataclass(frozen=True)
class Moment:
    """Of the driver: seconds on the wall clock, seconds of its CPU, and its memory."""

    wall_s: float
    cpu_s: float
    rss_kib: int

    @classmethod
    def now(cls) -> "Moment":
        """This one."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(time.monotonic(), time.process_time(), pages * os.sysconf("SC_PAGE_SIZE") // 1024)


@dataclass
class Watched:
    """When a search began, when it first heard of each trial, when each trial ended."""

    began: Moment = field(default_factory=Moment.now)
    heard: dict[str, Moment] = field(default_factory=dict)
    ended: list[Moment] = field(default_factory=list)

    def hear(self, trial: str) -> None:
        """A trial has reported something."""
        self.heard.setdefault(trial, Moment.now())

    def end(self) -> None:
        """A trial has ended."""
        self.ended.append(Moment.now())

    def busy_s(self) -> float:
        """From the beginning to the first report of the trial that fills the last slot."""
        return list(self.heard.values())[SLOTS - 1].wall_s - self.began.wall_s

    def a_trial(self) -> tuple[float, float]:
        """Milliseconds (wall, driver's CPU) between the ends of two trials, while all slots are at work."""
        first, last = self.ended[2 * SLOTS], self.ended[-SLOTS]
        trials = len(self.ended) - 3 * SLOTS
        return (last.wall_s - first.wall_s) / trials * 1e3, (last.cpu_s - first.cpu_s) / trials * 1e3

    def memory_kib(self, after: int) -> float:
        """KiB that each trial adds to the driver, once so many have ended."""
        return (self.ended[-1].rss_kib - self.ended[after].rss_kib) / (len(self.ended) - after)


def run_ours(search: Search) -> Watched:
    """As `orchestrator.session` does it: with gauges, printed lines and a run's files kept in order."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
        layout, space = RunLayout(Path(folder) / "ours"), _space(Path(folder), search)
        os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = "inf"  # as `orchestrator` sets it where nothing else did
        watched = Watched()
        with Ledger.create(layout.ledger, {"name": layout.name}) as ledger:
            study = Study(space, ledger, read_events(layout.ledger), Budget(search.trials), seed=0)
            study.subscribe(lambda _, event: _watch(watched, event))
            study.subscribe(SearchGauges(layout.name, study))
            start = Progress(layout.name, study.records, search.trials, search.epochs)
            make_job = JobFactory(space, layout, None, space.rule, seed=0)
            console = Console(file=nowhere)
            with files_in_order(study, layout, None, console.print), watching(study, start, console):
                run_search(study, make_job, _hash, Slots(SLOTS, 1.0, 0.0), layout.root / "ray")
    return watched


def run_plain(search: Search) -> Watched:
    """The same function, as Ray Tune's documentation has it."""
    with tempfile.TemporaryDirectory() as folder:
        layout, space = RunLayout(Path(folder) / "plain"), _space(Path(folder), search)
        job = JobFactory(space, layout, None, space.rule, seed=0)(Asked(0, {"x": 0.5, "y": 0.5}))
        os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = "auto"
        os.environ.pop("TUNE_MAX_PENDING_TRIALS_PG", None)
        watched = Watched()
        tune.Tuner(
            tune.with_resources(_function(job), {"cpu": 1}),
            param_space={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)},
            tune_config=tune.TuneConfig(num_samples=search.trials, max_concurrent_trials=SLOTS, reuse_actors=True),
            run_config=tune.RunConfig(
                name="plain", storage_path=str(layout.root / "ray"), verbose=0, callbacks=[_Watching(watched)]
            ),
        ).fit()
    return watched


class _Watching(tune.Callback):
    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def on_trial_result(self, *_args: Any, trial: Any, **_more: Any) -> None:
        self._watched.hear(trial.trial_id)

    def on_trial_complete(self, *_args: Any, **_more: Any) -> None:
        self._watched.end()


def _watch(watched: Watched, event: Mapping[str, object]) -> None:
    if event["event"] == "started":
        watched.hear(str(event["number"]))
    if event["event"] == "finished":
        watched.end()


def _function(job: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    def trial(config: dict[str, Any]) -> None:
        folder = f"{job['folder']}-{tune.get_context().get_trial_id()}"
        own = {**job, "params": {**job["params"], **config}, "folder": folder}
        tune.report(end_of_trial(own, tune.report))

    return trial


def _space(folder: Path, search: Search) -> Space:
    file = folder / "space.yaml"
    file.write_text(SPACE.format(epochs=search.epochs, epoch_s=search.epoch_s))
    return load_space(str(file), DETECTORS)


def _hash(job: Mapping[str, Any]) -> str:
    return trial_hash(TrialJob.from_dict(job), None)


def as_text(watched: Watched) -> str:
    """For another process."""
    return json.dumps(asdict(watched))


def from_text(text: str) -> Watched:
    """The inverse of `as_text`."""
    found = json.loads(text)
    heard = {trial: Moment(**moment) for trial, moment in found["heard"].items()}
    return Watched(Moment(**found["began"]), heard, [Moment(**moment) for moment in found["ended"]])


def start_ray() -> None:
    """A cluster of eight slots, whatever the machine has."""
    ray.init(
        address="local",
        num_cpus=SLOTS,
        include_dashboard=True,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=200 * 2**20,
    )
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def stop_ray() -> None:
    """Ends it."""
    ray.shutdown()


RUNS: Mapping[str, Callable[[Search], Watched]] = {"plain Ray Tune": run_plain, "this project": run_ours}
