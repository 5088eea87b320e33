"""A finished trial as a predictor: configuration, weights, view and solved post-processing, read from its folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from results.boxes import Detections
from results.errors import DamagedFileError
from results.layout import TrialLayout
from results.solution import Solution, apply_solution
from results.trial_manifest import check_whole
from trainables.predict import ImageFile, View, predict_raw
from trainables.training import build_model, device, use_threads
from trainables.weights import load_trained


@dataclass(frozen=True)
class TrainedTrial:
    """What predicts images as the trial did.

    Attributes:
        model: in evaluation mode, on the device that this machine has.
        view: the one that scored best on the validation images.
        solution: the post tier's choice, made on the validation images.
        category_ids: category id of each label.
    """

    model: nn.Module
    view: View
    solution: Solution
    category_ids: tuple[int, ...]

    def predict(self, images: Sequence[ImageFile]) -> Detections:
        """Detections after post-processing, in original-image pixels.

        Raises:
            InputError: an image is missing or cannot be read.
        """
        return apply_solution(predict_raw(self.model, images, self.view, self.category_ids), self.solution)


def load_trial(layout: TrialLayout) -> TrainedTrial:
    """Reads a COMPLETE trial.

    Raises:
        DamagedFileError: the folder is not that of a finished trial, or a file in it is not what the trial wrote.
        InputError: its weights do not fit.
    """
    if not layout.manifest.is_file():
        raise DamagedFileError(f"a finished trial has a manifest; {layout.folder} has none: it did not finish")
    check_whole(layout, (layout.config, layout.outcome, layout.weights))
    config, outcome = _read(layout.config), _read(layout.outcome)
    use_threads(1)
    model = build_model(config["mmengine"])
    load_trained(model, layout.weights)
    return TrainedTrial(
        model.to(device()).eval(),
        View(**outcome["view"]),
        Solution.from_dict(outcome["solution"]),
        tuple(config["category_ids"]),
    )


def _read(path: Any) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"a finished trial keeps {path}; it cannot be read ({error})") from error
    return content
