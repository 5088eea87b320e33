"""How often 95% intervals of paired differences hold the true one: 2,000 simulated sets of 200 images, two systems.

The true difference is the mean over all sets; both systems see the same scenes, and the second is a little better.
"""

import sys

import numpy as np
from inputs import GENERATOR, two_systems
from stopwatch import markdown, write_table

from results.rules import load_rule
from results.uncertainty import compare

SETS = 2000
RULES = ("voc50",)
WIDTHS = (1.0, 0.5)


def main() -> None:
    """Simulates and writes `interval_coverage.md`; a number on the command line asks for fewer sets and only prints."""
    assert GENERATOR.is_file(), GENERATOR
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else SETS
    rows = [row for name in RULES for row in _rows(name, sets)]
    table = markdown(["rule", "sets", "width", "mean difference", "coverage", "mean width of the interval"], rows)
    if sets == SETS:
        write_table("interval_coverage", "Coverage of the paired image bootstrap", [table])
    else:
        print(table)


def _rows(name: str, sets: int) -> list[list[object]]:
    found = np.array([_interval(name, seed) for seed in range(sets)])
    true = found[:, 0].mean()
    middle, half = (found[:, 1] + found[:, 2]) / 2, (found[:, 2] - found[:, 1]) / 2
    shares = {width: f"{(np.abs(middle - true) <= width * half).mean():.2%}" for width in WIDTHS}
    widths = {width: float(2 * width * half.mean()) for width in WIDTHS}
    return [[name, sets, f"x {width}", float(true), shares[width], widths[width]] for width in WIDTHS]


def _interval(name: str, seed: int) -> tuple[float, float, float]:
    truth, first, second = two_systems(seed, images=200, boxes=320, classes=2)
    result = compare(truth, (second, first), load_rule(name), seed)
    return (result.difference, *result.interval)


if __name__ == "__main__":
    main()
