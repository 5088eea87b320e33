"""A detector that a configuration file describes: the file's model, optimizer and schedule, with what a space sets.

What this project needs of every detector is put in: the data set's number of classes in each head, and nothing that
loads weights (`init` does). The data pipeline, hooks and checkpoints of the file are not used.
"""

import copy
import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from trainables.config_file import PARTS, Tree, config_about, config_tree
from trainables.custom_imports import KEY
from trainables.notation import NONE

Params = Mapping[str, object]

# Keys whose value mmengine looks up, and imports where it does not know it.
_LOOKED_UP = ("type", "constructor")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WEIGHTS = re.compile(r".*(://.*|\.(pth|pt|ckpt|pkl))\Z")


NAME = "config"
# Detectors without region proposals whose raw detections `trainables.raw_heads` takes. Others suppress boxes in ways of
# their own before they are told apart from their NMS (CenterNet, CornerNet, PAA, DDQ), or want text (GLIP).
DENSE = (
    *("ATSS", "AutoAssign", "DDOD", "FCOS", "FOVEA", "FSAF", "GFL", "NASFCOS", "RepPointsDetector", "RetinaNet"),
    *("RTMDet", "SingleStageDetector", "TOOD", "VFNet", "YOLOF", "YOLOV3", "YOLOX"),
)
SETS = ("DETR", "ConditionalDETR", "DABDETR", "DeformableDETR", "DINO")


def model_config(params: Params, class_count: int) -> Tree:
    """The model, with the data set's classes and without its checkpoints.

    Args:
        params: of the catalogue's `config`, the file's path under `config`, and the dotted keys that the space sets.
        class_count: scored classes of the data set.

    Raises:
        InputError: the file cannot be read.
    """
    model: Tree = _with_settings(params)["model"]
    _switch_off_checkpoints(model)
    count_classes(model, class_count)
    return model


def optimization(params: Params) -> Tree:
    """The optimizer wrapper and the schedulers, as the file and the space say."""
    tree = _with_settings(params)
    return {part: tree[part] for part in PARTS if part != "model"}


def imported_modules(params: Params) -> Tree:
    """The modules that the file brings along, under the key that a build looks for; nothing without any."""
    about = config_about(str(params["config"]))
    return {KEY: {key: about[key] for key in ("modules", "places")}} if about["modules"] else {}


def backbone_word(params: Params) -> str:
    """What the backbone is called, "ResNet-50"."""
    backbone = _with_settings(params)["model"].get("backbone", {})
    return "-".join(str(backbone[key]) for key in ("type", "depth") if key in backbone)


def conflict(params: Params) -> str | None:
    """None when the file can be trained with these parameters, else "the rule it breaks; the remedy"."""
    for path, value in _settings(params).items():
        for key, word in _texts(value, path.rpartition(".")[2]):
            if key in _LOOKED_UP and not _is_a_word(word):
                return f"set names a {key} by its registered word, not {word!r}; a module is not imported for it"
    model = model_config(params, class_count=1)
    if "roi_head" not in model and model.get("type") not in (*DENSE, *SETS):
        known = f"two-stage detectors, {', '.join((*DENSE, *SETS))}"
        return f"raw detections are not taken from {model.get('type')}; take one of: {known}"
    masks = [key for key in (*model, *model.get("roi_head", ())) if key.startswith("mask")]
    if masks:
        return f"training data are boxes, {masks[0]} learns from masks; take a configuration without it"
    loaded = [text for _, text in _texts(model, "") if _WEIGHTS.match(text)]
    if loaded:
        return f"a configuration loads no weights by itself, {loaded[0]!r} does; take another, and give init a file"
    return _eps(model) or _frozen(model, params)


def _eps(model: Tree) -> str | None:
    if model.get("backbone", {}).get("norm_cfg", {}).get("eps", 1) > 0:
        return None
    return "torch's norms have an eps above 0; set model.backbone.norm_cfg.eps to 1e-5"


def _frozen(model: Tree, params: Params) -> str | None:
    backbone = model.get("backbone", {})
    frozen = backbone.get("frozen_stages", -1) > -1 or backbone.get("norm_eval", False)
    if params["init"] != NONE or not frozen:
        return None
    names = [f"model.backbone.{key}" for key in ("frozen_stages", "norm_eval") if key in backbone]
    return f"random weights are not frozen; give init a file, or set {' and '.join(names)} to -1 and false"


def _with_settings(params: Params) -> Tree:
    tree = copy.deepcopy(config_tree(str(params["config"])))
    for path, value in _settings(params).items():
        _put(tree, path, value)
    return tree


def _settings(params: Params) -> dict[str, Any]:
    """What the space sets, by dotted path."""
    return {path: _value(value) for path, value in params.items() if path.partition(".")[0] in PARTS}


def _value(value: object) -> object:
    """A searched value: lists, mappings and null are searched as their JSON text."""
    is_json = isinstance(value, str) and (value[:1] in ("[", "{") or value == "null")
    return json.loads(str(value)) if is_json else value


def _put(tree: Tree, path: str, value: object) -> None:
    *above, last = path.split(".")
    place: Any = tree
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[int(last) if isinstance(place, list) else last] = value


def _switch_off_checkpoints(node: Any) -> None:
    for inner in _mappings(node):
        given = inner.get("init_cfg")
        steps = given if isinstance(given, list) else [given]
        kept = [step for step in steps if not (isinstance(step, dict) and "checkpoint" in step)]
        if len(kept) < len(steps):
            inner["init_cfg"] = kept or None
        if isinstance(inner.get("pretrained"), str):
            inner["pretrained"] = None


def count_classes(model: Tree, count: int) -> None:
    """Sets the number of classes in a model's configuration.

    Region proposals tell objects from background whatever the classes are; every other head counts them.
    """
    heads = [one for key, part in model.items() if key != "rpn_head" for one in _mappings(part)]
    for head in heads:
        if "num_classes" in head:
            head["num_classes"] = count


def _mappings(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _mappings(inner)


def _texts(node: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every text in nested values with the key that it stands under."""
    if isinstance(node, str):
        yield key, node
    elif isinstance(node, dict):
        for name, inner in node.items():
            yield from _texts(inner, name)
    elif isinstance(node, list):
        for inner in node:
            yield from _texts(inner, key)


def _is_a_word(word: str) -> bool:
    """Whether looking a word up can import nothing: mmengine imports what it does not know by that name."""
    return _WORD.match(word) is not None and importlib.util.find_spec(word) is None
