"""What this project's search adds to plain Ray Tune running the same function: time, first start, memory.

    python benchmarks/orchestration.py            time and memory; writes the table
    python benchmarks/orchestration.py time       time alone, prints
    python benchmarks/orchestration.py memory     memory alone, prints

Ray is given eight slots, whatever the machine has; the trials are fake ones of no duration. The two run in turn on one
cluster, and each figure is the least of the rounds. Memory is that of the driver, each in a process of its own.
"""

import logging
import subprocess
import sys
from collections.abc import Callable, Mapping

import ray
from stopwatch import markdown, write_table
from tuning import SLOTS, Search, Watched, as_text, from_text, run_ours, run_plain

ROUNDS = 4
FEW, MANY = Search(trials=120, epochs=2), Search(trials=120, epochs=22)
LONG = Search(trials=5_000, epochs=3)
SETTLED = 500  # trials after which memory is counted
RUNS: Mapping[str, Callable[[Search], Watched]] = {"plain Ray Tune": run_plain, "this project": run_ours}


def start_ray() -> None:
    ray.init(
        address="local",
        num_cpus=SLOTS,
        include_dashboard=True,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=200 * 2**20,
    )
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def time_table() -> str:
    start_ray()
    rounds: dict[str, list[tuple[Watched, Watched]]] = {name: [] for name in RUNS}
    for turn in range(ROUNDS):
        order = list(RUNS) if turn % 2 == 0 else list(reversed(RUNS))
        for name in order:
            rounds[name].append((RUNS[name](FEW), RUNS[name](MANY)))
            print(f"round {turn}, {name}: {_figures(rounds[name][-1:])}", file=sys.stderr, flush=True)
    ray.shutdown()
    plain, ours = (_figures(rounds[name]) for name in RUNS)
    rows = [[title, plain[title], ours[title], _beyond(title, plain[title], ours[title])] for title in plain]
    return markdown(["", *RUNS, "beyond"], rows)


def _figures(rounds: list[tuple[Watched, Watched]]) -> dict[str, float]:
    """The least over the rounds of each figure."""
    few = [few.a_trial() for few, _ in rounds]
    many = [many.a_trial() for _, many in rounds]
    found = {"all slots busy after, s": min(watched.busy_s() for pair in rounds for watched in pair)}
    for place, clock in enumerate(("wall", "driver's CPU")):
        short, long = min(one[place] for one in few), min(one[place] for one in many)
        a_report = (long - short) / (MANY.epochs - FEW.epochs)
        found[f"a trial, ms {clock}"] = short - FEW.epochs * a_report
        found[f"a report, ms {clock}"] = a_report
    return found


def _beyond(title: str, plain: float, ours: float) -> str:
    return f"{ours / plain:.2f} x" if "busy" in title else f"{ours - plain:+.2f} ms"


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
    run = subprocess.run([sys.executable, __file__, "one", name], stdout=subprocess.PIPE, text=True, check=True)
    return from_text(run.stdout.splitlines()[-1])


def _one(name: str) -> None:
    start_ray()
    watched = RUNS[name](LONG)
    ray.shutdown()
    print(as_text(watched))


def main(arguments: list[str]) -> None:
    match arguments:
        case ["one", name]:
            _one(name)
        case ["time"]:
            print(time_table())
        case ["memory"]:
            print(memory_table())
        case _:
            write_table("orchestration", "Overhead of a search", [time_table(), memory_table()])


if __name__ == "__main__":
    main(sys.argv[1:])
