"""The dry run: what a search would do, and whether each of its keys changes anything that is built.

The default point is each key's first choice or the middle of its range. Every key is then changed alone, where it is
active, and the effective configurations are compared; a key that changes nothing is an error that names it. Nothing is
trained, and no device is touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.jobs import complete_params, complete_views
from orchestrator.settings import Settings
from results.commands import EXIT_DONE
from results.errors import InputError, InputErrors
from results.rules import load_rule
from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange, Value
from search_spaces.points import default_point, distinct_points, point_with
from search_spaces.space import Space
from trainables.effective import MODEL_CONFIGS, TrainingData, effective_config, training_data


def dry_run(settings: Settings) -> int:
    """Prints the plan.

    Raises:
        InputError: the detector builds nothing that could be compared.
        InputErrors: every key that takes no effect.
    """
    space = settings.space
    if space.detector not in MODEL_CONFIGS or settings.data is None:
        raise InputError(
            "a dry run compares what a detector builds", f"{space.detector}, which builds nothing", "run it"
        )
    data = training_data(settings.data.dataset, settings.data.summary.categories, load_rule(settings.rule))
    proved = list(proofs(space, data))
    dead = [_fault(space, name) for name, changes in proved if not changes]
    if dead:
        raise InputErrors(dead)
    points = distinct_points(space)
    print(f"space {space.name}, detector {space.detector}, rule {settings.rule}, profile {space.profile}")
    train, val = settings.data.summary.train, settings.data.summary.val
    print(f"data: {train.images} training and {val.images} validation images, {len(data.category_ids)} scored classes")
    print(f"points: {'more than can be counted' if points is None else points}; trials: {settings.trials}")
    for name, changes in proved:
        print(f"  {name}: {', '.join(changes)}")
    print("every key takes effect")
    return EXIT_DONE


def proofs(space: Space, data: TrainingData) -> Iterator[tuple[str, list[str]]]:
    """For each searched key, the entries of what is built that change when it alone changes."""
    for dimension in space.train:
        values = _tried(dimension.domain)
        points = [point_with(space, dimension, value) for value in values]
        if len(values) > 1:
            yield dimension.place, _changes([_built(space, point, data) for point in points if point is not None])
    yield from _predict_proofs(space)


def differences(left: Any, right: Any, place: str = "") -> Iterator[str]:
    """Dotted places at which two nested configurations differ."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted({*left, *right}):
            yield from differences(left.get(key), right.get(key), f"{place}.{key}" if place else str(key))
    elif left != right:
        yield place


def _changes(built: Sequence[Mapping[str, object]]) -> list[str]:
    """Places where any of the configurations differs from the first."""
    return sorted({place for other in built[1:] for place in differences(built[0], other)})


def _built(space: Space, point: Mapping[str, object], data: TrainingData) -> dict[str, object]:
    return {
        "train": effective_config(space.detector, complete_params(space, point), data, seed=0),
        "predict": dict(enumerate(complete_views(space, point))),
    }


def _tried(domain: Domain) -> tuple[Value, ...]:
    """Every option of a choice, the ends of a range."""
    match domain:
        case Fixed():
            return (domain.value,)
        case Choice():
            return domain.options
        case IntRange() | FloatRange():
            return domain.low, domain.high


def _predict_proofs(space: Space) -> Iterator[tuple[str, list[str]]]:
    point = default_point(space)
    for swept in space.predict:
        if len(swept.values) > 1:
            views = [complete_views(_with_swept(space, swept.name, value), point)[0] for value in swept.values]
            yield f"predict.{swept.name}", _changes(views)


def _with_swept(space: Space, name: str, value: Value) -> Space:
    swept = tuple(replace(one, values=(value,)) if one.name == name else one for one in space.predict)
    return replace(space, predict=swept)


def _fault(space: Space, name: str) -> InputError:
    return InputError("every key takes effect", f"{space.name}: {name} changes nothing that is built", "remove the key")
