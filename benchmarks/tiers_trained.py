"""The twelve trainings of `tiers.yaml` on the demonstration's data, each with the raw detections of every view.

`python benchmarks/tiers_trained.py 3` trains the fourth; `tiers.py` reads what lies in `runs/tiers` and trains nothing.
A training takes about a minute on one core, its four views half of that.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.jobs import Asked, JobFactory, complete_params, complete_views
from results.boxes import Detections, Truth, read_detections, write_detections
from results.layout import RunLayout, TrialLayout
from search_spaces.loading import load_space
from search_spaces.points import every_point
from search_spaces.space import Space
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset, load_truth
from trainables.data.demo import demo_dataset
from trainables.jobs import TrialJob
from trainables.predict import View, image_files, predict_raw
from trainables.trained import load_trial
from trainables.trial import run_trial

SPACE = Path(__file__).with_name("tiers.yaml")
LAYOUT = RunLayout(Path("runs/tiers"))
SEED = 0


@dataclass(frozen=True)
class Trained:
    """One training, as it was measured.

    Attributes:
        train_s: seconds of training, its one rung at the end included.
        raw: raw detections of each view, by the view's fields as text.
        predict_s: seconds of each of these passes.
    """

    train_s: float
    raw: Mapping[str, Detections]
    predict_s: Mapping[str, float]


def space_of_tiers() -> Space:
    """The space of `tiers.yaml`."""
    return load_space(str(SPACE), DETECTORS)


def trainings(space: Space) -> list[Mapping[str, Any]]:
    """Its points, in the file's order."""
    return list(every_point(space))


def views_of(space: Space) -> list[View]:
    """Every view of the predict tier."""
    params = complete_params(space, trainings(space)[0])
    return [View(**fields) for fields in complete_views(space, params)]


def validation_truth() -> Truth:
    """Of the demonstration's validation images."""
    dataset = load_dataset(demo_dataset())
    return load_truth(dataset, dataset.val)


def key(view: View) -> str:
    """A view as a word."""
    return f"{view.scale}{'-flip' if view.flip else ''}"


def read_trained(number: int, space: Space) -> Trained:
    """What `train_one` left."""
    layout = LAYOUT.trial(number)
    seconds = json.loads((layout.folder / "seconds.json").read_text())
    raw = {key(view): read_detections(_raw_file(layout, view))[0] for view in views_of(space)}
    return Trained(seconds["train_s"], raw, seconds["predict_s"])


def train_one(number: int) -> None:
    """Trains a point and predicts every view."""
    space, data = space_of_tiers(), demo_dataset()
    point, layout = trainings(space)[number], LAYOUT.trial(number)
    job = JobFactory(space, LAYOUT, data, space.rule, SEED)(Asked(number, point, seed=SEED))
    started = time.monotonic()
    run_trial(TrialJob.from_dict({**job, "views": job["views"][:1]}), lambda event: print(event, flush=True))
    train_s = time.monotonic() - started
    predict_s = {key(view): _predict(layout, view) for view in views_of(space)}
    (layout.folder / "seconds.json").write_text(json.dumps({"train_s": train_s, "predict_s": predict_s}))


def _predict(layout: TrialLayout, view: View) -> float:
    dataset = load_dataset(demo_dataset())
    trained, truth = load_trial(layout), load_truth(dataset, dataset.val)
    started = time.monotonic()
    raw = predict_raw(trained.model, image_files(truth.images, dataset.val.images), view, trained.category_ids)
    seconds = time.monotonic() - started
    write_detections(_raw_file(layout, view), raw, view.metadata())
    return seconds


def _raw_file(layout: TrialLayout, view: View) -> Path:
    return layout.folder / f"raw-{key(view)}.arrow"


if __name__ == "__main__":
    train_one(int(sys.argv[1]))
