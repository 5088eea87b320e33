"""Backbones: parameters -> mmdet backbone configuration, and the channels each of its levels puts out.

Depth and width are parameters, so that a demonstration trains in a minute on a CPU with the same code that trains
ResNeXt-101 on a GPU.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainables.options.backbone import (
    DENSENETS,
    HRNETS,
    NORM_GROUPS,
    STAGES,
    SWINS,
    dense_growth,
    hrnet_width,
    parse_stages,
    swin_width,
)

Config = dict[str, object]


@dataclass(frozen=True)
class Residual:
    """What distinguishes one residual network from another.

    Attributes:
        depth: layers, as in the network's name.
        expansion: output channels of a block over its width (1 basic block, 4 bottleneck).
        groups: 1 for ResNet, the cardinality for ResNeXt; of full width, fewer where it is narrower.
        base_width: width of a group (ResNeXt).
    """

    depth: int
    expansion: int
    groups: int = 1
    base_width: int = 4


RESIDUAL: Mapping[str, Residual] = {
    "resnet18": Residual(18, 1),
    "resnet34": Residual(34, 1),
    "resnet50": Residual(50, 4),
    "resnet101": Residual(101, 4),
    "resnext101_32x4d": Residual(101, 4, groups=32, base_width=4),
    "resnext101_64x4d": Residual(101, 4, groups=64, base_width=4),
}

_NORMS: Mapping[str, tuple[Config, bool]] = {
    "bn": ({"type": "BN", "requires_grad": True}, False),
    "bn_frozen": ({"type": "BN", "requires_grad": True}, True),
    "gn": ({"type": "GN", "num_groups": NORM_GROUPS, "requires_grad": True}, False),
}


def backbone_config(params: Mapping[str, object]) -> Config:
    """mmdet configuration of a backbone.

    Args:
        params: those of `options.backbone`.
    """
    name = str(params["backbone"])
    if name in HRNETS:
        return _high_resolution(params)
    if name in DENSENETS:
        return _dense(params)
    return _swin(params) if name in SWINS else _residual(params)


def level_channels(params: Mapping[str, object]) -> list[int]:
    """Channels of the levels c2 to c5 that `backbone_config` puts out."""
    name, base = str(params["backbone"]), int(str(params["base_channels"]))
    if name in DENSENETS:
        return _dense_levels(DENSENETS[name], base)
    width = _first_width(name, base)
    return [width, 2 * width, 4 * width, 8 * width]


def _first_width(name: str, base: int) -> int:
    if name in HRNETS:
        return hrnet_width(name, base)
    return swin_width(base) if name in SWINS else base * RESIDUAL[name].expansion


def _residual(params: Mapping[str, object]) -> Config:
    """A ResNet or ResNeXt.

    Source: mmdet/configs/_base_/models and mmdet/configs/dcn, dcnv2, gcnet (Cao et al., 2019), empirical_attention
    (Zhu et al., 2019).
    """
    kind = RESIDUAL[str(params["backbone"])]
    norm, norm_eval = _NORMS[str(params["norm"])]
    config: Config = {
        "type": "ResNeXt" if kind.groups > 1 else "ResNet",
        "depth": kind.depth,
        "base_channels": params["base_channels"],
        "stem_channels": params["base_channels"],
        "num_stages": 4,
        "out_indices": (0, 1, 2, 3),
        "frozen_stages": params["frozen_stages"],
        "norm_cfg": dict(norm),
        "norm_eval": norm_eval,
        "style": params["backbone_style"],
        "init_cfg": None,
    }
    if kind.groups > 1:
        config |= {"groups": kind.groups * int(str(params["base_channels"])) // 64, "base_width": kind.base_width}
    return (
        config
        | _deformable(str(params["dcn"]), parse_stages(str(params["dcn_stages"])))
        | _added_blocks(str(params["backbone_blocks"]))
    )


def _deformable(version: str, stages: Sequence[str]) -> Config:
    """Deformable convolutions, by default in c3 to c5 as in the competition's configurations."""
    if version == "none":
        return {}
    kind = {"v1": "DCN", "v2": "DCNv2"}[version]
    dcn = {"type": kind, "deform_groups": 1, "fallback_on_stride": False}
    return {"dcn": dcn, "stage_with_dcn": tuple(stage in stages for stage in STAGES)}


def _added_blocks(kind: str) -> Config:
    """Global context after a block's last convolution, or attention after its middle one."""
    if kind == "none":
        return {}
    if kind == "gc":
        block = {"type": "ContextBlock", "ratio": 1 / 16}
        return {"plugins": [{"cfg": block, "stages": (False, True, True, True), "position": "after_conv3"}]}
    block = {"type": "GeneralizedAttention", "spatial_range": -1, "num_heads": 8, "attention_type": "1111"}
    plugin = {"cfg": {**block, "kv_stride": 2}, "stages": (False, False, True, True), "position": "after_conv2"}
    return {"plugins": [plugin]}


def _high_resolution(params: Mapping[str, object]) -> Config:
    """HRNet, whose finest branch is kept through the whole network.

    Source: Wang et al., Deep High-Resolution Representation Learning (2019); mmdet/configs/hrnet.
    """
    norm, norm_eval = _NORMS[str(params["norm"])]
    base = int(str(params["base_channels"]))
    width = hrnet_width(str(params["backbone"]), base)
    first = {"num_modules": 1, "num_branches": 1, "block": "BOTTLENECK", "num_blocks": (4,), "num_channels": (base,)}
    stages = {f"stage{count}": _branches(count, modules, width) for count, modules in ((2, 1), (3, 4), (4, 3))}
    extra = {"stage1": first, **stages}
    return {"type": "HRNet", "extra": extra, "norm_cfg": dict(norm), "norm_eval": norm_eval, "init_cfg": None}


def _branches(count: int, modules: int, width: int) -> Config:
    channels = tuple(width << branch for branch in range(count))
    blocks = (4,) * count
    named = {"num_modules": modules, "num_branches": count, "block": "BASIC"}
    return {**named, "num_blocks": blocks, "num_channels": channels}


def _dense(params: Mapping[str, object]) -> Config:
    """Source: Huang et al., Densely Connected Convolutional Networks (CVPR 2017)."""
    norm, norm_eval = _NORMS[str(params["norm"])]
    base = int(str(params["base_channels"]))
    return {
        "type": "trainables.modules.densenet.DenseNetBackbone",
        "growth_rate": dense_growth(base),
        "stem_channels": base,
        "block_layers": DENSENETS[str(params["backbone"])],
        "norm_cfg": dict(norm),
        "norm_eval": norm_eval,
        "frozen_stages": params["frozen_stages"],
    }


def _dense_levels(block_layers: tuple[int, ...], base: int) -> list[int]:
    """Each layer of a block adds channels; the transition to the next block halves them."""
    levels, channels = [], base
    for layers in block_layers:
        levels.append(channels + layers * dense_growth(base))
        channels = levels[-1] // 2
    return levels


def _swin(params: Mapping[str, object]) -> Config:
    """A Swin transformer: attention in windows of 7x7 places, shifted from block to block.

    Source: Liu et al., Swin Transformer (ICCV 2021); mmdet/configs/swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py.
    """
    depths, heads = SWINS[str(params["backbone"])]
    return {
        "type": "SwinTransformer",
        "embed_dims": swin_width(int(str(params["base_channels"]))),
        "depths": depths,
        "num_heads": heads,
        "window_size": 7,
        "drop_path_rate": 0.2,
        "frozen_stages": params["frozen_stages"],
        "init_cfg": None,
    }
