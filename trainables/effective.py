"""The effective configuration of a trial: everything that a parameter can change, as plain data, and its hash.

What is written here is what is built: the runner, the predictor and the post tier read this and nothing else, so two
trials with one hash are the same trial. Builds nothing, touches no device.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from trainables.detectors import cascade_rcnn
from trainables.detectors.pipelines import train_pipeline
from trainables.notation import parse_epochs

Params = Mapping[str, object]
ConfigDict = dict[str, object]

MODEL_CONFIGS: Mapping[str, Callable[[Params, int], ConfigDict]] = {
    "cascade_rcnn": cascade_rcnn.model_config,
}


@dataclass(frozen=True)
class TrainingData:
    """What a trial learns from.

    Attributes:
        annotations: COCO json.
        images: folder of its images.
        category_ids: scored category ids, ascending.
        class_names: their names, in the same order.
    """

    annotations: str
    images: str
    category_ids: tuple[int, ...]
    class_names: tuple[str, ...]


def effective_config(detector: str, params: Params, data: TrainingData, seed: int) -> ConfigDict:
    """The mmengine configuration that a trial with these parameters trains.

    Args:
        detector: a name in the catalogue.
        params: every train-tier parameter of that detector.
        data: the training images.
        seed: of Python, NumPy, torch and the data loader.
    """
    return {
        "default_scope": "mmdet",
        "model": MODEL_CONFIGS[detector](params, len(data.category_ids)),
        "train_dataloader": _train_dataloader(params, data),
        "optim_wrapper": _optimizer(params),
        "param_scheduler": _schedulers(params),
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": params["epochs"]},
        "randomness": {"seed": seed},
        "start_weights": params["init"],
        "env_cfg": {"cudnn_benchmark": False},
        "log_level": "INFO",
    }


def config_hash(config: Mapping[str, object]) -> str:
    """Sixteen hexadecimal digits that are equal exactly when two configurations are."""
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()


def _train_dataloader(params: Params, data: TrainingData) -> ConfigDict:
    dataset: ConfigDict = {
        "type": "trainables.training_set.TruthDataset",
        "ann_file": data.annotations,
        "data_prefix": {"img": data.images},
        "metainfo": {"classes": list(data.class_names)},
        "category_ids": list(data.category_ids),
        "pipeline": train_pipeline(params),
    }
    return {
        "batch_size": params["batch_size"],
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": True},
        "batch_sampler": {"type": "AspectRatioBatchSampler"},
        "dataset": dataset,
    }


def _optimizer(params: Params) -> ConfigDict:
    kind = str(params["optimizer"])
    settings: ConfigDict = {"lr": params["lr"], "weight_decay": params["weight_decay"]}
    optimizer = (
        {"type": "SGD", "momentum": params["momentum"], **settings} if kind == "sgd" else {"type": "AdamW", **settings}
    )
    wrapper: ConfigDict = {"type": "OptimWrapper", "optimizer": optimizer}
    if float(str(params["gradient_clip"])) > 0:
        wrapper["clip_grad"] = {"max_norm": params["gradient_clip"], "norm_type": 2}
    return wrapper


def _schedulers(params: Params) -> Sequence[ConfigDict]:
    epochs = int(str(params["epochs"]))
    schedulers: list[ConfigDict] = []
    warmup = int(str(params["warmup_iters"]))
    if warmup:
        schedulers.append({"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "begin": 0, "end": warmup})
    if params["schedule"] == "cosine":
        schedulers.append(
            {
                "type": "CosineAnnealingLR",
                "T_max": max(epochs, 1),
                "eta_min_ratio": 0.01,
                "begin": 0,
                "end": max(epochs, 1),
                "by_epoch": True,
                "convert_to_iter_based": True,
            }
        )
    else:
        milestones = list(parse_epochs(str(params["lr_steps"])))
        schedulers.append({"type": "MultiStepLR", "milestones": milestones, "gamma": 0.1, "by_epoch": True})
    return schedulers
