"""The detectors of this project and their parameters: plain data, no torch.

To add a detector: write its parameters below (or reuse a group such as `_SCHEDULE`), give `DETECTORS` an entry, and
let `trainables.detectors` build an mmengine config from them. A parameter that is listed here and not read there is a
fault that the dry run finds.

Defaults are mmdet 3's stock Cascade R-CNN R50 FPN 1x, except where stock relies on downloaded weights: `init` is
"none", so nothing is frozen and BatchNorm is trained.
"""

from collections.abc import Mapping

from results.errors import InputError
from trainables.config_file import config_tree
from trainables.detectors import configured
from trainables.fake_parameters import FAKE_PARAMETERS
from trainables.notation import (
    FOLLOW_TRAINING,
    KMEANS,
    NONE,
    parse_epochs,
    parse_numbers,
    parse_scale,
    parse_train_scales,
)
from trainables.parameters import Detector, Parameter, by_name, choice, number, text, truth, vector, whole

CASCADE_STAGES = (3, 4)
# ResNets of basic blocks: mmdet has deformable convolutions in bottleneck blocks only.
NORM_GROUPS = 8
BASIC_BLOCK_BACKBONES = ("resnet18", "resnet34")


def _parse_stage_ious(value: str) -> tuple[float, ...]:
    ious = parse_numbers(value)
    if len(ious) not in CASCADE_STAGES or max(ious) >= 1:
        raise InputError("stages have three or four IoUs below 1", repr(value), 'write for example "0.5,0.6,0.7"')
    return ious


def _parse_anchor_ratios(value: str) -> object:
    return value if value == KMEANS else parse_numbers(value)


def _parse_predict_scale(value: str) -> object:
    return value if value == FOLLOW_TRAINING else parse_scale(value)


def _init_parameter() -> Parameter:
    def accepts(value: object) -> bool:
        return isinstance(value, str) and (value == NONE or ("://" not in value and value.endswith((".pth", ".pt"))))

    return Parameter(
        "init",
        NONE,
        "weights that training starts from",
        'init is "none" or the path of a local .pth file (nothing is downloaded during a search)',
        "download the weights first and give the file's path",
        accepts,
    )


_BACKBONE = (
    choice(
        "backbone",
        "resnet50",
        ("resnet18", "resnet34", "resnet50", "resnet101", "resnext101_32x4d"),
        "network that turns the image into features",
    ),
    whole("base_channels", 64, (8, 128), "width of a ResNet: channels of its first stage"),
    choice("dcn", NONE, (NONE, "v1", "v2"), "deformable convolutions in c3-c5 (bottleneck backbones only)"),
    choice(
        "norm",
        "bn",
        ("bn", "bn_frozen", "gn"),
        "normalisation: BatchNorm trained, BatchNorm with the starting weights' statistics, or GroupNorm",
    ),
    whole("frozen_stages", -1, (-1, 4), "stages that are not trained: -1 none, 0 the stem, 1 stem and first stage"),
    _init_parameter(),
)

_NECK = (
    whole("neck_channels", 256, (8, 1024), "channels of every pyramid level"),
    whole("fpn_outputs", 5, (5, 6), "pyramid levels"),
    whole("fpn_start_level", 0, (0, 1), "first backbone stage that the pyramid uses: 0 is c2 (stride 4), 1 is c3"),
)

_ANCHORS = (
    number("anchor_scale", 8.0, (1.0, 64.0), "side of a square anchor in strides of its level"),
    text(
        "anchor_ratios",
        "0.5,1,2",
        _parse_anchor_ratios,
        'heights over widths, such as "0.5,1,2", or "kmeans": five that are fitted to the training boxes',
        "shapes of the anchors",
    ),
)

_ASSIGNERS = (
    number("rpn_pos_iou", 0.7, (0.0, 1.0), "an anchor from this IoU on is positive for the RPN"),
    number("rpn_neg_iou", 0.3, (0.0, 1.0), "an anchor below this IoU is negative for the RPN"),
    text(
        "stage_ious",
        "0.5,0.6,0.7",
        _parse_stage_ious,
        'three or four IoUs below 1, such as "0.5,0.6,0.7"',
        "IoU from which a proposal is positive, for each cascade stage",
    ),
)

_ROI_HEAD = (
    whole("rois", 512, (8, 2048), "regions sampled from each image to train the heads on"),
    whole("rpn_proposals", 1000, (10, 4000), "proposals kept of each image, in training and prediction"),
    whole("head_channels", 1024, (16, 4096), "width of each head's two fully connected layers"),
    vector(
        number("class_weights", 1.0, (0.0, 100.0), "weight of each class in the heads' loss; the background's is 1")
    ),
    whole("roi_sampling_ratio", 0, (0, 8), "points per RoIAlign bin and side; 0 takes as many as the region needs"),
)

