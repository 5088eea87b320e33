"""The network that turns the image into features: which, how wide, how it is normalised, what it starts from."""

from collections.abc import Mapping

from trainables.notation import NONE
from trainables.parameters import Parameter, choice, whole

NORM_GROUPS = 8
# ResNets of basic blocks: mmdet has deformable convolutions in bottleneck blocks only.
BASIC_BLOCK_BACKBONES = ("resnet18", "resnet34")


def init_parameter() -> Parameter:
    """What training starts from."""

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


PARAMETERS = (
    choice(
        "backbone",
        "resnet50",
        ("resnet18", "resnet34", "resnet50", "resnet101", "resnext101_32x4d", "resnext101_64x4d"),
        "network that turns the image into features",
    ),
    whole("base_channels", 64, (8, 128), "width of a ResNet: channels of its first stage"),
    choice("dcn", NONE, (NONE, "v1", "v2"), "deformable convolutions in c3-c5 (bottleneck backbones only)"),
    choice(
        "backbone_blocks",
        NONE,
        (NONE, "gc", "attention"),
        "added to the blocks of c3-c5, global context (gc), or of c4-c5, attention (bottleneck backbones only)",
    ),
    choice(
        "norm",
        "bn",
        ("bn", "bn_frozen", "gn"),
        "normalisation: BatchNorm trained, BatchNorm with the starting weights' statistics, or GroupNorm",
    ),
    whole("frozen_stages", -1, (-1, 4), "stages that are not trained: -1 none, 0 the stem, 1 stem and first stage"),
    init_parameter(),
)


def _norm_conflict(parameters: Mapping[str, object]) -> str | None:
    channels = parameters["base_channels"]
    if parameters["norm"] != "gn" or not isinstance(channels, int) or channels % NORM_GROUPS == 0:
        return None
    return f"GroupNorm's {NORM_GROUPS} groups divide base_channels ({channels}); take a multiple of {NORM_GROUPS}"


def _dcn_conflict(parameters: Mapping[str, object]) -> str | None:
    if parameters["dcn"] == NONE or parameters["backbone"] not in BASIC_BLOCK_BACKBONES:
        return None
    return f"{parameters['backbone']} has no deformable convolutions; write dcn: none or take resnet50"


def _blocks_conflict(parameters: Mapping[str, object]) -> str | None:
    if parameters["backbone_blocks"] == NONE or parameters["backbone"] not in BASIC_BLOCK_BACKBONES:
        return None
    return f"{parameters['backbone']} takes no added blocks; write backbone_blocks: none or take resnet50"


def _init_conflict(parameters: Mapping[str, object]) -> str | None:
    frozen = parameters["frozen_stages"] != -1 or parameters["norm"] == "bn_frozen"
    if parameters["init"] != NONE or not frozen:
        return None
    return "random weights are not frozen; give init a file, or write frozen_stages: -1 and norm: bn or gn"


CONFLICTS = (_norm_conflict, _dcn_conflict, _blocks_conflict, _init_conflict)
