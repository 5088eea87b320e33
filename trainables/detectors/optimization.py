"""How a detector is trained: parameters -> mmengine's optimizer wrapper and learning rate schedules."""

from collections.abc import Mapping, Sequence

from trainables.detectors.backbones import Config
from trainables.notation import parse_epochs
from trainables.options.backbone import SWINS
from trainables.options.schedule import FULL

Params = Mapping[str, object]

# Images of a step that mmdet's learning rates belong to.
_STOCK_BATCH = 16
# Parameters that are factors of the learning rate, and whose weights learn so: those with such a part in their name.
_FACTORS = {"backbone_lr_factor": ("backbone",), "sampling_lr_factor": ("sampling_offsets", "reference_points")}
# A transformer's normalisations and tables of places do not decay. Source: mmdet/configs/swin.
_SWIN_UNDECAYED = ("norm", "relative_position_bias_table")


def optimization(params: Params) -> Config:
    """The optimizer wrapper and the schedulers."""
    return {"optim_wrapper": _optimizer(params), "param_scheduler": _schedulers(params)}


def _optimizer(params: Params) -> Config:
    kind = str(params["optimizer"])
    settings: Config = {"lr": _rate(params), "weight_decay": params["weight_decay"]}
    optimizer = (
        {"type": "SGD", "momentum": params["momentum"], **settings} if kind == "sgd" else {"type": "AdamW", **settings}
    )
    wrapper: Config = {**_computing(str(params["precision"])), "optimizer": optimizer}
    if float(str(params["gradient_clip"])) > 0:
        wrapper["clip_grad"] = {"max_norm": params["gradient_clip"], "norm_type": 2}
    return wrapper | _own_settings(params)


def _own_settings(params: Params) -> Config:
    """Learning rates of parts of the model, where a detector has such parameters and they say another; Swin's decay."""
    factors = {part: params.get(name, 1.0) for name, parts in _FACTORS.items() for part in parts}
    keys: Config = {part: {"lr_mult": factor} for part, factor in factors.items() if factor != 1}
    if params.get("backbone") in SWINS and "backbone" not in keys:  # mmengine gives a weight the settings of one key
        keys |= {part: {"decay_mult": 0.0} for part in _SWIN_UNDECAYED}
    return {"paramwise_cfg": {"custom_keys": keys}} if keys else {}


def _computing(precision: str) -> Config:
    """Full precision, or halves where they are enough: mmengine's automatic mixed precision."""
    return {"type": "OptimWrapper"} if precision == FULL else {"type": "AmpOptimWrapper", "dtype": precision}


def moving_average(params: Params) -> Config:
    """What keeps a moving average of the weights, if the parameters ask for one."""
    if not params["ema"]:
        return {}
    return {"custom_hooks": [{"type": "trainables.moving_average.MovingAverage", "share": params["ema"]}]}


def _rate(params: Params) -> object:
    """The learning rate of a batch, which `lr` is for 16 images where it is scaled.

    Source: Goyal et al., Accurate, large minibatch SGD (2017) for the linear rule; mmdet's `auto_scale_lr` likewise.
    """
    exponents = {"linear": 1.0, "sqrt": 0.5}
    scaling = str(params["lr_scaling"])
    if scaling not in exponents:
        return params["lr"]
    batches = int(str(params["batch_size"])) / _STOCK_BATCH
    return float(str(params["lr"])) * batches ** exponents[scaling]


def _schedulers(params: Params) -> Sequence[Config]:
    epochs = int(str(params["epochs"]))
    schedulers: list[Config] = []
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
