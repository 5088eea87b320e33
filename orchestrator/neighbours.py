"""Which jobs show whether a key takes effect: the default point's, and for each key pairs that differ in it alone.

The default point is each key's first choice or the middle of its range; a conditional key is changed below its parents.
A key with children is compared with the other keys as they are after the change, so that no child's effect is taken for
its own. Pure: builds and runs nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.jobs import Asked, JobFactory
from orchestrator.refusals import conflict
from orchestrator.settings import Settings
from orchestrator.spaces import reads_data
from results.layout import RunLayout
from results.post_settings import NMS_KINDS
from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange, Value
from search_spaces.points import default_point, point_with
from search_spaces.space import PREDICT, Clause, Condition, Dimension, PostSettings, Space, Swept
from trainables.catalogue import DETECTORS
from trainables.jobs import TrialJob
from trainables.proof.exchange import Key, Question

Point = Mapping[str, object]

_MOST_TRIED = 8

_POST_WORDS: Mapping[str, tuple[Any, ...]] = {
    "nms": tuple((kind,) for kind in NMS_KINDS),
    "per_class": ("global", "argmax", "gate"),
    "cutoffs": ("none", "tolerance"),
    "max_per_image": (1,),
    "search": ("optuna", "exact"),
    "suppress": ("across_classes", "within_class"),
}
# What else must hold for a setting of the post tier to be free, or to be seen in a small set.
_POST_BESIDE: Mapping[str, Mapping[str, Any]] = {
    "per_class": {"suppress": "within_class"},
    "cutoffs": {"max_per_image": None},
    "suppress": {"per_class": "global"},
}


def question_of(settings: Settings, *, measure: bool) -> Question:
    """What a worker shall prove.

    Args:
        settings: the checked search.
        measure: whether it shall time one iteration, too.
    """
    space, jobs = settings.space, _Jobs(settings)
    jobs.place(space, default_point(space))
    keys = (*_point_keys(space, jobs), *_swept_keys(space, jobs), *_post_keys(space, jobs))
    return Question(tuple(jobs.listed), keys, measure)


def _point_keys(space: Space, jobs: "_Jobs") -> Iterator[Key]:
    """Keys that are part of a point: of the train tier, of `set`, and of a predict tier that is searched jointly."""
    for dimension in space.train:
        if len(_tried(dimension.domain)) > 1:
            needing = replace(dimension, when=(*dimension.when, *_need(space, dimension.name)))
            pairs = [(jobs.place(space, left), jobs.place(space, right)) for left, right in _points(space, needing)]
            yield Key(dimension.place, tuple(pairs))


def _swept_keys(space: Space, jobs: "_Jobs") -> Iterator[Key]:
    for swept in space.predict:
        point = _point_of(space, swept)
        first, *others = [jobs.place(_with_swept(space, swept.name, value), point) for value in swept.values]
        if others:
            yield Key(f"{PREDICT}.{swept.name}", tuple((first, other) for other in others))


def _need(space: Space, name: str) -> Clause:
    """The train key's value without which a predict key does nothing, where the space holds that key."""
    key = name.removeprefix(f"{PREDICT}.")
    specs = [spec for one in space.detectors() if (spec := DETECTORS[one].predict.get(key)) is not None]
    need = specs[0].needs if specs else None
    held = need is not None and any(one.name == need[0] and one.domain.contains(need[1]) for one in space.train)
    return (Condition(need[0], (need[1],)),) if need is not None and held else ()


def _point_of(space: Space, swept: Swept) -> Point:
    """The default point, or one at which a swept key does something."""
    need = _need(space, swept.name)
    found = point_with(space, Dimension(swept.name, Choice(swept.values), need), swept.values[0]) if need else None
    return default_point(space) if found is None else found


def _post_keys(space: Space, jobs: "_Jobs") -> Iterator[Key]:
    if not reads_data(space):
        return  # nothing is predicted, and nothing solved
    point = default_point(space)
    for name, posts in _post_changes(space.post):
        first, *others = [jobs.place(replace(space, post=post), point) for post in posts]
        yield Key(f"post.{name}", tuple((first, other) for other in others))


class _Jobs:
    """Jobs by what they ask for; each is listed once."""

    def __init__(self, settings: Settings) -> None:
        self.listed: list[TrialJob] = []
        self._settings = settings
        self._places: dict[str, int] = {}

    def place(self, space: Space, point: Point) -> int:
        """Where the job of a point is listed."""
        settings = self._settings
        # No run, and no folder, is made of this layout.
        make = JobFactory(space, RunLayout(Path("dry-run")), settings.dataset_path, settings.rule, settings.seed)
        fields_of_job: dict[str, Any] = make(Asked(0, point))
        job = TrialJob.from_dict({**fields_of_job, "views": fields_of_job["views"][:1]})
        key = json.dumps(job.to_dict(), sort_keys=True)
        if key not in self._places:
            self._places[key] = len(self.listed)
            self.listed.append(job)
        return self._places[key]


def _points(space: Space, dimension: Dimension) -> Iterator[tuple[Point, Point]]:
    """Pairs of points that differ in one key alone."""
    first, *others = _tried(dimension.domain)
    plain = point_with(space, dimension, first)
    for value in others:
        changed = point_with(space, dimension, value)
        if changed is None or conflict(space, changed):
            continue  # a search would not train it either
        alone = {**changed, dimension.name: first}
        yield plain if plain is not None and conflict(space, alone) else alone, changed


def _tried(domain: Domain) -> tuple[Value, ...]:
    """The default first, then the other options of a choice (of many, some), or the ends of a range."""
    match domain:
        case Fixed():
            return (domain.value,)
        case Choice():
            return domain.options[:: -(-len(domain.options) // _MOST_TRIED)]
        case IntRange() | FloatRange():
            return tuple(dict.fromkeys((domain.default(), domain.low, domain.high)))


def _with_swept(space: Space, name: str, value: Value) -> Space:
    swept = tuple(replace(one, values=(value,)) if one.name == name else one for one in space.predict)
    return replace(space, predict=swept)


def _post_changes(post: PostSettings) -> Iterator[tuple[str, list[PostSettings]]]:
    """Each setting of the post tier: as it is, then with others in its place."""
    for name, words in _POST_WORDS.items():
        base = replace(post, **_POST_BESIDE.get(name, {}))
        yield name, [base, *(replace(base, **{name: word}) for word in words if word != getattr(post, name))]
