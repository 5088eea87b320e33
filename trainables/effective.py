"""The effective configuration of a trial: everything that a parameter can change, as plain data, and its hash.

What is written here is what is built: the runner, the predictor and the post tier read this and nothing else, so two
trials with one hash are the same trial. Driver and worker both call `trial_hash`, hence no torch. Builds nothing,
touches no device.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from results.boxes import Category
from results.rules import Requirement, Rule
from trainables.anchor_parameters import with_fitted_anchors
from trainables.catalogue import DETECTORS
from trainables.custom_imports import KEY
from trainables.data.dataset import Dataset
from trainables.detectors import (
    cascade_rcnn,
    configured,
    deformable_detr,
    faster_rcnn,
    fcos,
    fcostd,
    reppoints,
    retinanet,
    rtmdet,
)
from trainables.detectors.augmenting import dataset_options
from trainables.detectors.optimization import moving_average, optimization
from trainables.detectors.pipelines import train_pipeline
from trainables.detectors.teaching import is_taught, taught
from trainables.jobs import TrialJob
from trainables.options.predict import telling
from trainables.options.start import FRESH
from trainables.vectors import in_label_order, with_rule_weights

_PLAIN = Requirement(ious=(0.5,))
Params = Mapping[str, object]
ConfigDict = dict[str, object]

MODEL_CONFIGS: Mapping[str, Callable[[Params, int], ConfigDict]] = {
    "cascade_rcnn": cascade_rcnn.model_config,
    "faster_rcnn": faster_rcnn.model_config,
    "fcos": fcos.model_config,
    "fcostd": fcostd.model_config,
    "retinanet": retinanet.retinanet_config,
    "freeanchor": retinanet.freeanchor_config,
    "reppoints": reppoints.model_config,
    "rtmdet": rtmdet.model_config,
    "deformable_detr": deformable_detr.model_config,
    configured.NAME: configured.model_config,
}


@dataclass(frozen=True)
class TrainingData:
    """What a trial learns from.

    Attributes:
        annotations: COCO json.
        images: folder of its images.
        category_ids: scored category ids, ascending.
        class_names: their names, in the same order.
        fitted_to: COCO json that anchors are fitted to: `annotations`, also where those are left out of a hash.
        requirement: the IoU that the rule demands of a box, which anchors are fitted to reach.
        class_weights: of the classes in the rule's score, in the same order; empty where it weighs all alike.
        unlabelled: folder of the unlabelled images, empty without any.
        unlabelled_list: COCO json that lists them, empty where all of the folder are meant.
        allow_damaged: images that cannot be opened are left out.
    """

    annotations: str
    images: str
    category_ids: tuple[int, ...]
    class_names: tuple[str, ...]
    fitted_to: str = ""
    requirement: Requirement = _PLAIN
    class_weights: tuple[float, ...] = ()
    unlabelled: str = ""
    unlabelled_list: str = ""
    allow_damaged: bool = False


def training_data(dataset: Dataset, categories: Sequence[Category], rule: Rule) -> TrainingData:
    """What trials on a data set learn from.

    Args:
        dataset: where the training images lie.
        categories: annotated ones, in any order.
        rule: scores some of them; a rule that names none scores all.
    """
    scored = {category.id: category.weight for category in rule.categories}
    kept = sorted((one for one in categories if not scored or one.id in scored), key=lambda one: one.id)
    return TrainingData(
        str(dataset.train.annotations),
        str(dataset.train.images),
        tuple(category.id for category in kept),
        tuple(category.name for category in kept),
        str(dataset.train.annotations),
        rule.requirement,
        tuple(scored[category.id] for category in kept) if scored else (),
        *_unlabelled(dataset),
        dataset.allow_damaged,
    )


def _unlabelled(dataset: Dataset) -> tuple[str, str]:
    source = dataset.unlabelled
    return ("", "") if source is None else (str(source.images), str(source.image_list or ""))


def trial_config(job: TrialJob, data: TrainingData) -> ConfigDict:
    """The mmengine configuration that a trial trains."""
    return effective_config(job.detector, job.params, data, job.seed, job.accumulate)


def trial_hash(job: TrialJob, data: TrainingData | None) -> str:
    """The hash of everything that a trial's result depends on; where and how fast it runs has no part in it.

    The trial's seed has: for points that are equal but for chance, ask with one seed for all of them.

    Args:
        job: of the trial.
        data: what it learns from; None for a detector that builds nothing, whose parameters are all there is.
    """
    own = {"detector": job.detector, "params": dict(job.params), "seed": job.seed, "accumulate": job.accumulate}
    train = own if data is None else _without_places(trial_config(job, data))
    return config_hash(
        {"train": train, "predict": [telling(view) for view in job.views], "post": dict(job.post), "rule": job.rule}
    )


def _without_places(config: ConfigDict) -> ConfigDict:
    """The configuration without the folders that modules are found in: what they hold counts, by its hash."""
    imported = config.get(KEY)
    return {**config, KEY: imported["modules"]} if isinstance(imported, dict) else config


def effective_config(detector: str, params: Params, data: TrainingData, seed: int, accumulate: int = 1) -> ConfigDict:
    """The mmengine configuration that a trial with these parameters trains.

    Args:
        detector: a name in the catalogue.
        params: every train-tier parameter of that detector.
        data: the training images.
        seed: of Python, NumPy, torch and the data loader.
        accumulate: parts that each batch is trained in, one after the other, for one step of the optimizer.
    """
    params = in_label_order(params, DETECTORS[detector].train, data.category_ids)
    params = with_rule_weights(params, DETECTORS[detector].train, data.class_weights)
    params = with_fitted_anchors(params, data.fitted_to, data.category_ids, data.requirement)
    config: ConfigDict = {
        "default_scope": "mmdet",
        "model": MODEL_CONFIGS[detector](params, len(data.category_ids)),
        "train_dataloader": _train_dataloader(params, data),
        **(configured.optimization(params) if detector == configured.NAME else optimization(params)),
        **(configured.imported_modules(params) if detector == configured.NAME else {}),
        **moving_average(params),
        "train_cfg": _train_loop(params, accumulate),
        "randomness": {"seed": seed},
        "start_weights": params["init"],
        **({} if params["init_heads"] == FRESH else {"start_heads": params["init_heads"]}),
        "env_cfg": {"cudnn_benchmark": False},
        "log_level": "INFO",
    }
    if not is_taught(params):
        return config
    source = {"images": data.unlabelled, "image_list": data.unlabelled_list, **_allowing(data)}
    return taught(config, params, source)


def config_hash(config: Mapping[str, object]) -> str:
    """Sixteen hexadecimal digits that are equal exactly when two configurations are."""
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()


def _allowing(data: TrainingData) -> ConfigDict:
    """Stands in a configuration only where it is so: hashes of others stay."""
    return {"allow_damaged": True} if data.allow_damaged else {}


def _train_loop(params: Params, accumulate: int) -> ConfigDict:
    if accumulate == 1:
        return {"type": "EpochBasedTrainLoop", "max_epochs": params["epochs"]}
    loop = "trainables.accumulation.AccumulatingLoop"
    return {"type": loop, "max_epochs": params["epochs"], "accumulate": accumulate}


def _train_dataloader(params: Params, data: TrainingData) -> ConfigDict:
    dataset: ConfigDict = {
        "type": "trainables.training_set.TruthDataset",
        "ann_file": data.annotations,
        "data_prefix": {"img": data.images},
        "metainfo": {"classes": list(data.class_names)},
        "category_ids": list(data.category_ids),
        "pipeline": train_pipeline(params),
        **dataset_options(params, data.class_weights),
        **_allowing(data),
    }
    return {
        "batch_size": params["batch_size"],
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": True},
        "batch_sampler": {"type": "AspectRatioBatchSampler"},
        "dataset": dataset,
    }
