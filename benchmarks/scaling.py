"""Time and memory of prepared sets from 10,000 to 1,000,000 raw boxes, and what opening a stored set takes.

The number of images grows and their density stays: within one image and class the overlap graph is quadratic.
"""

import math
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
from inputs import inputs, raw_draw
from stopwatch import Tool, cpu_ms, markdown, write_table

from results.postprocess import NmsSetting, Suppressor
from results.prepared import prepare, prepare_truth
from results.prepared_file import open_prepared, write_prepared
from results.rules import load_rule
from results.scoring import match

IMAGES = (40, 120, 400, 1200, 4000)
BOXES_PER_IMAGE = 700 / 450
RULE = load_rule("bottle_round1")
HEAD = ("raw boxes", "prepare", "graph", "hard", "gaussian", "match", "sum", "ns per n log2 n", "MiB", "peak MiB")


def main() -> None:
    """Measures and writes `scaling.md`; sizes ascend, so that the peak memory is that of the row's own set."""
    rows = [_row(images) for images in IMAGES]
    parts = [
        "CPU milliseconds of each step; MiB of the prepared set with its graph, and the process's peak.\n",
        markdown(HEAD, rows),
        "\n## Opening a stored set\n",
        markdown(["set", "wall ms", "CPU ms", "MiB on disk"], [_opening("comp"), _opening("coco")]),
    ]
    write_table("scaling", "Time and memory by size", parts)


def _row(images: int) -> list[object]:
    given = raw_draw(1, images, round(images * BOXES_PER_IMAGE))
    truth = prepare_truth(given.truth, RULE)
    prepared = prepare(truth, given.detections)
    suppressor = Suppressor(prepared.detections)
    kept = suppressor.run(NmsSetting("soft_gaussian"))
    steps: dict[str, Callable[[], object]] = {
        "prepare": lambda: prepare(truth, given.detections),
        "graph": lambda: Suppressor(prepared.detections).graph,
        "hard": lambda: suppressor.run(NmsSetting("hard")),
        "gaussian": lambda: suppressor.run(NmsSetting("soft_gaussian")),
        "match": lambda: match(prepared, kept),
    }
    spent = cpu_ms({name: Tool(run, 3, 0) for name, run in steps.items()})
    boxes, total = len(given.detections), sum(spent.values())
    mib = (_bytes(prepared) + _bytes(suppressor.graph)) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [boxes, *spent.values(), total, total * 1e6 / (boxes * math.log2(boxes)), mib, peak]


def _bytes(value: object) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(map(_bytes, value))
    if is_dataclass(value) and not isinstance(value, type):
        return sum(_bytes(getattr(value, field.name)) for field in fields(value))
    return 0


def _opening(name: str) -> list[object]:
    given = inputs(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set"
        write_prepared(path, prepare(prepare_truth(given.truth, load_rule("coco")), given.detections))
        size = sum(file.stat().st_size for file in path.iterdir()) / 2**20
        wall = []
        for _ in range(50):
            begin = time.perf_counter()
            open_prepared(path)
            wall.append(1e3 * (time.perf_counter() - begin))
        return [name, min(wall), cpu_ms({"open": Tool(lambda: open_prepared(path), 20, 3)})["open"], size]


if __name__ == "__main__":
    main()
