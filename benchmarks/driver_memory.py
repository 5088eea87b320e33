"""What a trial adds to the driver's memory in this project's search and in plain Ray Tune running the same function.

    python benchmarks/driver_memory.py

Each search is a process of its own, with eight slots and fake trials of no duration.
"""

import subprocess
import sys

from stopwatch import markdown, write_table
from tuning import RUNS, Search, Watched, as_text, from_text, start_ray, stop_ray

LONG = Search(trials=5_000, epochs=3)
SETTLED = 500  # trials after which memory is counted


def memory_table() -> str:
    found = {name: _in_a_process(name) for name in RUNS}
    kib = {name: watched.memory_kib(SETTLED) for name, watched in found.items()}
    cpu_ms = {name: watched.a_trial()[1] for name, watched in found.items()}
    plain, ours = RUNS
    rows = [
        ["driver's memory a trial, KiB", kib[plain], kib[ours], f"{kib[ours] - kib[plain]:+.1f} KiB"],
        ["driver's CPU a trial, ms", cpu_ms[plain], cpu_ms[ours], f"{cpu_ms[ours] - cpu_ms[plain]:+.2f} ms"],
    ]
    return markdown([f"over {LONG.trials} trials of {LONG.epochs} reports", *RUNS, "beyond"], rows)


def _in_a_process(name: str) -> Watched:
    run = subprocess.run([sys.executable, __file__, name], stdout=subprocess.PIPE, text=True, check=True)
    return from_text(run.stdout.splitlines()[-1])


def run_one(name: str) -> None:
    start_ray()
    watched = RUNS[name](LONG)
    stop_ray()
    print(as_text(watched))


if __name__ == "__main__":
    if sys.argv[1:]:
        run_one(sys.argv[1])
    else:
        write_table("driver_memory", "What a trial adds to the driver", [memory_table()])
