"""What this project's search adds to plain Ray Tune running the same function: time and first start.

    python benchmarks/orchestration.py

Ray is given eight slots, whatever the machine has; the trials are fake ones of no duration. The two run in turn on one
cluster, and each figure is the least of the rounds.
"""

import sys

from stopwatch import markdown, write_table
from tuning import RUNS, Search, Watched, start_ray, stop_ray

ROUNDS = 3
FEW, MANY = Search(trials=120, epochs=2), Search(trials=120, epochs=12)


def time_table() -> str:
    start_ray()
    rounds: dict[str, list[tuple[Watched, Watched]]] = {name: [] for name in RUNS}
    for turn in range(ROUNDS):
        order = list(RUNS) if turn % 2 == 0 else list(reversed(RUNS))
        for name in order:
            rounds[name].append((RUNS[name](FEW), RUNS[name](MANY)))
            print(f"round {turn}, {name}: {_figures(rounds[name][-1:])}", file=sys.stderr, flush=True)
    stop_ray()
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


if __name__ == "__main__":
    write_table("orchestration", "Overhead of a search", [time_table()])
