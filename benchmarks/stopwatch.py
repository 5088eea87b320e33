"""CPU time of interleaved tools, and the tables that the benchmarks commit.

All tools of a row run in turn in one process and the minimum over the rounds is taken, so that ratios hold on a busy
machine. CPU time of all threads is counted, not wall time.
"""

import platform
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """One tool of a row.

    Attributes:
        run: does the work once.
        rounds: how many of the rounds it takes part in; slow tools need few.
        repeats: runs a round, of which the fastest counts; more than one for what takes less than a tick.
    """

    run: Callable[[], object]
    rounds: int = 5
    repeats: int = 1


def cpu_ms(tools: Mapping[str, Tool]) -> dict[str, float]:
    """Milliseconds of CPU of each tool, the minimum over interleaved rounds."""
    best = dict.fromkeys(tools, float("inf"))
    for turn in range(max(tool.rounds for tool in tools.values())):
        for name, tool in tools.items():
            if turn < tool.rounds:
                best[name] = min(best[name], *(_once(tool.run) for _ in range(tool.repeats + 1)))
    return best


def _once(run: Callable[[], object]) -> float:
    begin = time.process_time_ns()
    run()
    return (time.process_time_ns() - begin) / 1e6


def markdown(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; floats with four significant digits."""
    lines = [head, ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write_table(script: str, title: str, parts: Sequence[str], argument: str = "") -> None:
    """Writes `benchmarks/<script>.md` (or `<script>_<argument>.md`) with the command and the machine that made it."""
    path = Path(__file__).with_name(f"{script}_{argument}.md" if argument else f"{script}.md")
    made = f"Made by `{f'python benchmarks/{script}.py {argument}'.rstrip()}` on {_machine()}."
    path.write_text("\n".join([f"# {title}\n", f"{made}\n", *parts]))
    print(path.read_text())


def _machine() -> str:
    found = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
    model = next((line.split(":", 1)[1].strip() for line in found.splitlines() if "Model name" in line), "unknown CPU")
    return f"{model}, Python {platform.python_version()}"


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
