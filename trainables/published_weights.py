"""Weights that mmdet, mmengine and torchvision publish: which file `init: imagenet` or `init: coco` means.

Nothing is downloaded here: a file that is missing is named with its address and the place to put it, the folder where
torch and mmdet keep theirs. The addresses are read from the installed packages. Imports none of them.
"""

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from ruamel.yaml import YAML

from results.errors import InputError

IMAGENET, COCO = "imagenet", "coco"
WORDS = (IMAGENET, COCO)
# What `published` looks at.
KEYS = ("backbone", "backbone_style", "base_channels", "depth_factor", "width_factor", "box_refine", "two_stage")

Params = Mapping[str, object]

_FULL_WIDTH = 64
_PYTORCH, _CAFFE = "pytorch", "caffe"

# Backbone and style -> a name in one of mmengine's lists.
_IMAGENET_NAMES: Mapping[tuple[str, str], str] = {
    **{(name, _PYTORCH): f"torchvision/{name}" for name in ("resnet18", "resnet34", "resnet50", "resnet101")},
    ("resnet50", _CAFFE): "openmmlab/detectron2/resnet50_caffe",
    ("resnet101", _CAFFE): "openmmlab/detectron2/resnet101_caffe",
    ("resnext101_32x4d", _PYTORCH): "openmmlab/resnext101_32x4d",
    ("resnext101_64x4d", _PYTORCH): "openmmlab/resnext101_64x4d",
    ("hrnet_w18", _PYTORCH): "openmmlab/msra/hrnetv2_w18",
    ("hrnet_w32", _PYTORCH): "openmmlab/msra/hrnetv2_w32",
    ("densenet121", _PYTORCH): "torchvision/densenet121",
}
_LISTS: Mapping[str, str] = {"torchvision": "torchvision_0.12.json", "openmmlab": "openmmlab.json"}

# Backbone and style as mmdet's configurations write them.
_SHORT: Mapping[tuple[str, str], str] = {
    ("resnet18", _PYTORCH): "r18",
    ("resnet50", _PYTORCH): "r50",
    ("resnet101", _PYTORCH): "r101",
    ("resnet50", _CAFFE): "r50-caffe",
    ("resnet101", _CAFFE): "r101-caffe",
    ("resnext101_32x4d", _PYTORCH): "x101-32x4d",
    ("resnext101_64x4d", _PYTORCH): "x101-64x4d",
    ("hrnet_w18", _PYTORCH): "hrnetv2p-w18",
    ("hrnet_w32", _PYTORCH): "hrnetv2p-w32",
}
_RTMDET_SIZES: Mapping[tuple[float, float], str] = {
    (0.167, 0.375): "tiny",
    (0.33, 0.5): "s",
    (0.67, 0.75): "m",
    (1.0, 1.0): "l",
    (1.33, 1.25): "x",
}
# Folder and name of a configuration in mmdet's lists, for a detector and a short backbone. FCOSTD is FCOS but for its
# auxiliary branch, which stays as drawn.
_FCOS = {
    "r50-caffe": "fcos/fcos_r50-caffe_fpn_gn-head_1x_coco",
    "r101-caffe": "fcos/fcos_r101-caffe_fpn_gn-head-1x_coco",
}
_RESIDUAL = ("r50", "r101", "r50-caffe", "r101-caffe", "x101-32x4d", "x101-64x4d")
_COCO_NAMES: Mapping[str, Mapping[str, str]] = {
    "cascade_rcnn": {
        **{short: f"cascade_rcnn/cascade-rcnn_{short}_fpn_1x_coco" for short in _RESIDUAL},
        **{f"hrnetv2p-{size}": f"hrnet/cascade-rcnn_hrnetv2p-{size}-20e_coco" for size in ("w18", "w32")},
    },
    "faster_rcnn": {
        **{short: f"faster_rcnn/faster-rcnn_{short}_fpn_1x_coco" for short in _RESIDUAL},
        **{f"hrnetv2p-{size}": f"hrnet/faster-rcnn_hrnetv2p-{size}-1x_coco" for size in ("w18", "w32")},
    },
    "fcos": _FCOS,
    "fcostd": _FCOS,
    "retinanet": {short: f"retinanet/retinanet_{short}_fpn_1x_coco" for short in ("r18", *_RESIDUAL)},
    "freeanchor": {short: f"free_anchor/freeanchor_{short}_fpn_1x_coco" for short in ("r50", "r101", "x101-32x4d")},
    "reppoints": {
        "r50": "reppoints/reppoints-moment_r50_fpn-gn_head-gn_1x_coco",
        "r101": "reppoints/reppoints-moment_r101_fpn-gn_head-gn_2x_coco",
    },
}


