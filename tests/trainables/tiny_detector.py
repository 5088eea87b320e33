"""The smallest detector that trains; tests import it by its bare name."""

from trainables.catalogue import DETECTORS

# What makes a detector of two stages small, and quick to learn.
SMALL: dict[str, object] = {
    "backbone": "resnet18",
    "base_channels": 8,
    "neck_channels": 16,
    "rois": 16,
    "rpn_proposals": 50,
    "head_channels": 32,
    "roi_sampling_ratio": 1,
    "train_scale": "96x72",
    "batch_size": 4,
    "optimizer": "adamw",
    "lr": 0.001,
    "schedule": "cosine",
    "warmup_iters": 0,
    "epochs": 1,
}
_DEFAULTS = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()}
TINY_DETECTOR = {**_DEFAULTS, **SMALL}
POST = {
    "nms": ("hard",),
    "per_class": "global",
    "cutoffs": "none",
    "max_per_image": 100,
    "search": "exact",
}
