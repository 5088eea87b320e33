"""Where two cores help: hotcoco on one and two threads, this project as one and two processes at once.

Our kernels run on one thread: a search runs trials side by side, so two cores serve two trials. Wall time, each
configuration in processes of its own that begin together, the fastest of the interleaved rounds.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from evaluation import hotcoco_tools, our_tools
from inputs import inputs
from stopwatch import Tool, markdown, write_table

ROUNDS = 2
# Set, tool, runs a round: about half a second each.
WORK = {
    "ours": (("coco", "cold", 12), ("comp", "bootstrap, 500 replicates", 6)),
    "hotcoco": (("coco", "hotcoco, full", 3), ("comp", "hotcoco `compare`, 50 replicates", 2)),
}


def main() -> None:
    """Measures and writes `threads.md`; with a side and a place in `WORK`, does that work when told to."""
    if len(sys.argv) > 1:
        _work(sys.argv[1], int(sys.argv[2]))
        return
    cells: dict[tuple[str, int, int], float] = {}
    for _ in range(ROUNDS):
        for side, tools in WORK.items():
            for place in range(len(tools)):
                for cores in (1, 2):
                    key = (side, place, cores)
                    cells[key] = min(cells.get(key, float("inf")), _ms_a_run(*key))
    rows = [
        [name, tool, "processes" if side == "ours" else "threads", one, two, f"{one / two:.2f}x"]
        for side, tools in WORK.items()
        for place, (name, tool, _) in enumerate(tools)
        for one, two in [(cells[side, place, 1], cells[side, place, 2])]
    ]
    head = ["set", "work", "two are", "wall ms a run, one", "wall ms a run, two", "throughput"]
    write_table("threads", f"One and two threads or processes ({os.cpu_count()} cores)", [markdown(head, rows)])


def _ms_a_run(side: str, place: int, cores: int) -> float:
    """Wall milliseconds a run: of the threads together, or of as many processes that work at once."""
    count, threads = (cores, 1) if side == "ours" else (1, cores)
    workers = [_start(side, place, threads) for _ in range(count)]
    for worker in workers:
        _line(worker)
    began = time.monotonic()
    for worker in workers:
        if worker.stdin is not None:
            worker.stdin.close()  # the sign to begin
    codes = [worker.wait() for worker in workers]
    spent_s = time.monotonic() - began
    if any(codes):
        raise SystemExit("a worker failed; what it said stands above")
    return 1e3 * spent_s / (count * WORK[side][place][2])


def _start(side: str, place: int, threads: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(Path(__file__)), side, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "RAYON_NUM_THREADS": str(threads)},
    )


def _line(worker: "subprocess.Popen[str]") -> None:
    if worker.stdout is None or worker.stdout.readline().strip() != "ready":
        raise SystemExit("a worker failed before it began; what it said stands above")


def _work(side: str, place: int) -> None:
    name, tool, runs = WORK[side][place]
    made: dict[str, Tool] = (our_tools if side == "ours" else hotcoco_tools)(inputs(name), 1)
    made[tool].run()
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(runs):
        made[tool].run()
    os._exit(0)  # the end of an interpreter is no part of the work


if __name__ == "__main__":
    main()
