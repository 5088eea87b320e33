"""Seconds that a search of 1,000 trials takes in virtual time: asks, reports, the ledger with its fsyncs, checkpoints.

No Ray, and no training: what is left is what the study itself costs, on each of the fake's problems.
"""

import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from stopwatch import markdown, write_table

from orchestrator.virtual import Simulation, simulate
from search_spaces.loading import load_space, profile_names
from trainables.catalogue import DETECTORS

TRIALS, SLOTS = 1000, 8


def row(profile: str) -> tuple[object, ...]:
    """One problem: wall and CPU seconds, and how its trials ended."""
    space = load_space("fake", DETECTORS, profile)
    space = replace(space, search=replace(space.search, hours=None))
    wall_s, cpu_s = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        records = simulate(space, Path(folder) / "run", Simulation(TRIALS, SLOTS)).records
        wall_s, cpu_s = time.monotonic() - wall_s, time.process_time() - cpu_s
    states = Counter(record.state for record in records.values())
    reports = sum(len(record.rungs) for record in records.values())
    counts = (len(records), reports, *(states[state] for state in ("COMPLETE", "PRUNED", "FAIL")))
    return (profile.replace("full", "sphere"), f"{wall_s:.1f}", f"{cpu_s:.1f}", *counts)


def main() -> None:
    rows = [row(profile) for profile in profile_names("fake") if profile != "demo"]
    head = ("problem", "wall, s", "CPU, s", "trials", "reports", "COMPLETE", "PRUNED", "FAIL")
    text = f"TPE + halving, {TRIALS} trials, {SLOTS} at once. Asked: under 60 s. A space of 924 points ends before.\n"
    write_table("virtual_time", "A thousand trials in virtual time", [text, markdown(head, rows)])


if __name__ == "__main__":
    main()
