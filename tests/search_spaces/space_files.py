"""Random space files: valid ones by construction, and broken ones made of them. Everything comes from a seed."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Tree = dict[str, Any]

# Values that go together in every combination.
WORDS: Mapping[str, Sequence[Any]] = {
    "backbone": ("resnet50", "resnet101", "resnext101_32x4d"),
    "dcn": ("none", "v1", "v2"),
    "norm": ("bn", "gn"),
    "fpn_outputs": (5, 6),
    "flip": ("none", "horizontal", "vertical", "both"),
    "anchor_ratios": ("0.5,1,2", "0.2,0.5,1,2,5", "1"),
    "stage_ious": ("0.5,0.6,0.7", "0.4,0.5,0.6", "0.4,0.5,0.6,0.7"),
    "optimizer": ("sgd", "adamw"),
    "schedule": ("step", "cosine"),
    "lr_steps": ("8,11", "7", "none"),
}
WHOLE = {"rois": (8, 2048), "rpn_proposals": (10, 4000), "head_channels": (16, 4096), "batch_size": (1, 256)}
NUMBERS = {"lr": (1e-6, 1.0), "momentum": (0.1, 0.99), "anchor_scale": (1.0, 64.0), "gradient_clip": (0.5, 100.0)}
SCALES = ("1333x800", "1333x800..1333x1200", "800x600|640x480")
GROUPS = ("heads", "schedule_of_lr", "my group", "瓶", "a")


@dataclass
class Draft:
    """A file in the making.

    Attributes:
        rng: draws everything.
        tree: the file's content.
        free: keys without conditions, with the values that known points may give them; the first is the default.
    """

    rng: random.Random
    tree: Tree = field(default_factory=dict)
    free: dict[str, Sequence[Any]] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.rng.random() < share

    def some(self, values: Sequence[Any], least: int = 1) -> list[Any]:
        """Some of the values, in any order."""
        return self.rng.sample(list(values), self.rng.randint(least, len(values)))


def valid_file(seed: int) -> str:
    """The text of a space file without a fault."""
    return written(valid_tree(seed), random.Random(seed))


def valid_tree(seed: int) -> Tree:
    """Its content."""
    draft = Draft(random.Random(seed))
    draft.tree = {"detector": "cascade_rcnn", "rule": draft.rng.choice(("coco50", "bottle_round1", "voc50"))}
    draft.tree["train"] = _train(draft)
    _add_predict(draft)
    _add_post_and_search(draft)
    _add_known(draft)
    _add_forbidden(draft)
    if draft.chance(0.4):
        draft.tree["profiles"] = {"full": {}, "demo": _profile(draft)}
    items = list(draft.tree.items())
    draft.rng.shuffle(items)
    return dict(items)


def _train(draft: Draft) -> Tree:
    train: Tree = {}
    for name in draft.some([*WORDS, *WHOLE, *NUMBERS, "train_scale"]):
        train[name] = _domain(draft, name)
        draft.free[name] = _values(train[name])
    parents = [name for name, form in train.items() if isinstance(form, dict) and "choice" in form and name in WORDS]
    for name in list(train):
        if parents and name not in parents and isinstance(train[name], dict) and draft.chance(0.25):
            parent = draft.rng.choice(parents)
            train[name]["when"] = {parent: draft.some(train[parent]["choice"])}
            draft.free.pop(name, None)
    if draft.chance(0.3):
        train["class_weights"] = draft.rng.choice(
            ({"per_class": {"range": [0.5, 2.0]}}, {"1": {"choice": [1.0, 2.0]}, "5": 0.5}, {"log": [0.1, 10.0]}, 2.0)
        )
    return _grouped(draft, train, parents)


def _grouped(draft: Draft, train: Tree, parents: Sequence[str]) -> Tree:
    """Some keys moved into groups, nested or dotted; sometimes one learning rate for each optimizer."""
    movable = [name for name in train if name not in parents and name != "class_weights"]
    for group in draft.some(GROUPS, least=0) if movable and draft.chance(0.5) else ():
        inner = {name: train.pop(name) for name in draft.some(movable, least=0) if name in train}
        if inner and draft.chance(0.3):
            train |= {f"{group}.{name}": form for name, form in inner.items()}
        elif inner:
            train[group] = {"deep": inner} if draft.chance(0.3) else inner
    if "optimizer" in parents and len(train["optimizer"]["choice"]) == len(WORDS["optimizer"]):
        _forget(train, "lr")
        draft.free.pop("lr", None)
        train["by_sgd"] = {"when": {"optimizer": ["sgd"]}, "lr": {"log": [0.001, 0.1]}}
        train["by_adamw"] = {"when": {"optimizer": ["adamw"]}, "lr": {"log": [1e-5, 0.001]}}
    return train


def _forget(tree: Tree, name: str) -> None:
    for key in list(tree):
        if key == name or key.endswith(f".{name}"):
            del tree[key]
        elif isinstance(tree[key], dict) and key not in WORDS:
            _forget(tree[key], name)
            if not tree[key]:
                del tree[key]


def _domain(draft: Draft, name: str) -> Any:
    if name in WORDS:
        options = draft.some(WORDS[name])
        return options[0] if draft.chance(0.3) else {"choice": options}
    if name == "train_scale":
        return draft.rng.choice(
            (
                SCALES[0],
                {"choice": draft.some(SCALES)},
                {"range": ["640x480", "1280x960"], "step": 160},
                {"choice": {"long": {"range": [800, 1600], "step": 400}, "ratio": [0.5, 0.6], "up_to": 1.25}},
            )
        )
    if name in WHOLE:
        return _whole_domain(draft, *WHOLE[name])
    low, high = sorted(draft.rng.uniform(*NUMBERS[name]) for _ in range(2))
    if draft.chance(0.2):
        return low
    return {draft.rng.choice(("log", "range")): [low, high]}


def _whole_domain(draft: Draft, low: int, high: int) -> Any:
    step, steps = draft.rng.randint(1, 5), draft.rng.randint(1, 20)
    first = draft.rng.randint(low, high - step * steps) if high - step * steps > low else low
    if first + step * steps > high:
        return first
    match draft.rng.randrange(4):
        case 0:
            return first
        case 1:
            return {"choice": [first, *({first + step} if first + step <= high else ())]}
        case 2:
            return {"log": [first, first + step * steps]}
        case _:
            return {"range": [first, first + step * steps], "step": step}


def _values(form: Any) -> Sequence[Any]:
    """Values that a point may have, the default among them; none where they are not plain to see."""
    if not isinstance(form, dict):
        return (form,)
    return form["choice"] if isinstance(form.get("choice"), list) else ()


def _add_predict(draft: Draft) -> None:
    if draft.chance(0.5):
        scales = {"sweep": draft.some(("1333x800", "800x600", "train"))}
        draft.tree["predict"] = {"scale": scales, "flip": {"sweep": [False, True]}, "score_floor": 0.01}
        if draft.chance(0.5):
            draft.tree["predict"]["search"] = draft.rng.choice(("joint", "sweep"))


def _add_post_and_search(draft: Draft) -> None:
    if draft.chance(0.5):
        kinds = draft.some(("hard", "soft_linear", "soft_gaussian"))
        draft.tree["post"] = {"nms": kinds, "max_per_image": draft.rng.choice((None, 100)), "per_class": "gate"}
    if draft.chance(0.7):
        pruners: tuple[Any, ...] = ("none", "hyperband", "median", {"name": "successive_halving", "min_epochs": 2})
        draft.tree["search"] = {
            "sampler": draft.rng.choice(("tpe", "random", "gp")),
            "pruner": draft.rng.choice(pruners),
            "epochs": draft.rng.randint(2, 48),
            "hours": draft.rng.choice((None, 1, 0.5)),
            "trials": draft.rng.randint(1, 999),
        }


def _add_known(draft: Draft) -> None:
    given = {name: values for name, values in draft.free.items() if values}
    points = [
        {name: draft.rng.choice(given[name]) for name in draft.some(list(given), least=0)}
        for _ in range(draft.rng.randint(0, 3))
    ]
    if points:
        draft.tree["known"] = points


def _add_forbidden(draft: Draft) -> None:
    """Forbids what neither the default nor a known point has, and nothing that another key depends on."""
    text = json.dumps(draft.tree["train"])
    alone = [name for name, values in draft.free.items() if len(values) > 1 and f'"{name}": [' not in text]
    for name in alone[:2]:
        taken = [point.get(name, draft.free[name][0]) for point in draft.tree.get("known", [])]
        left = [value for value in draft.free[name][1:] if value not in taken]
        if left and draft.chance(0.7):
            draft.tree.setdefault("forbid", []).append({name: draft.rng.choice((left, left[0]))})


def _profile(draft: Draft) -> Tree:
    profile: Tree = {"known": [], "forbid": []}
    if draft.chance(0.5):
        profile["search"] = {"epochs": draft.rng.randint(2, 5), "trials": 3}
    if draft.chance(0.5):
        profile["train"] = {"roi_sampling_ratio": {"range": [0, 8]}}
    return profile


def written(tree: Tree, rng: random.Random) -> str:
    """YAML in a random style: block or flow, quoted or plain, with comments and anchors that nothing refers to."""
    lines: list[str] = []
    for key, value in tree.items():
        if rng.random() < 0.1:
            lines.append("# a comment: {not: [read")
        if isinstance(value, dict) and value and rng.random() < 0.7:
            lines.append(f"{_scalar(key, rng)}:" + (" &anchor" if rng.random() < 0.05 else ""))
            lines += _block(value, 2, rng)
        else:
            lines.append(f"{_scalar(key, rng)}: {flow(value)}")
    return "\n".join(lines) + "\n"


def _block(tree: Tree, indent: int, rng: random.Random) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        start = f"{' ' * indent}{_scalar(key, rng)}:"
        if isinstance(value, dict) and value and rng.random() < 0.5:
            lines += [start, *_block(value, indent + 2, rng)]
        elif isinstance(value, list) and value and rng.random() < 0.3:
            lines += [start, *(f"{' ' * indent}- {flow(item)}" for item in value)]
        else:
            lines.append(f"{start} {flow(value)}")
    return lines


def flow(value: Any) -> str:
    """JSON, which is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _scalar(text: str, rng: random.Random) -> str:
    plain = text.replace("_", "a").isalnum() and text.isascii()
    return text if plain and rng.random() < 0.8 else json.dumps(text, ensure_ascii=False)
