"""A space written back: as plain data, as YAML that loads again, and as a fingerprint.

The written form is the space after its profile was applied, with every default spelled out, so that a run's folder
says what was searched without the file it came from.
"""

import hashlib
import json
import re
from dataclasses import fields

from search_spaces.domains import Choice, Fixed, FloatRange, Value
from search_spaces.space import (
    DETECTOR,
    PREDICT,
    SET,
    TRAIN,
    Dimension,
    Hyperband,
    MedianPruning,
    Pruning,
    Space,
    SuccessiveHalving,
)

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")


# Settings of `search` that a resumed search may change.
FREE_SETTINGS = frozenset(
    (
        "trials",
        "hours",
        "gpu_hours",
        "trial_hours",
        "patience",
        "confirm",
        "reuse",
        "warm_start",
        "keep_checkpoints",
        "storage",
    )
)


def to_dict(space: Space) -> dict[str, object]:
    """The space as JSON-able data in the form of a space file; its name and profile are not part of it."""
    configured = {} if space.config is None else {"config": space.config, SET: _written_keys(space, SET)}
    return {
        DETECTOR: _written_detector(space),
        **configured,
        **({"rule": space.rule} if space.rule else {}),
        TRAIN: _written_keys(space, TRAIN),
        PREDICT: _written_predict(space),
        "post": _written_post(space),
        "search": _written_search(space),
        "forbid": [{condition.key: list(condition.values) for condition in clause} for clause in space.forbid],
        "known": [dict(point) for point in space.known],
    }


def to_yaml(space: Space) -> str:
    """YAML text that loads to the same space (name apart), with the space's profile and with "full"."""
    lines: list[str] = []
    for section, content in to_dict(space).items():
        if isinstance(content, dict) and content:
            lines += [f"{section}:", *(f"  {_key(key)}: {_inline(value)}" for key, value in content.items())]
        else:
            lines.append(f"{section}: {_inline(content)}")
    # The overrides are applied already: the profile is written so that a resumed search finds it by its name.
    return "\n".join([*lines, f"profiles: {_inline({space.profile: {}})}"]) + "\n"


def decisions_sha(space: Space) -> str:
    """SHA-256 (hex) of what decides which trials come and how they end: a resumed search must keep it.

    Budgets and where files are kept may change from one session to the next.
    """
    written = to_dict(space)
    search = {key: value for key, value in _written_search(space).items() if key not in FREE_SETTINGS}
    return _sha({**written, "search": search, **_content_of_config(space)})


def searched_sha(space: Space) -> str:
    """SHA-256 (hex) of what is searched, however it is searched: equal where the points and their scores are."""
    written = {section: content for section, content in to_dict(space).items() if section not in ("search", "known")}
    return _sha({**written, **_content_of_config(space)})


def _content_of_config(space: Space) -> dict[str, object]:
    """A configuration file may change under its name."""
    return {} if space.config_sha is None else {"config_sha": space.config_sha}


def _sha(content: dict[str, object]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _inline(content: object) -> str:
    # JSON is YAML; strings hold printable characters only (the loader sees to it), so none needs a YAML escape.
    return json.dumps(content, ensure_ascii=False)


def _key(name: str) -> str:
    return name if _PLAIN_KEY.match(name) else _inline(name)


def _written_detector(space: Space) -> object:
    own = (one for one in space.train if one.section == DETECTOR)
    return next(map(_written_dimension, own), space.detector)


def _written_keys(space: Space, section: str) -> dict[str, object]:
    """Keys in the space's order; those of groups by their path, so that the order holds."""
    return {one.label: _written_dimension(one) for one in space.train if one.section == section}


def _written_predict(space: Space) -> dict[str, object]:
    swept = {swept.name: {"sweep": list(swept.values)} for swept in space.predict}
    own = [one for one in space.train if one.section == PREDICT]
    joint = {one.name.removeprefix(f"{PREDICT}."): {"sweep": list(one.domain.values())} for one in own}
    return {**({"search": "joint"} if space.joint else {}), **swept, **joint}


def _written_dimension(dimension: Dimension) -> Value | dict[str, object]:
    domain = dimension.domain
    if isinstance(domain, Fixed):
        if not dimension.when:
            return domain.value
        written: dict[str, object] = {"choice": [domain.value]}
    elif isinstance(domain, Choice):
        written = {"choice": list(domain.options)}
    else:
        written = {"log" if domain.log else "range": [domain.low, domain.high]}
        stepped = domain.step is not None if isinstance(domain, FloatRange) else domain.step != 1
        if stepped:
            written["step"] = domain.step
    if dimension.when:
        written["when"] = {condition.key: list(condition.values) for condition in dimension.when}
    return written


def _written_post(space: Space) -> dict[str, object]:
    post = space.post
    return {
        "nms": list(post.nms),
        "per_class": post.per_class,
        "cutoffs": post.cutoffs,
        "max_per_image": post.max_per_image,
        "search": post.search,
        "suppress": post.suppress,
    }


def _written_search(space: Space) -> dict[str, object]:
    search = space.search
    plain = {field.name: getattr(search, field.name) for field in fields(search)}
    return {**plain, "pruner": _written_pruner(search.pruner)}


def _written_pruner(pruner: Pruning) -> str | dict[str, object]:
    if isinstance(pruner, SuccessiveHalving):
        return {
            "name": "successive_halving",
            "reduction_factor": pruner.reduction_factor,
            "min_epochs": pruner.min_epochs,
        }
    if isinstance(pruner, Hyperband):
        return {"name": "hyperband", "reduction_factor": pruner.reduction_factor, "min_epochs": pruner.min_epochs}
    if isinstance(pruner, MedianPruning):
        return {
            "name": "median",
            "startup_trials": pruner.startup_trials,
            "warmup_epochs": pruner.warmup_epochs,
        }
    return "none"
