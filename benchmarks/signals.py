"""Ends real searches by signals at five moments, resumes them, and looks whether anything was lost or done twice.

SIGINT, SIGTERM and SIGHUP, once and twice (the second half a second after the first), on a Ray of the search's own and
on one that it joined. `python benchmarks/signals.py [fake] [local|joined]`: with `fake` the fake detector stands for
the real one while it trains, and nothing predicts.
"""

import re
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

from stopwatch import markdown, write_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "orchestrator"))

from search_processes import Commands, cluster, ended, trials_with, wait_until

from results.trial_records import COMPLETE, trials_of

FAKE = """
detector: fake
rule: coco50
train: {x: {range: [0.0, 1.0]}, epoch_s: 0.5}
search: {sampler: tpe, pruner: none, epochs: 3, trials: 4}
"""
REAL = """
detector: cascade_rcnn
rule: bottle_round1
train: {backbone: resnet18, base_channels: 8, neck_channels: 16, rois: 16, rpn_proposals: 50, head_channels: 32,
        roi_sampling_ratio: 1, train_scale: 96x72, batch_size: 8, optimizer: adamw, lr: {log: [0.0005, 0.005]},
        schedule: cosine, warmup_iters: 0}
predict: {scale: train, flip: false, score_floor: 0.01, max_raw_per_image: 100}
search: {sampler: random, pruner: none, epochs: 2, trials: 2}
"""
STARTING, WAITING, TRAINING, PREDICTING, BETWEEN = (
    "starting",
    "waiting for Ray",
    "training",
    "predicting",
    "between trials",
)
_AT_ONCE = 3
_SECOND_AFTER_S = 0.5
_IN_TIME_S = 20.0
_PATIENCE_S = 900.0


@dataclass(frozen=True)
class Case:
    """A search, a moment, a signal."""

    moment: str
    one: signal.Signals
    twice: bool
    joins: bool


def run(case: Case, address: str | None, fake: bool) -> list[object]:
    """One row: what was asked for, what came of it."""
    real = case.moment in (TRAINING, PREDICTING) and not fake
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "s.yaml").write_text(REAL if real else FAKE, encoding="utf-8")
        commands = Commands(Path(folder))
        where = ["--address", address] if address else []
        data = ["--data", "demo"] if real else []
        process = commands.search("--space", "s.yaml", "--name", "a", *data, *where)
        try:
            wait_until(lambda: process.poll() is not None or REACHED[case.moment](commands), _PATIENCE_S)
            began_s = time.monotonic()
            process.send_signal(case.one)
            if case.twice:
                time.sleep(_SECOND_AFTER_S)
                process.send_signal(case.one)
            code, said, complaints = ended(process, _PATIENCE_S)
            took_s = time.monotonic() - began_s
            faults = list(_faults(case, commands, code, took_s, said + complaints))
        finally:
            commands.end_all()
    twice, ray = "twice" if case.twice else "once", "joined" if case.joins else "own"
    return [case.moment, case.one.name, twice, ray, code, f"{took_s:.1f}", "; ".join(faults) or "as documented"]


def _faults(case: Case, commands: Commands, code: int, took_s: float, said: str) -> list[str]:
    events = commands.events("a")
    faults = [] if code == 128 + case.one else [f"exit {code}"]
    faults += [f"took {took_s:.0f} s"] if took_s > _IN_TIME_S else []
    faults += [f"a traceback: {said[-600:]!r}"] if "Traceback" in said or "stack" in said.lower() else []
    if not events:
        return faults + ([] if case.moment in (STARTING, WAITING) else [f"no record: {said[-300:]!r}"])
    faults += [] if events[-1]["event"] == "stopped" else ["no `stopped`"]
    faults += ["lock left"] if (commands.folder / "runs/a/ledger.jsonl.lock").exists() else []
    return faults + _faults_of_resume(commands, said)


def _faults_of_resume(commands: Commands, said: str) -> list[str]:
    command = re.search(r"python (-m orchestrator.search .*--resume.*)", said)
    if command is None:
        return ["no resume command"]
    before = commands.events("a")
    code, _, _ = ended(commands.start(sys.executable, *shlex.split(command[1])), _PATIENCE_S)
    events = commands.events("a")
    numbers = sorted(trials_with(events, "asked"))
    whole = events[: len(before)] == before and numbers == sorted(trials_with(events, "finished"))
    complete = {record.state for record in trials_of(events).values()} == {COMPLETE}
    faults = [] if code == 0 else [f"resume exits {code}"]
    return faults + ([] if whole and complete and len(set(numbers)) == len(numbers) else ["lost or doubled"])


def _has(kind: str, commands: Commands) -> bool:
    return bool(trials_with(commands.events("a"), kind))


def _starts_ray(commands: Commands) -> bool:
    """The search's process has loaded Ray; what it starts or joins comes next."""
    return any("gcs_server" in one or "raylet" in one for one in commands.survivors()) or _loaded(
        commands, "_raylet.so"
    )


def _listens(commands: Commands) -> bool:
    """Python has set handlers: before, a signal ends a process as the system does."""
    for one in commands.survivors():
        status = (Path("/proc") / one.split()[0] / "status").read_text()
        caught = int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return True
    return False


def _loaded(commands: Commands, library: str) -> bool:
    maps = [Path("/proc") / one.split()[0] / "maps" for one in commands.survivors()]
    return any(library in path.read_text() for path in maps if path.exists())


def _predicts(commands: Commands) -> bool:
    """A checkpoint is written and its epoch is not reported: the validation images are being predicted."""
    return bool(list(commands.folder.glob("runs/a/trials/*/checkpoint.json"))) and not _has("rung", commands)


REACHED: dict[str, Callable[[Commands], bool]] = {
    STARTING: _listens,
    WAITING: _starts_ray,
    TRAINING: lambda commands: _has("started", commands) and not time.sleep(0.7),
    PREDICTING: _predicts,
    BETWEEN: partial(_has, "finished"),
}


def main(arguments: list[str]) -> None:
    for one in (signal.SIGINT, signal.SIGHUP):  # as `nohup` and background jobs have them, searches would, too
        signal.signal(one, signal.SIG_DFL)
    fake = "fake" in arguments
    moments = [one for one in REACHED if not (fake and one == PREDICTING)]
    kinds = {"local": [False], "joined": [True]}.get(arguments[-1] if arguments else "", [False, True])
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    cases = [Case(*values) for values in product(moments, signals, (False, True), kinds)]
    with ExitStack() as stack, ThreadPoolExecutor(_AT_ONCE) as pool:
        address = None
        if True in kinds:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            address = stack.enter_context(cluster(Commands(folder, cores=2 * _AT_ONCE)))["address"]
        rows = []
        for row in pool.map(lambda case: run(case, address if case.joins else None, fake), cases):
            print(*row, flush=True)
            rows.append(row)
    good = sum(row[-1] == "as documented" for row in rows)
    table = markdown(["moment", "signal", "times", "Ray", "exit", "s to end", "outcome"], rows)
    title = f"Searches ended by signals: {good} of {len(rows)} as documented"
    write_table("signals", title, [table], " ".join(arguments).replace(" ", "_"))


if __name__ == "__main__":
    main(sys.argv[1:])
