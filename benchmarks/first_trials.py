"""One real trial of each detector on the demonstration, at its space's demo profile: what a first search would find.

    python benchmarks/first_trials.py            every space that ships for one detector
    python benchmarks/first_trials.py SPACE ...  some, printed only

The trial is the profile's first known point, else its default, as a search's factory makes the job; no Ray. Wall
minutes are those of a machine that may have had other work.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: threads beyond a trial's wait in busy loops

# isort: split
from stopwatch import markdown, write_table

from orchestrator.jobs import Asked, JobFactory
from results.layout import RunLayout
from search_spaces.loading import SHIPPED_FOLDER, load_space
from search_spaces.points import default_point
from trainables.catalogue import DETECTORS
from trainables.data.demo import demo_dataset
from trainables.jobs import TrialJob
from trainables.trial import run_trial

HEAD = ("space", "detector", "parameters, M", "epochs", "minutes", "CPU minutes", "weighted score", "95%")


def main(names: Sequence[str]) -> None:
    """Writes `first_trials.md`, or prints the rows of the spaces named."""
    rows = []
    for name in names or detector_spaces():
        rows.append(_row(name))
        print(rows[-1], file=sys.stderr, flush=True)
    if not names:
        write_table("first_trials", "A first trial of each detector on the demonstration", [markdown(HEAD, rows)])
    else:
        print(markdown(HEAD, rows))


def detector_spaces() -> tuple[str, ...]:
    """Names of the spaces that ship for one detector of images."""
    names = sorted(file.stem for file in SHIPPED_FOLDER.glob("*.yaml"))
    spaces = {name: load_space(name, DETECTORS) for name in names}
    return tuple(
        name for name, one in spaces.items() if len(one.detectors()) == 1 and DETECTORS[one.detector].reads_data
    )


def _row(name: str) -> Sequence[object]:
    with tempfile.TemporaryDirectory() as folder:
        job = first_job(name, Path(folder))
        began, cpu = time.monotonic(), time.process_time()
        finished = run_trial(job, lambda report: print(name, report, file=sys.stderr, flush=True))
        took, cpu = (time.monotonic() - began) / 60, (time.process_time() - cpu) / 60
    low, high = finished.summary["interval"]
    epochs, size = job.params["epochs"], finished.summary["param_m"]
    return (name, job.detector, size, epochs, took, cpu, f"{finished.score:.3f}", f"{low:.3f} to {high:.3f}")


def first_job(name: str, folder: Path) -> TrialJob:
    """The job of the demo profile's first point."""
    space = load_space(name, DETECTORS, "demo")
    point = space.known[0] if space.known else default_point(space)
    make_job = JobFactory(space, RunLayout(folder), demo_dataset(), space.rule, seed=0)
    return TrialJob.from_dict(make_job(Asked(0, point)))


if __name__ == "__main__":
    main(sys.argv[1:])
