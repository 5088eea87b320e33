"""Broken space files: a valid one with one thing done to it that must be found. Everything comes from a seed."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from space_files import NUMBERS, WHOLE, WORDS, Tree, flow, valid_tree, written

# What a YAML file could do if its tags were obeyed: it would leave this file behind.
MARKER = "planted-by-a-space-file"

NAMES = {*WORDS, *WHOLE, *NUMBERS, "train_scale"}

ChangesTree = Callable[[Tree, random.Random], object]


def broken_file(seed: int) -> str:
    """The text of a space file with a fault."""
    rng = random.Random(f"broken {seed}")
    tree = valid_tree(seed)
    kinds = [*TREE_FAULTS, *TEXT_FAULTS]
    kind = kinds[seed % len(kinds)]
    if kind in TREE_FAULTS:
        TREE_FAULTS[kind](tree, rng)
        return written(tree, rng)
    return TEXT_FAULTS[kind](written(tree, rng), rng)


def kind_of(seed: int) -> str:
    """What is done to the file of this seed."""
    kinds = [*TREE_FAULTS, *TEXT_FAULTS]
    return kinds[seed % len(kinds)]


def _any_key(tree: Tree, rng: random.Random) -> tuple[Tree, str]:
    """A mapping of the tree and one of its keys, but no group, which may be called anything, and no profile."""
    places = [(tree, key) for key in tree if key != "profiles"]
    for key in ("train", "predict", "post", "search"):
        places += [(tree[key], inner) for inner in tree.get(key, {}) if key != "train" or inner in NAMES]
    return rng.choice(places)


def _misspell(tree: Tree, rng: random.Random) -> None:
    where, key = _any_key(tree, rng)
    where[f"{key}x{rng.randrange(9)}"] = where.pop(key)


def _mistype(tree: Tree, rng: random.Random) -> None:
    where, key = _any_key(tree, rng)
    odd = (rng.choice([{}, {"a": 1}, [[]], [1, 2], {"choice": {}}]), True, -1e300, {"range": "wide"})
    where[key] = odd[0] if where is tree else rng.choice([one for one in odd if one != where[key]])
    if where is tree or key in ("flip", "search"):
        where[key] = [[]]


def _set_train(forms: Mapping[str, Any]) -> ChangesTree:
    def change(tree: Tree, rng: random.Random) -> None:
        name = rng.choice(list(forms))
        tree["train"] = {**{key: one for key, one in tree["train"].items() if not _speaks_of(key, one, name)}}
        tree["train"][name] = forms[name]
        tree.pop("known", None)
        tree.pop("forbid", None)

    return change


def _speaks_of(key: str, form: Any, name: str) -> bool:
    return name in key or f'"{name}"' in flow(form)


RANGES = {
    "lr": {"range": [1, 0.1]},
    "momentum": {"log": [0, 0.9]},
    "rois": {"range": [8, 11], "step": 2},
    "batch_size": {"range": [1, 10_000]},
    "anchor_scale": {"range": [1, 2], "step": 1e-300},
    "weight_decay": {"range": [0, 0.5, 1]},
    "head_channels": {"log": [16, 32], "step": 4},
    "backbone": {"range": [1, 2]},
    "train_scale": {"range": ["1000x600", "2000x1200"], "step": 300},
    "warmup_iters": {"range": [0, 10], "step": 0},
    "neck_channels": {"choice": [64, 64]},
    "norm": {"choice": ["bn", "wn"]},
    "gradient_clip": {"range": [0, 10**400]},
    "rpn_pos_iou": 0.1,
}
CONDITIONS = {
    "lr_steps": {"choice": ["8"], "when": {"no_such_key": ["step"]}},
    "dcn": {"choice": ["v1", "v2"], "when": {"backbone": ["resnet18"]}},
    "schedule": {"choice": ["step", "cosine"], "when": {"schedule": ["step"]}},
    "momentum": {"range": [0.1, 0.2], "when": {"weight_decay": [0.001]}},
    "optimizer": {"choice": ["sgd"], "when": [1]},
    "flip": {"when": {"optimizer": ["sgd"]}},
}
ROOTS = {
    "known": [[{"lr": "quick"}], [3], {"lr": 1}, [{"no_such_key": 1}], [{"base_channels": 7}]],
    "forbid": [[{}], [{"no_such_key": 1}], {"lr": 1}, [[1]], [{"epochs": [12, 2, 3]}]],
    "search": [
        {"sampler": "tpes"},
        {"sampler": "grid", "trials": 0},
        {"epochs": "many"},
        {"pruner": {"name": "meadian"}},
    ],
    "predict": [{"search": "jont"}, {"scale": {"sweep": []}}, {"flip": {"sweep": [True, True]}}, [1]],
    "config": ["no_such_file.py", "config.yaml", 3],
    "set": [{"model.x": 1}, 7],
    "profiles": [{"demo": {"train": {"lr": "quick"}}}, {"demo": {"profiles": {}}}, {"demo": 4}, [1]],
    "detector": ["cascade", ["fake"], "config", None],
    "rule": [3, None, {"a": 1}],
    "train": [None, 3, {"lr": []}, [["lr"]]],
}


def _root(tree: Tree, rng: random.Random) -> None:
    key = rng.choice(list(ROOTS))
    tree[key] = rng.choice(ROOTS[key])


def _drop(tree: Tree, rng: random.Random) -> None:
    tree.pop(rng.choice(("detector", "train")))  # without a rule a space takes the data set's


TREE_FAULTS: Mapping[str, ChangesTree] = {
    "misspelt key": _misspell,
    "wrong type": _mistype,
    "impossible range": _set_train(RANGES),
    "impossible condition": _set_train(CONDITIONS),
    "wrong section": _root,
    "missing key": _drop,
}


def _tag(text: str, rng: random.Random) -> str:
    touch = f'["touch {MARKER}"]'
    tags = (
        f"!!python/object/apply:os.system {touch}",
        f"!!python/object/new:os.system {touch}",
        "!!python/name:os.system",
        "!!python/module:antigravity",
        f'!!python/object/apply:subprocess.Popen [["touch", "{MARKER}"]]',
        f'!!python/object/apply:eval [\'open("{MARKER}", "w")\']',
        "!own 1",
        "!!binary aGVsbG8=",
        "!!set {a: null}",
    )
    return f"{text}known: {rng.choice(tags)}\n" if rng.random() < 0.5 else f"? {rng.choice(tags)}\n: 1\n{text}"


def _anchor(text: str, rng: random.Random) -> str:
    laughs = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a, *a, *a]\n" for i in range(9))
    return rng.choice(
        (
            f"base: &base {{lr: 1}}\n{text}known: [*base]\n",
            f"{text}known: [{{<<: {{lr: 1}}}}]\n",
            laughs + text,
            f"{text}known: &k [*k]\n",
            f"{text}known: *nothing\n",
        )
    )


def _huge(text: str, rng: random.Random) -> str:
    return rng.choice(
        (
            text + "# " + "x" * 40_000 + "\n",
            text + "known: " + "[" * 3_000 + "\n",
            text + "known: " + "[" * 200 + "]" * 200 + "\n",
            text + "known: [" + "{lr: 0.1}, " * 500 + "{lr: 0.1}]\n",
            text + "".join(f"k{i}: 1\n" for i in range(900)),
            text + "known: [{" + "a." * 5_000 + "lr: 1}]\n",
            text + f"x: {'9' * 5_000}\n",
        )
    )


def _malform(text: str, rng: random.Random) -> str:
    return rng.choice(
        (
            text + "known: [1, 2\n",
            text + "  stray: 1\n",
            text + "\tknown: 1\n",
            text + 'known: "unclosed\n',
            text + "---\ndetector: fake\n",
            text + "rule: coco50\nrule: coco50\n",
            text + "known: \x07\n",
            text + "known: [.nan, .inf]\n",
            text + "[]: 1\n",
            text + "known: |\n  two\n  lines\n",
            "",
            "just words\n",
            "- a\n- b\n",
        )
    )


TEXT_FAULTS: Mapping[str, Callable[[str, random.Random], str]] = {
    "hostile tag": _tag,
    "anchors": _anchor,
    "huge": _huge,
    "malformed": _malform,
}
