"""The training images as an mmdet data set that brings unlabelled images along, drawn anew every time.

An epoch stays one pass over the labelled images, in the order that it has without a teacher. What is drawn follows from
NumPy's random state, as every augmentation does, so that a training goes on from a checkpoint as if undisturbed.

    {"inputs": {"sup": [labelled], "unsup_teacher": [drawn, ...], "unsup_student": [drawn, ...]},
     "data_samples": likewise}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import Compose

from trainables.data.unlabelled import Unlabelled, unlabelled_names
from trainables.image_faults import naming_image
from trainables.training_set import TruthDataset

SUPERVISED, TEACHER, STUDENT = "sup", "unsup_teacher", "unsup_student"


class WithUnlabelled(TruthDataset):
    """See the module.

    Args:
        unlabelled: `images`, `image_list` (empty for all pictures of the folder), `per_image` and the `pipeline` that
            shows an image to teacher and student.
        arguments: `TruthDataset`'s.
    """

    def __init__(self, *arguments: Any, unlabelled: Mapping[str, Any], **options: Any) -> None:
        self.per_image = int(unlabelled["per_image"])
        allow_damaged = bool(unlabelled.get("allow_damaged", False))
        self.unlabelled = Unlabelled(Path(unlabelled["images"]), _path(unlabelled["image_list"]), allow_damaged)
        self.unlabelled_names: tuple[str, ...] = ()
        self.unlabelled_pipeline = Compose(unlabelled["pipeline"])
        super().__init__(*arguments, **options)

    def load_data_list(self) -> list[dict[str, object]]:
        """The labelled images; the others are listed beside."""
        self.unlabelled_names = unlabelled_names(self.unlabelled)
        return super().load_data_list()

    def prepare_data(self, idx: int) -> Any:
        """A labelled image and those that are drawn with it.

        Raises:
            CorruptImageError: one of them cannot be read.
        """
        labelled = super().prepare_data(idx)
        if labelled is None:
            return None  # nothing is left of its boxes: mmdet takes another one
        drawn = [self._drawn() for _ in range(self.per_image)]
        return {
            key: {
                SUPERVISED: [labelled[key]],
                **{one: [image[key][one] for image in drawn] for one in (TEACHER, STUDENT)},
            }
            for key in ("inputs", "data_samples")
        }

    def _drawn(self) -> Any:
        row = int(np.random.randint(len(self.unlabelled_names)))
        path = self.unlabelled.images / self.unlabelled_names[row]
        with naming_image(path):
            return self.unlabelled_pipeline({"img_path": str(path), "img_id": row})


def labelled_only(loader: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a loader of training images, without what a teacher needs."""
    dataset = {key: value for key, value in loader["dataset"].items() if key != "unlabelled"}
    return {**loader, "dataset": {**dataset, "type": "trainables.training_set.TruthDataset"}}


def _path(text: str) -> Path | None:
    return Path(text) if text else None
