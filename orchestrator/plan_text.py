"""The lines of a dry run: the plan as resolved, and what each key changes. Pure; what a search costs is `plan_cost`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from orchestrator.settings import Settings
from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange
from search_spaces.points import distinct_points
from search_spaces.space import Dimension, Space
from trainables.proof.exchange import Answer, Verdict

_INDENT = "    "
_MOOT = "decides nothing under this rule, and was left at its default"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{5,}(e[-+]\d+)?")
_TENSOR = re.compile(r"^[a-z]+\d+\[[\d, ]*\] (?=[\[\d-])")
_DOTTED_NAME = re.compile(r"[A-Za-z_][\w.]*\.([A-Za-z_]\w*)")


def head_lines(settings: Settings, default_hash: str) -> list[str]:
    """What is searched, where, and for how long.

    Args:
        settings: the checked search.
        default_hash: of the default point's trial.
    """
    space = settings.space
    return [
        f"space {space.name}, detector {' | '.join(space.detectors())}, rule {settings.rule}",
        *settings.notices,
        *_data_line(settings),
        f"{_points(space)}; hash of the default point {default_hash}",
        *_search_lines(settings),
    ]


def key_lines(space: Space, verdicts: Sequence[Verdict]) -> list[str]:
    """Each key with its values and what it changes, then what is fixed."""
    lines = []
    written = _written_keys(space)
    for one in verdicts:
        lines.append(f"{one.name}  {written.get(one.name, '')}".rstrip())
        lines.append(f"{_INDENT}{_effect(one) if one.effects else _MOOT}")
    fixed = [f"{one.label} {one.domain.value}" for one in space.train if isinstance(one.domain, Fixed)]
    return [*lines, f"fixed: {', '.join(fixed)}"] if fixed else lines


def proof_line(answer: Answer) -> str:
    """How many keys were proved, and how long that took."""
    proved = sum(bool(one.effects) for one in answer.verdicts)
    built = f"{answer.built} configurations built" if answer.built else "run on paper"
    aside = f" beyond {answer.import_s:.1f} s of imports" if answer.import_s else ""
    return f"{proved} of {len(answer.verdicts)} keys take effect: {built} in {answer.prove_s:.1f} s{aside}"


def _data_line(settings: Settings) -> list[str]:
    if settings.data is None:
        return []
    summary = settings.data.summary
    counts = f"{summary.train.images} training and {summary.val.images} validation images"
    return [f"data: {counts}, {len(summary.categories)} classes"]


def _points(space: Space) -> str:
    """The number of distinct points; what is continuous is named apart."""
    endless = [one.label for one in space.train if one.domain.size() is None]
    counted = tuple(
        replace(one, domain=Fixed(one.domain.default())) if one.label in endless else one for one in space.train
    )
    points = distinct_points(replace(space, train=counted))
    if points is None:
        return "more distinct points than can be counted"
    if not endless:
        return f"{points} distinct points"
    return f"{'' if points == 1 else f'{points} distinct points times '}a continuum of {', '.join(endless)}"


def _search_lines(settings: Settings) -> Iterator[str]:
    space = settings.space
    known = len(space.known)
    first = f", {known} known point{'s' if known > 1 else ''} first" if known else ""
    limits = ((settings.hours, "h"), (space.search.gpu_hours, "GPU h"))
    ends = "".join(f" or {most:g} {unit}" for most, unit in limits if most is not None)
    yield f"search: {settings.trials} trials{ends}, sampler {space.search.sampler}, {_pruner(space)}{first}"


def _pruner(space: Space) -> str:
    pruner = space.search.pruner
    numbers = [f"{field.name} {getattr(pruner, field.name)}" for field in fields(pruner)]
    # The classes are called as the words of a space file are, written together.
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(pruner).__name__).lower()
    return f"{words} ({', '.join(numbers)})" if numbers else words


def _written_keys(space: Space) -> dict[str, str]:
    """What each key may be, as the plan shows it."""
    train = {one.place: f"{_domain(one.domain)}{_when(one)}" for one in space.train}
    predict = {f"predict.{one.name}": " | ".join(map(str, one.values)) for one in space.predict}
    post = {f"post.{field.name}": _plain(getattr(space.post, field.name)) for field in fields(space.post)}
    return {**train, **predict, **post}


def _domain(domain: Domain) -> str:
    match domain:
        case Fixed():
            return str(domain.value)
        case Choice():
            return " | ".join(map(str, domain.options))
        case IntRange() | FloatRange():
            step = f" step {domain.step:g}" if domain.step not in (None, 1) else ""
            return f"{domain.low:g} .. {domain.high:g}{' log' if domain.log else ''}{step}"


def _when(dimension: Dimension) -> str:
    conditions = [f"{one.key} is {' or '.join(map(str, one.values))}" for one in dimension.when]
    return f", when {' and '.join(conditions)}" if conditions else ""


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _effect(verdict: Verdict) -> str:
    """The most telling change, and how many there are beside it."""
    effect, others = verdict.effects[0], verdict.count - 1
    place = "" if effect.place == verdict.name else f"{effect.place}: "
    how = ", read in one step" if effect.read else ""
    more = f", and {others} more" if others else ""
    return f"{place}{_value(effect.before)} -> {_value(effect.after)}{how}{more}"


def _value(text: str | None) -> str:
    """Types by their own name, numbers to four digits, text without quotes, tensors without their kind."""
    if text is None:
        return "nothing"
    name = _DOTTED_NAME.fullmatch(text)
    short = name[1] if name else _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.4g}", text)
    return _TENSOR.sub("", short).strip("'")