_PIPELINE = (
    text(
        "train_scale",
        "1333x800",
        parse_train_scales,
        'LONGxSHORT, a range "2048x1000..2048x1200" or a list "1333x800|1333x960", sides from 32 to 8192 px',
        "size that training images are fitted into, aspect ratio kept",
    ),
    choice(
        "flip",
        "horizontal",
        (NONE, "horizontal", "vertical", "both"),
        "mirror images: half, with both a quarter each way",
    ),
    whole("batch_size", 16, (1, 256), "images of one optimizer step; stock's 0.02 learning rate belongs to 16"),
)

_EPOCHS = (whole("epochs", 12, (0, 1000), "passes over the training images; 0 evaluates the untrained detector"),)

_SCHEDULE = (
    choice("optimizer", "sgd", ("sgd", "adamw"), "optimizer"),
    number("lr", 0.02, (1e-7, 1.0), "learning rate after warm-up"),
    number("weight_decay", 1e-4, (0.0, 1.0), "weight decay"),
    number("momentum", 0.9, (0.0, 0.999), "momentum of sgd; adamw does not read it"),
    *_EPOCHS,
    choice("schedule", "step", ("step", "cosine"), "how the learning rate falls"),
    text(
        "lr_steps",
        "8,11",
        parse_epochs,
        'rising whole epochs such as "8,11", or "none"',
        "epochs after which schedule step divides the learning rate by 10",
    ),
    whole("warmup_iters", 500, (0, 100_000), "iterations over which the learning rate rises linearly"),
    number("gradient_clip", 0.0, (0.0, 1000.0), "largest norm of the gradient; 0 does not clip"),
)

_PREDICT = by_name(
    text(
        "scale",
        FOLLOW_TRAINING,
        _parse_predict_scale,
        '"train" or LONGxSHORT, sides from 32 to 8192 px',
        "size that images are fitted into for prediction; train takes the largest training scale",
    ),
    truth("flip", False, "predict the mirror image too and merge the raw detections"),
    number("score_floor", 0.001, (0.0, 1.0), "raw detections below this score are not kept"),
    whole("max_raw_per_image", 1000, (1, 100_000), "raw detections (before NMS) kept of each image, best first"),
)


def _cascade_conflict(parameters: Mapping[str, object]) -> str | None:
    checks = (_norm_conflict, _dcn_conflict, _rpn_conflict, _init_conflict)
    return next((fault for check in checks if (fault := check(parameters)) is not None), None)


def _norm_conflict(parameters: Mapping[str, object]) -> str | None:
    channels = parameters["base_channels"]
    if parameters["norm"] != "gn" or not isinstance(channels, int) or channels % NORM_GROUPS == 0:
        return None
    return f"GroupNorm's {NORM_GROUPS} groups divide base_channels ({channels}); take a multiple of {NORM_GROUPS}"


def _dcn_conflict(parameters: Mapping[str, object]) -> str | None:
    if parameters["dcn"] == NONE or parameters["backbone"] not in BASIC_BLOCK_BACKBONES:
        return None
    return f"{parameters['backbone']} has no deformable convolutions; write dcn: none or take resnet50"


def _rpn_conflict(parameters: Mapping[str, object]) -> str | None:
    positive, negative = parameters["rpn_pos_iou"], parameters["rpn_neg_iou"]
    if not isinstance(positive, int | float) or not isinstance(negative, int | float) or negative <= positive:
        return None
    return f"rpn_neg_iou ({negative}) is at most rpn_pos_iou ({positive}); lower it"


def _init_conflict(parameters: Mapping[str, object]) -> str | None:
    frozen = parameters["frozen_stages"] != -1 or parameters["norm"] == "bn_frozen"
    if parameters["init"] != NONE or not frozen:
        return None
    return "random weights are not frozen; give init a file, or write frozen_stages: -1 and norm: bn or gn"


DETECTORS: Mapping[str, Detector] = {
    "cascade_rcnn": Detector(
        description="Cascade R-CNN: region proposals refined by three heads of rising IoU (Cai and Vasconcelos, 2018)",
        train=by_name(*_BACKBONE, *_NECK, *_ANCHORS, *_ASSIGNERS, *_ROI_HEAD, *_PIPELINE, *_SCHEDULE),
        predict=_PREDICT,
        conflict=_cascade_conflict,
    ),
    configured.NAME: Detector(
        description="Any two-stage detector of an mmdet configuration file, with its optimizer and schedule",
        train=by_name(_init_parameter(), *_PIPELINE, *_EPOCHS),
        predict=_PREDICT,
        conflict=configured.conflict,
        configured_by=config_tree,
    ),
    "fake": Detector(
        description="No detector: known scores in real or virtual seconds, to test searches on (trainables.fake)",
        train=FAKE_PARAMETERS,
        predict={},
        reads_data=False,
    ),
}
