"""The network that turns the image into features: which, how wide, how it is normalised, what it starts from."""

from collections.abc import Mapping

from trainables.notation import NONE
from trainables.parameters import Parameter, choice, whole

NORM_GROUPS = 8
# ResNets of basic blocks: mmdet has deformable convolutions in bottleneck blocks only.
BASIC_BLOCK_BACKBONES = ("resnet18", "resnet34")
# High-resolution networks by the width of their finest branch.
HRNETS = {"hrnet_w18": 18, "hrnet_w32": 32}


def hrnet_width(backbone: str, base_channels: int) -> int:
    """Channels of the finest branch; 64 base channels are the full width."""
    return HRNETS[backbone] * base_channels // 64


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
        ("resnet18", "resnet34", "resnet50", "resnet101", "resnext101_32x4d", "resnext101_64x4d", *HRNETS),
        "network that turns the image into features",
    ),
    whole(
        "base_channels", 64, (8, 128), "width: channels of a ResNet's first stage; HRNets are as wide as named at 64"
    ),
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


def _hrnet_conflict(parameters: Mapping[str, object]) -> str | None:
    name = str(parameters["backbone"])
    if name not in HRNETS:
        return None
    without = {"dcn": NONE, "backbone_blocks": NONE, "frozen_stages": -1}
    given = [key for key, value in without.items() if parameters[key] != value]
    if given:
        return f"{name} has no {given[0]}; write {given[0]}: {without[given[0]]}"
    width = hrnet_width(name, int(str(parameters["base_channels"])))
    if parameters["norm"] != "gn" or width % NORM_GROUPS == 0:
        return None
    return f"GroupNorm's {NORM_GROUPS} groups divide the width of {name} ({width}); take hrnet_w32 and base_channels 64"


def _init_conflict(parameters: Mapping[str, object]) -> str | None:
    frozen = parameters["frozen_stages"] != -1 or parameters["norm"] == "bn_frozen"
    if parameters["init"] != NONE or not frozen:
        return None
    return "random weights are not frozen; give init a file, or write frozen_stages: -1 and norm: bn or gn"


CONFLICTS = (_norm_conflict, _dcn_conflict, _blocks_conflict, _hrnet_conflict, _init_conflict)
