"""What ten trials of different detectors leave in one worker's memory: on the device, and resident.

    python benchmarks/reused_worker.py

The trials run one after another in this process, through the function that Ray's workers call, each the first point of
a space's demo profile for two epochs on 40 images; where there are fewer spaces than trials they begin again. Without
a GPU the tensors that Python knows stand for the device's memory.
"""

import gc
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: threads beyond a trial's wait in busy loops

# isort: split
import torch
from first_trials import detector_spaces, first_job
from stopwatch import markdown, write_table

from orchestrator.worker import end_of_trial
from trainables.data.demo import DemoSizes, demo_dataset
from trainables.training import register_mmdet

TRIALS = 10
EPOCHS = 2
IMAGES = DemoSizes(train=40, val=15, test=3)


@dataclass(frozen=True)
class Held:
    """What a process holds.

    Attributes:
        device_bytes: allocated on the GPU; without one, in all tensors that Python knows.
        tensors: how many those are.
        resident_mib: of the process.
    """

    device_bytes: int
    tensors: int
    resident_mib: float

    @classmethod
    def now(cls) -> "Held":
        """At this moment, as it is: nothing is collected or given back for the measurement."""
        tensors = [one for one in gc.get_objects() if issubclass(type(one), torch.Tensor)]
        storages = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in tensors}
        device = torch.cuda.memory_allocated() if torch.cuda.is_available() else sum(storages.values())
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(device, len(tensors), pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def main() -> None:
    """Runs the trials and writes `reused_worker.md`."""
    with tempfile.TemporaryDirectory() as name:
        register_mmdet()
        dataset = demo_dataset(Path(name) / "cache", IMAGES)
        start, rows = Held.now(), []
        for number, space in enumerate(islice(cycle(detector_spaces()), TRIALS), start=1):
            ended = _run(space, dataset, Path(name) / str(number))
            rows.append((number, space, ended, Held.now()))
            print(rows[-1], file=sys.stderr, flush=True)
    device = "on the GPU" if torch.cuda.is_available() else "in tensors"
    head = ("trial", "space", "ends", f"bytes {device}", "tensors", "resident, MiB")
    cells = [
        (*what, held.device_bytes, held.tensors, f"{held.resident_mib:.0f}")
        for *what, held in [("start", "", "", start), *rows]
    ]
    parts = [markdown(head, cells), _conclusion([row[3] for row in rows])]
    write_table("reused_worker", "What ten trials leave in a worker", parts)


def _run(space: str, dataset: Path, folder: Path) -> str:
    job = first_job(space, folder)
    params = {**job.params, "epochs": EPOCHS}
    job = replace(job, params=params, rungs=(1, EPOCHS), dataset=str(dataset))
    return str(end_of_trial(job.to_dict(), lambda report: None)["phase"])


def _conclusion(held: Sequence[Held]) -> str:
    grown = held[TRIALS - 1].resident_mib / held[1].resident_mib - 1
    return f"\nResident memory from trial 2 to trial {TRIALS}: {grown:+.1%}.\n"


if __name__ == "__main__":
    main()