@dataclass(frozen=True)
class Published:
    """A file of weights.

    Attributes:
        path: where it lies, or is to be put.
        url: where it is published.
    """

    path: Path
    url: str


def published(word: str, detector: str, params: Params) -> Published:
    """The weights that a word of `init` means.

    Args:
        word: imagenet or coco.
        detector: a name in the catalogue.
        params: complete train parameters, of which `KEYS` matter.

    Raises:
        InputError: none are published for such a detector.
    """
    url = _address(word, detector, params)
    if url is None:
        shown = ", ".join(f"{key} {params[key]}" for key in KEYS if key in params)
        remedy = f"give init a file, or {word} where such weights exist only (init: {{..., when: {{backbone: [...]}}}})"
        raise InputError(f"init: {word} stands for published weights", f"{detector} with {shown}", remedy)
    # torch keeps a "%2B" of an address in the file's name, browsers and wget write the "+" that it stands for.
    name = url.rpartition("/")[2]
    downloaded = weights_folder() / unquote(name)
    return Published(downloaded if downloaded.is_file() else weights_folder() / name, url)


def weights_folder() -> Path:
    """Where torch, mmengine and mmdet keep what they download."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache) / "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def _address(word: str, detector: str, params: Params) -> str | None:
    if params.get("base_channels", _FULL_WIDTH) != _FULL_WIDTH:
        return None
    backbone = (str(params.get("backbone")), str(params.get("backbone_style", _PYTORCH)))
    if word == IMAGENET:
        name = _IMAGENET_NAMES.get(backbone)
        return None if name is None else _listed(name)
    configuration = _coco_name(detector, _SHORT.get(backbone, ""), params)
    return None if configuration is None else _listed_configuration(configuration)


def _coco_name(detector: str, short: str, params: Params) -> str | None:
    if detector == "rtmdet":
        size = _RTMDET_SIZES.get((float(str(params["depth_factor"])), float(str(params["width_factor"]))))
        return None if size is None else f"rtmdet/rtmdet_{size}_8xb32-300e_coco"
    if detector == "deformable_detr" and short == "r50":
        kind = ("-refine" if params.get("box_refine") else "") + ("-twostage" if params.get("two_stage") else "")
        return f"deformable_detr/deformable-detr{kind}_r50_16xb2-50e_coco"
    return _COCO_NAMES.get(detector, {}).get(short)


def _listed(name: str) -> str | None:
    place, _, entry = name.partition("/")
    file = _package_folder("mmengine") / "hub" / _LISTS[place]
    return _json(str(file)).get(entry)


@lru_cache
def _json(file: str) -> Mapping[str, str]:
    content: dict[str, str] = json.loads(Path(file).read_text())
    return content


@lru_cache
def _listed_configuration(configuration: str) -> str | None:
    folder, _, name = configuration.partition("/")
    file = _package_folder("mmdet") / ".mim" / "configs" / folder / "metafile.yml"
    content = YAML(typ="safe").load(file)
    models = content if isinstance(content, list) else content["Models"]
    return next((str(one["Weights"]) for one in models if one["Name"] == name), None)


def _package_folder(package: str) -> Path:
    # Found, not imported: that takes seconds.
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise InputError(f"published weights are listed in {package}", "a Python without it", f"install {package}")
    return Path(found.origin).parent
