"""How soon the command refuses a broken space: 300 random files, each in a process of its own.

The files are those of `tests/search_spaces/broken_files.py`. CPU time is the process's, import of Python included; wall
time is the fastest of two runs, and says as much of the machine's other load as of the command.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stopwatch import markdown, write_table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "search_spaces"))
FILES = 300
ROUNDS = 2


def main() -> None:
    """Measures and writes `broken_spaces.md`."""
    from broken_files import broken_file, kind_of

    spent: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "broken.yaml"
        for seed in range(FILES):
            file.write_text(broken_file(seed), encoding="utf-8")
            rounds = [_refusal_ms(file) for _ in range(ROUNDS)]
            best = (min(cpu for cpu, _ in rounds), min(wall for _, wall in rounds))
            spent.setdefault(kind_of(seed), []).append(best)
    everything = [one for ones in spent.values() for one in ones]
    rows = [[kind, *_row(ones)] for kind, ones in [*sorted(spent.items()), ("all", everything)]]
    head = ["what is wrong", "files", "CPU ms, median", "CPU ms, most", "wall ms, median", "wall ms, most"]
    write_table("broken_spaces", "Broken space files, refused by the command", [markdown(head, rows)])


def _refusal_ms(file: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "orchestrator.search", "--space", str(file)]
    before, began = os.times(), time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall_s, after = time.monotonic() - began, os.times()
    if done.returncode != 2 or "broken.yaml:" not in done.stderr:
        raise SystemExit(f"{file}: exit code {done.returncode}, said {done.stderr!r}")
    cpu_s = after.children_user - before.children_user + after.children_system - before.children_system
    return cpu_s * 1000, wall_s * 1000


def _row(ones: list[tuple[float, float]]) -> list[object]:
    cpu, wall = [one[0] for one in ones], [one[1] for one in ones]
    return [len(ones), statistics.median(cpu), max(cpu), statistics.median(wall), max(wall)]


if __name__ == "__main__":
    main()
