"""What a search of thousands of trials costs its driver: replaying the ledger, asking, reports. Without Ray.

The ledgers are made up: random points with three reports and a summary as a real trial has it, about 1 KB a trial.
Optuna's own TPE asks beside this project's on the same trials, in turn; CPU time is the minimum over the rounds.
"""

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import TPESampler
from stopwatch import Tool, cpu_ms, markdown, write_table

from orchestrator.budget import Budget
from orchestrator.frozen_trials import rebuilt_trials
from orchestrator.optuna_parts import build_pruner
from orchestrator.study import Study
from orchestrator.virtual import Simulation, simulate
from results.json_lines import as_line
from results.ledger import SCHEMA, Ledger, read_events
from results.trial_records import trials_of
from search_spaces.loading import load_space
from search_spaces.sampling import suggest
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

SIZES = (100, 1_000, 10_000)
NO_END = Budget(10**9)
EIGHT_KEYS = """
detector: cascade_rcnn
rule: coco50
train:
  lr: {log: [0.0005, 0.02]}
  train_scale: {choice: ["1333x800", "2048x1200", "658x460"]}
  flip: {choice: [horizontal, both]}
  rpn_pos_iou: {range: [0.4, 0.8]}
  rpn_neg_iou: {range: [0.1, 0.39]}
  batch_size: {choice: [2, 1, 4, 8]}
  weight_decay: {log: [0.00001, 0.001]}
  neck_channels: {range: [64, 256], step: 8}
search: {sampler: tpe, pruner: successive_halving, epochs: 12, trials: 60}
"""
SUMMARY = {
    "model": "cascade_rcnn",
    "backbone": "resnet50",
    "schedule": "12e 7,11",
    "param_m": 68.9,
    "fps": 11.2,
    "coco": dict.fromkeys(("AP", "AP50", "AP75", "APs", "APm", "APl"), 0.512),
    "interval": [0.70, 0.76],
    "train_s": 3600.0,
    "view": {"scale": "2048x1200", "flip": False},
    "nms": "hard 0.5",
}


def made_up_ledger(space: Space, path: Path, trials: int) -> None:
    """A ledger of random points; about half of the trials are stopped at a rung."""
    rng = random.Random(0)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    header = {"event": "run", "schema": SCHEMA, "time": 0.0, "name": "made up", "gpus": 0.0}
    events = [header, *(event for number in range(trials) for event in _trial(space, study.ask(), number, rng))]
    path.write_bytes(b"".join(as_line({"time": 0.0, **event}) for event in events))


def _trial(space: Space, asked: optuna.Trial, number: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    source = "known" if number < len(space.known) else "sampler"
    yield {"event": "asked", "number": number, "params": suggest(space, asked), "from": source}
    yield {"event": "started", "number": number, "config_hash": "0" * 64, "epoch": 0}
    quality, marks, score = rng.random(), {}, 0.0
    for rung, epoch in enumerate((1, 4, 12)):
        score = quality * (1 - 0.5**epoch)
        marks[f"completed_rung_{rung}"] = score
        yield {"event": "rung", "number": number, "epoch": epoch, "score": score, "pruner": dict(marks)}
        if epoch < 12 and rng.random() < 0.3:
            yield {"event": "finished", "number": number, "state": "PRUNED", "score": score, "reason": "worse"}
            return
    yield {"event": "finished", "number": number, "state": "COMPLETE", "score": score, "summary": SUMMARY}


class OptunaAlone:
    """The same trials in a study of Optuna's, asked as its documentation says."""

    def __init__(self, space: Space, path: Path) -> None:
        events = read_events(path)
        sampler = TPESampler(seed=0, constant_liar=True)
        self._space = space
        self._study = optuna.create_study(direction="maximize", sampler=sampler, pruner=build_pruner(space.search))
        self._study.add_trials(rebuilt_trials(space, events, trials_of(events)))

    def ask(self) -> None:
        """One trial, handed out."""
        suggest(self._space, self._study.ask())


class Driver:
    """This project's study over the same ledger."""

    def __init__(self, space: Space, path: Path) -> None:
        self._ledger = Ledger.open(path)
        self._study = Study(space, self._ledger, read_events(path), NO_END, seed=0)
        self._asked: list[int] = []

    def ask(self) -> None:
        """One trial, handed out and on record."""
        asked = self._study.next()
        assert asked is not None
        self._asked.append(asked.number)

    def report(self) -> None:
        """A rung that stops nobody, of a trial that was not heard of before."""
        self._study.rung(self._asked.pop(), 1, 2.0)

    def close(self) -> None:
        """Gives the ledger back."""
        self._ledger.close()


def ready(space: Space, path: Path) -> None:
    """From a ledger on disk to the first trial of a resumed search; the ledger is left as it was."""
    size = path.stat().st_size
    driver = Driver(space, path)
    driver.ask()
    driver.close()
    os.truncate(path, size)


def row(name: str, space: Space, trials: int) -> list[object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        made_up_ledger(space, path, trials)
        replay_ms = cpu_ms({"ready": Tool(lambda: ready(space, path), rounds=3, repeats=0)})["ready"]
        driver, alone = Driver(space, path), OptunaAlone(space, path)
        asks = cpu_ms({"ours": Tool(driver.ask, rounds=9), "alone": Tool(alone.ask, rounds=9 if trials < 5000 else 4)})
        report_ms = cpu_ms({"report": Tool(driver.report, rounds=5)})["report"]
        driver.close()
    return [name, trials, replay_ms / 1e3, asks["ours"], asks["alone"], asks["alone"] / asks["ours"], report_ms]


def decided(trials: int) -> float:
    """CPU seconds of a whole search in virtual time: asks, reports, the ledger and the fake trials' own files."""
    space = load_space("fake.yaml", DETECTORS, "demo")
    with tempfile.TemporaryDirectory() as folder:
        run = Tool(lambda: simulate(space, Path(folder) / "run", Simulation(trials, slots=8)), rounds=1, repeats=0)
        return cpu_ms({"run": run})["run"] / 1e3


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        eight = Path(folder) / "eight.yaml"
        eight.write_text(EIGHT_KEYS)
        spaces = {
            "8 keys": load_space(str(eight), DETECTORS),
            "cascade.yaml, 15 keys": load_space("cascade.yaml", DETECTORS, "full"),
        }
    head = ["space", "trials in the ledger", "ready to schedule, s", "ask, ms", "ask of Optuna's TPE, ms", "ratio"]
    rows = [row(name, space, trials) for name, space in spaces.items() for trials in SIZES]
    virtual = markdown(["a search of fake.yaml in virtual time", "CPU s"], [["1,000 trials, 8 slots", decided(1_000)]])
    asked = markdown([*head, "report, ms"], rows)
    write_table("long_searches", "A search of thousands of trials", [asked, virtual])


if __name__ == "__main__":
    sys.exit(main())
