"""A training's checkpoint: everything that it needs to go on exactly as if it had never stopped.

    checkpoint.pth    model, optimizer (with the AMP scaler), schedulers, counters, random states; carries its own epoch
                      (where a moving average predicts, the model is that, and the weights that are trained lie beside)
    checkpoint.json   {"epoch", "score"}: the note by which a driver, without torch, knows that there is a checkpoint

The note is written when the checkpoint is, and again when the epoch's score is known; until then its score is null.
A worker that dies between the two files leaves a note of the epoch before: the checkpoint's own epoch holds. mmengine's
message hub is left out: the training log reads it, the training does not. Nothing here decides when to write.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.runner import Runner

from results.errors import DamagedFileError
from results.layout import TrialLayout, write_atomically
from trainables.moving_average import average_of
from trainables.random_states import random_states, restore_random_states
from trainables.weights import read_plain, save_plain


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read.

    Attributes:
        epoch: epochs that are trained.
        score: of that epoch's rung; None where it was not known when the worker died.
        elapsed_s: seconds that the trial had run.
        state: everything else, by name.
    """

    epoch: int
    score: float | None
    elapsed_s: float
    state: Mapping[str, Any]


def write_checkpoint(layout: TrialLayout, runner: Runner, epoch: int, elapsed_s: float) -> None:
    """Keeps the state of a training at the end of an epoch.

    Args:
        layout: of the trial.
        runner: whose epoch has ended, schedulers included; its model is as it predicts.
        epoch: counted from 1.
        elapsed_s: seconds that the trial has run, in all its attempts.
    """
    average = average_of(runner)
    content = {
        "epoch": epoch,
        "elapsed_s": elapsed_s,
        "iteration": runner.iter,
        "model": runner.model.state_dict(),
        "optimizer": runner.optim_wrapper.state_dict(),
        "schedulers": [scheduler.state_dict() for scheduler in runner.param_schedulers or ()],
        "random": random_states(),
        **({} if average is None else {"average": average.state()}),
    }
    save_plain(content, layout.checkpoint)
    write_note(layout, epoch, None)


def write_note(layout: TrialLayout, epoch: int, score: float | None) -> None:
    """Says what the checkpoint holds; the score is None as long as it is not known."""
    write_atomically(layout.checkpoint_note, json.dumps({"epoch": epoch, "score": score}) + "\n")


def read_checkpoint(layout: TrialLayout) -> Checkpoint:
    """The trial's checkpoint.

    Raises:
        InputError: it is missing or damaged, or would have to run code to load.
        DamagedFileError: it holds something else.
    """
    content = read_plain(layout.checkpoint)
    try:
        note = json.loads(layout.checkpoint_note.read_text(encoding="utf-8"))
        state = dict(content)  # type: ignore[call-overload]
        epoch = int(state["epoch"])
        score = note["score"] if note["epoch"] == epoch else None
        return Checkpoint(epoch, score, float(state["elapsed_s"]), state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        rule = f"a checkpoint holds a training's state and a note its score; {layout.checkpoint} does not ({error!r})"
        raise DamagedFileError(f"{rule}; delete it to train anew") from error


def restore(runner: Runner, checkpoint: Checkpoint) -> None:
    """Brings a runner that is about to train to the end of the checkpoint's epoch."""
    state = checkpoint.state
    runner.model.load_state_dict(state["model"])
    average = average_of(runner)
    if average is not None:  # the model was written wearing it
        average.load(**state["average"], model=runner.model)
        average.swap(runner.model)
    runner.optim_wrapper.load_state_dict(state["optimizer"])
    for scheduler, kept in zip(runner.param_schedulers or (), state["schedulers"], strict=True):
        scheduler.load_state_dict(kept)
    runner.train_loop._epoch, runner.train_loop._iter = checkpoint.epoch, state["iteration"]
    restore_random_states(state["random"])
