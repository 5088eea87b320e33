"""Searches of the fake detector that are killed with SIGKILL, in processes that cost no imports.

One process imports the project once and forks a child for each search: ten kills then take seconds, not minutes. The
children run `orchestrator.virtual`, which makes the calls into the study that Ray Tune makes, on the real ledger.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from orchestrator.virtual import Simulation, simulate
from results.layout import RunLayout
from results.ledger import read_events
from results.trial_records import TrialRecord, trials_of
from search_spaces.loading import load_space
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

# Something of everything: TPE and halving, trials that diverge, lose their workers again and again, or fit in halves.
SPACE = """
detector: fake
rule: coco50
train:
  x: {range: [0.0, 1.0]}
  failure: {choice: [none, nan_loss, lost_worker]}
  fail_epoch: 3
  memory_per_image_gib: {choice: [1.0, 4.0]}
  batch_size: 4
  device_gib: 12.0
search:
  sampler: tpe
  pruner: {name: successive_halving, reduction_factor: 2, min_epochs: 1}
  epochs: 4
known: [{failure: lost_worker}, {memory_per_image_gib: 4.0}, {failure: nan_loss}]
"""
TRIALS = 20
ONE_AFTER_ANOTHER = Simulation(TRIALS)
_PATIENCE_S = 60.0

Decisions = tuple[dict[int, TrialRecord], list[dict[str, object]]]
_FORKING = """
import os, sys
from pathlib import Path
from killed_searches import ONE_AFTER_ANOTHER, space_in
from orchestrator.virtual import simulate
for line in sys.stdin:
    folder = Path(line.strip())
    child = os.fork()
    if child == 0:
        simulate(space_in(folder.parent), folder, ONE_AFTER_ANOTHER)
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def space_in(folder: Path) -> Space:
    """The space of these searches, read from a file in `folder`."""
    file = folder / "killed.yaml"
    if not file.exists():
        file.write_text(SPACE, encoding="utf-8")
    return load_space(str(file), DETECTORS)


def decisions(run: Path) -> Decisions:
    """What a search decided: its trials with all that is on record of them, and the points that became none."""
    events = read_events(RunLayout(run).ledger)
    turned_away = [{**one, "time": None} for one in events if one["event"] in ("answered", "rejected")]
    return trials_of(events), turned_away


class Killer:
    """Starts searches and kills them; use it in a `with` block."""

    def __enter__(self) -> "Killer":
        here, project = Path(__file__).parent, Path(__file__).parents[2]
        self._forker = subprocess.Popen(
            [sys.executable, "-c", _FORKING],
            env={**os.environ, "PYTHONPATH": f"{project}{os.pathsep}{here}"},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._forker.communicate(timeout=_PATIENCE_S)

    def kill_at(self, run: Path, size: int) -> None:
        """Starts or resumes the search in the folder `run`, and kills it once its ledger has so many bytes."""
        pid = int(self._ask(f"{run}\n"))
        ledger, deadline_s = RunLayout(run).ledger, time.monotonic() + _PATIENCE_S
        while not (ledger.exists() and ledger.stat().st_size >= size):
            assert time.monotonic() < deadline_s, f"{ledger} did not grow to {size} bytes"
            time.sleep(0.0005)
        with contextlib.suppress(ProcessLookupError):  # on a busy machine it may have come to its end meanwhile
            os.kill(pid, signal.SIGKILL)
        assert self._ask("") == "gone"

    def _ask(self, line: str) -> str:
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        self._forker.stdin.write(line)
        self._forker.stdin.flush()
        return self._forker.stdout.readline().strip()


def cut_last_line(ledger: Path, rng: random.Random) -> None:
    """Leaves any part of a ledger's last line, from nothing to all but its line break; never touches the header."""
    lines = ledger.read_bytes().splitlines(keepends=True)
    last = lines.pop() if len(lines) > 1 else b""
    ledger.write_bytes(b"".join(lines) + last[: rng.randrange(len(last))] if last else b"".join(lines))


def check_continued(run: Path, before: list[Mapping[str, object]]) -> None:
    """Nothing that had finished was lost or ran again, and nothing is left running.

    Args:
        run: the run's folder, after it was resumed.
        before: its events before that.
    """
    events = read_events(RunLayout(run).ledger)
    assert events[: len(before)] == before
    done = {event["number"] for event in before if event["event"] == "finished"}
    assert done.isdisjoint(event["number"] for event in events[len(before) :] if "number" in event)
    ends = [event["number"] for event in events if event["event"] == "finished"]
    assert sorted(map(str, ends)) == sorted(map(str, trials_of(events)))


def uninterrupted(folder: Path) -> tuple[int, Decisions]:
    """Size of the ledger of an undisturbed search, and its decisions."""
    simulate(space_in(folder), folder / "whole", ONE_AFTER_ANOTHER)
    return RunLayout(folder / "whole").ledger.stat().st_size, decisions(folder / "whole")


def resumed(run: Path) -> list[Mapping[str, object]]:
    """Resumes a killed search to its end; the events that it began with."""
    before = list(read_events(RunLayout(run).ledger))
    simulate(space_in(run.parent), run, ONE_AFTER_ANOTHER)
    return before
