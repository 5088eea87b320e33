"""Which entries of a configuration are read while a detector takes one step, and which settings of a view.

Every mapping that a built object holds is replaced by one that notes what is read from it. Then one image is predicted,
or one training step taken, with a drawn image as small as detectors stand.
"""

import copy
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from PIL import Image
from torch import nn

from trainables.predict import ImageFile, View, predict_raw
from trainables.proof.building import Built, NoDraws, built
from trainables.proof.noting import noting
from trainables.training import device, predicting
from trainables.unlabelled_set import STUDENT, SUPERVISED, TEACHER

# Three cells at stride 32, which a deformable convolution needs.
_SIDE_PX = 96
# Transforms that are applied by chance have their chance.
_PASSES = 4
_PROPOSALS = 16
# Boxes that a detector finds by itself; a small image has no places for hundreds of queries.
_COUNTS = ("max_per_img", "num_queries")


def reads_of_predicting(config: Mapping[str, Any], view: Mapping[str, Any]) -> frozenset[str]:
    """Places of the entries that are read while an image is predicted; those of the view begin with "view.".

    Args:
        config: from `effective_config`.
        view: fields of the `View` that the image is predicted in, but for its scale.
    """
    with _noted(config) as (found, reads), tempfile.TemporaryDirectory() as folder:
        model = predicting(_zeroed(found.runner.model)).eval()
        labels = config["train_dataloader"]["dataset"]["category_ids"]
        predict_raw(model, [_drawn_image(Path(folder))], _NotingView(View(**view), reads), labels)
    return frozenset(reads)


def reads_of_training(config: Mapping[str, Any]) -> frozenset[str]:
    """Places of the entries that are read while an image is loaded, weights are initialised and a step is taken.

    Args:
        config: from `effective_config`.
    """
    with _noted(config) as (found, reads), tempfile.TemporaryDirectory() as folder:
        _load(found.dataset, _drawn_image(Path(folder)))
        model: Any = _zeroed(found.runner.model)
        with NoDraws():
            model.init_weights()
        batch = _batch(len(config["train_dataloader"]["dataset"]["category_ids"]))
        model.train_step(_branches(batch) if hasattr(model, "teacher") else batch, found.runner.optim_wrapper)
    return frozenset(reads)


@contextmanager
def _noted(config: Mapping[str, Any]) -> Iterator[tuple[Built, set[str]]]:
    """What a configuration builds, and the places of its entries that were read since."""
    reads: set[str] = set()
    with built(_with_few_proposals(config)) as found:
        for held in found.describe().places:
            held.replace(noting(held.content, held.place, reads))
        yield found, reads


def _with_few_proposals(content: Any) -> Any:
    """The same configuration with fewer boxes an image, which most of a step's time goes to."""
    if isinstance(content, list | tuple):
        return type(content)(map(_with_few_proposals, content))
    if not isinstance(content, Mapping):
        return content
    few = {key: _PROPOSALS for key in _COUNTS if key in content}
    return {**{key: _with_few_proposals(value) for key, value in content.items()}, **few}


def _zeroed(model: nn.Module) -> nn.Module:
    """The model on its device with weights of zero: drawn ones take a second and show nothing more."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return model.to(device())


class _NotingView(View):
    """A view that notes which of its settings are read; its scale is small."""

    def __init__(self, view: View, reads: set[str]) -> None:
        super().__init__(**{**asdict(view), "scale": f"{_SIDE_PX}x{_SIDE_PX}"})
        object.__setattr__(self, "_reads", reads)

    def __getattribute__(self, name: str) -> Any:
        fields_read = object.__getattribute__(self, "__dict__").get("_reads")
        if fields_read is not None:
            fields_read.add(f"view.{name}")
        return object.__getattribute__(self, name)


def _drawn_image(folder: Path) -> ImageFile:
    pixels = np.random.default_rng(0).integers(0, 255, (_SIDE_PX, _SIDE_PX, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "drawn.png")
    return ImageFile(1, folder / "drawn.png")


def _load(dataset: Any, image: ImageFile) -> None:
    """Takes the image through the training pipeline."""
    instance = {"bbox": [8.0, 8.0, 40.0, 40.0], "bbox_label": 0, "ignore_flag": 0}
    entry = {"img_path": str(image.path), "img_id": 1, "height": _SIDE_PX, "width": _SIDE_PX, "instances": [instance]}
    pipelines = [dataset.pipeline, *([dataset.unlabelled_pipeline] if hasattr(dataset, "unlabelled_pipeline") else [])]
    for pipeline in pipelines * _PASSES:
        pipeline(copy.deepcopy(entry))


def _batch(classes: int) -> dict[str, Any]:
    """Two images of noise with a small and a large box each."""
    size = (_SIDE_PX, _SIDE_PX)
    corners = torch.tensor([[4.0, 4.0, 20.0, 24.0], [10.0, 16.0, 60.0, 56.0]])
    samples = []
    for index in range(2):
        meta = {"img_shape": size, "ori_shape": size, "pad_shape": size, "scale_factor": (1.0, 1.0), "img_id": index}
        sample = DetDataSample(metainfo=meta)
        sample.gt_instances = InstanceData(bboxes=corners.clone(), labels=torch.tensor([0, classes - 1]))
        sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
        samples.append(sample)
    pixels = torch.randint(0, 255, (2, 3, *size), dtype=torch.uint8)
    return {"inputs": list(pixels), "data_samples": samples}


def _branches(batch: dict[str, Any]) -> dict[str, Any]:
    """The same images as labelled ones, and as what a teacher and its student see."""
    for sample in batch["data_samples"]:
        sample.set_metainfo({"homography_matrix": np.eye(3, dtype=np.float32)})
    branches = (SUPERVISED, TEACHER, STUDENT)
    return {key: {branch: [tuple(copy.deepcopy(one))] for branch in branches} for key, one in batch.items()}
