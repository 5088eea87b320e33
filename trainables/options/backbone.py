"""The network that turns the image into features: which, how wide, how it is normalised, what it starts from."""

from collections.abc import Mapping
from dataclasses import replace

from results.errors import InputError
from trainables.notation import NONE
from trainables.options import start
from trainables.parameters import Parameter, choice, text, whole
from trainables.published_weights import WORDS

NORM_GROUPS = 8
STAGES = ("c2", "c3", "c4", "c5")
# mmdet's caffe style is that of the first ResNets, in two depths; other networks have no weights of that kind.
_STYLED = ("resnet50", "resnet101")
_RESNEXTS = ("resnext101_32x4d", "resnext101_64x4d")
# High-resolution networks by the width of their finest branch.
HRNETS = {"hrnet_w18": 18, "hrnet_w32": 32}
# Dense networks by the layers of their four blocks.
DENSENETS = {"densenet121": (6, 12, 24, 16)}
# Windowed transformers by the blocks and the attention heads of their four stages.
SWINS = {"swin_t": ((2, 2, 6, 2), (3, 6, 12, 24))}

# What a family does not have, by the only value that goes with it.
_NO_DCN: Mapping[str, object] = {"dcn": NONE, "backbone_blocks": NONE}
_ONLY: Mapping[str, Mapping[str, object]] = {
    # mmdet has deformable convolutions, and places for added blocks, in ResNets' bottleneck blocks only.
    **dict.fromkeys(("resnet18", "resnet34", *DENSENETS, *SWINS), _NO_DCN),
    **{name: {**_NO_DCN, "frozen_stages": -1} for name in HRNETS},
}


def hrnet_width(backbone: str, base_channels: int) -> int:
    """Channels of the finest branch; 64 base channels are the full width."""
    return HRNETS[backbone] * base_channels // 64


def dense_growth(base_channels: int) -> int:
    """Channels that each layer of a DenseNet adds: 32 in the paper, whose stem has 64."""
    return base_channels // 2


def swin_width(base_channels: int) -> int:
    """Channels of a Swin's first stage; 64 base channels are the full width, 96."""
    return 3 * base_channels // 2


def parse_stages(value: str) -> tuple[str, ...]:
    """Reads "c3,c4,c5".

    Raises:
        InputError: another word, one twice, or another order.
    """
    words = tuple(value.split(","))
    if words == tuple(stage for stage in STAGES if stage in words):
        return words
    raise InputError("stages are some of c2, c3, c4, c5 in this order", repr(value), 'write for example "c4,c5"')


def init_parameter() -> Parameter:
    """What training starts from, published weights among it."""
    own = file_parameter()

    def accepts(value: object) -> bool:
        return value in WORDS or own.accepts(value)

    return replace(own, rule=f"{own.rule}, or one of {', '.join(WORDS)} (published weights)", accepts=accepts)


def file_parameter() -> Parameter:
    """A file that training starts from."""

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
        ("resnet18", "resnet34", "resnet50", "resnet101", *_RESNEXTS, *HRNETS, *DENSENETS, *SWINS),
        "network that turns the image into features",
    ),
    whole(
        "base_channels",
        64,
        (8, 128),
        "width: channels of a ResNet's first stage; other networks are as wide as named at 64",
    ),
    choice("dcn", NONE, (NONE, "v1", "v2"), "deformable convolutions in dcn_stages (bottleneck backbones only)"),
    text(
        "dcn_stages",
        "c3,c4,c5",
        parse_stages,
        'some of c2, c3, c4, c5 in this order, such as "c4,c5"',
        "stages of the backbone that dcn is in; with dcn none they do nothing",
    ),
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
    choice(
        "backbone_style",
        "pytorch",
        ("pytorch", "caffe"),
        "where blocks stride, and how images are normalised, as starting weights want it (resnet50, resnet101)",
    ),
    whole("frozen_stages", -1, (-1, 4), "stages that are not trained: -1 none, 0 the stem, 1 stem and first stage"),
    init_parameter(),
    *start.PARAMETERS,
)


def _family_conflict(parameters: Mapping[str, object]) -> str | None:
    name = str(parameters["backbone"])
    for key, only in _ONLY.get(name, {}).items():
        if parameters[key] != only:
            return f"{name} goes with {key} {only} alone, not {parameters[key]}; write that, or take resnet50"
    return None


def _norm_conflict(parameters: Mapping[str, object]) -> str | None:
    name, base = str(parameters["backbone"]), int(str(parameters["base_channels"]))
    widths = _widths(name, base)
    if parameters["norm"] != "gn" or all(width % NORM_GROUPS == 0 for width in widths):
        return None
    shown = " and ".join(map(str, widths))
    remedy = f"take another base_channels than {base}, or norm: bn"
    return f"GroupNorm's {NORM_GROUPS} groups divide the widths of {name} ({shown}); {remedy}"


def _style_conflict(parameters: Mapping[str, object]) -> str | None:
    name = parameters["backbone"]
    if parameters["backbone_style"] == "pytorch" or name in _STYLED:
        return None
    return f"{name} has no caffe style, {' and '.join(_STYLED)} have; write backbone_style: pytorch"


def _swin_conflict(parameters: Mapping[str, object]) -> str | None:
    name, base = str(parameters["backbone"]), int(str(parameters["base_channels"]))
    if name not in SWINS:
        return None
    if parameters["norm"] != "bn":
        remedy = f"write norm: bn, or let norm depend: when: {{backbone: [...]}} without {name}"
        return f"{name} has LayerNorm, whatever norm is ({parameters['norm']}); {remedy}"
    if base % 2 == 0:
        return None
    return f"the attention heads of {name} divide its width, 1.5 times base_channels ({base}); take an even number"


def _widths(name: str, base: int) -> tuple[int, ...]:
    """Channels that those of all normalised layers are whole multiples or sums of."""
    if name in HRNETS:
        return base, hrnet_width(name, base)
    return (base, dense_growth(base)) if name in DENSENETS else (base,)


def _init_conflict(parameters: Mapping[str, object]) -> str | None:
    frozen = parameters["frozen_stages"] != -1 or parameters["norm"] == "bn_frozen"
    if parameters["init"] != NONE or not frozen:
        return None
    return "random weights are not frozen; give init a file, or write frozen_stages: -1 and norm: bn or gn"


CONFLICTS = (_family_conflict, _style_conflict, _swin_conflict, _norm_conflict, _init_conflict, *start.CONFLICTS)
