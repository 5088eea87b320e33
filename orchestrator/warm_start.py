"""What a search begins with from earlier runs on the same data and rule.

Where the space is the same, their results are this search's: Optuna learns from them as from its own. Where it has
changed, the best of their points are tried first, as far as they lie in the new space. It decides; `orchestrator.study`
puts it on record, so that a resumed search needs no other run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.earlier_runs import EarlierRun, EarlierTrial
from orchestrator.frozen_trials import says_infeasible
from orchestrator.repeats import canonical
from results.errors import InputError
from results.trial_records import COMPLETE, PRUNED, TrialRecord
from search_spaces.domains import Value
from search_spaces.points import complete_point, is_active, is_forbidden
from search_spaces.space import DETECTOR, Space
from search_spaces.written_form import searched_sha

AUTO = "auto"
BEST_FEW = 5

Point = Mapping[str, object]


@dataclass(frozen=True)
class KnownPoint:
    """A point to be tried first.

    Attributes:
        params: complete, in the space of this search.
        trial: where it comes from.
    """

    params: Point
    trial: EarlierTrial


@dataclass(frozen=True)
class WarmStart:
    """What is taken over.

    Attributes:
        finished: trials whose results are this search's, in their order.
        known: points to be tried first, the best first.
        notices: which runs were used, a line for each.
    """

    finished: tuple[EarlierTrial, ...] = ()
    known: tuple[KnownPoint, ...] = ()
    notices: tuple[str, ...] = ()


def warm_start(space: Space, runs: Sequence[EarlierRun]) -> WarmStart:
    """Decides what a search of `space` takes from the runs that its `search.warm_start` names.

    Args:
        space: to be searched.
        runs: every run on the same terms.

    Raises:
        InputError: the run that is named is none of them.
    """
    chosen = _chosen(space.search.warm_start, runs)
    own = searched_sha(space)
    same = [run for run in chosen if run.header.get("searched_sha") == own]
    changed = [run for run in chosen if run not in same]
    teaching = [trial for run in same for trial in run.trials if _teaches(trial.record)]
    faults = [trial.damage() for trial in teaching]
    finished = tuple(trial for trial, fault in zip(teaching, faults, strict=True) if fault is None)
    known = _best_known(space, changed)
    notices = (*_same_notices(same), *_changed_notices(changed, known), *filter(None, faults))
    return WarmStart(finished, known, notices or _none_notices(space))


def left_to_record(start: WarmStart, events: Iterable[Mapping[str, object]]) -> WarmStart:
    """The part of a warm start that is not on record yet: a search may be killed while it begins."""
    done = {(event["run"], event["trial"]) for event in events if event["event"] in ("reused", "known")}
    return replace(
        start,
        finished=tuple(one for one in start.finished if (one.run, one.number) not in done),
        known=tuple(one for one in start.known if (one.trial.run, one.trial.number) not in done),
    )


def _chosen(named: str | None, runs: Sequence[EarlierRun]) -> list[EarlierRun]:
    if named is None:
        return []
    chosen = [run for run in runs if named in (AUTO, run.name)]
    if not chosen and named != AUTO:
        names = ", ".join(run.name for run in runs) or "none: there is no such run yet"
        rule = "search.warm_start names a run on the same data and rule"
        raise InputError(rule, named, f"write {AUTO}, none, or one of these: {names}")
    return chosen


def _teaches(record: TrialRecord) -> bool:
    """Whether a sampler can learn from a trial's end; a lost worker or a running trial says nothing of the point."""
    return record.state in (COMPLETE, PRUNED) or says_infeasible(record.state, record.kind)


def _best_known(space: Space, runs: Sequence[EarlierRun]) -> tuple[KnownPoint, ...]:
    trials = [trial for run in runs for trial in run.trials if trial.record.state == COMPLETE]
    trials.sort(key=lambda trial: -(trial.record.score or 0.0))
    known: dict[str, KnownPoint] = {}
    for trial in trials:
        params = point_in(space, _with_detector(space, trial.record))
        if params is not None:
            known.setdefault(canonical(params), KnownPoint(params, trial))
    return tuple(known.values())[:BEST_FEW]


def _with_detector(space: Space, record: TrialRecord) -> Point:
    """An earlier point; in a space of several detectors with its own, which a run of one leaves to its summary."""
    model = record.summary.get("model")
    return record.params if len(space.detectors()) == 1 or model is None else {DETECTOR: model, **record.params}


def point_in(space: Space, params: Point) -> dict[str, Value] | None:
    """An earlier point in a changed space: its values where keys are shared, defaults for keys that are new.

    Returns:
        None where a shared key does not take the value any more, where the space forbids the point, or where the
        point names another detector.
    """
    if params.get(DETECTOR, space.detector) not in space.detectors():
        return None
    given: dict[str, Value] = {}
    for dimension in space.train:
        if dimension.name in params and is_active(dimension, given):
            value = params[dimension.name]
            if not isinstance(value, bool | int | float | str) or not dimension.domain.contains(value):
                return None
            given[dimension.name] = value
        elif is_active(dimension, given):
            given[dimension.name] = dimension.domain.default()
    point = complete_point(space.train, given)
    return None if is_forbidden(space, point) else point


def _none_notices(space: Space) -> tuple[str, ...]:
    if space.search.warm_start is None:
        return ()
    return ("warm start: there is no earlier run on the same data and rule to begin from",)


def _same_notices(runs: Sequence[EarlierRun]) -> list[str]:
    counts = [(run.name, sum(1 for trial in run.trials if _teaches(trial.record))) for run in runs]
    return [f"warm start: {count} results of run {name}, whose space is the same" for name, count in counts]


def _changed_notices(runs: Sequence[EarlierRun], known: Sequence[KnownPoint]) -> list[str]:
    counts = [(run.name, sum(1 for one in known if one.trial.run == run.name)) for run in runs]
    return [f"warm start: {count} of the best points of run {name}, whose space is another" for name, count in counts]
