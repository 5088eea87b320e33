"""What Optuna is told of a trial's end, and all of its trials as a ledger tells them. Pure; asks and decides nothing.

Samplers learn nothing from Optuna's FAIL: told that way, points that ran out of memory are proposed again and again.
A failure that the point caused is therefore told as PRUNED with a violated constraint; ledger and leaderboard call it
FAIL all the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from results.errors import DamagedFileError
from results.trial_records import COMPLETE, CONFIRMATION, FAIL, KNOWN, PRUNED, RUNNING, TrialRecord
from search_spaces.sampling import distributions_of, searched_values
from search_spaces.space import Space
from trainables.failures import BAD_LUCK

_Mark = tuple[int, Mapping[str, object]]  # the epoch of a report, and what the pruner set there

INFEASIBLE = "trains"
# The pruner's own notes on a trial; without them a rebuilt study would promote everything.
PRUNER_MARK = "completed_rung_"
_PROPOSED = ("asked", "answered", "rejected", "reused")
_STATES = {COMPLETE: TrialState.COMPLETE, PRUNED: TrialState.PRUNED, FAIL: TrialState.FAIL}


def says_infeasible(state: str, kind: str | None) -> bool:
    """Whether an end says that the point itself cannot be trained."""
    return state == FAIL and kind is not None and kind not in BAD_LUCK


def optuna_state(state: str, kind: str | None) -> TrialState:
    """How a trial that ended in one of the ledger's states is told to Optuna."""
    return TrialState.PRUNED if says_infeasible(state, kind) else _STATES[state]


def rebuilt_trials(
    space: Space, events: Sequence[Mapping[str, object]], records: Mapping[int, TrialRecord]
) -> list[FrozenTrial]:
    """Optuna's trials as the ledger tells them, in number order; unfinished ones are running, wherever they are."""
    marks = _marks_by_number(events)
    proposals = [event for event in events if event["event"] in _PROPOSED]
    proposals.sort(key=lambda event: int(str(event["number"])))
    return [_frozen(space, event, records, marks.get(int(str(event["number"])), ())) for event in proposals]


def number_keeper() -> FrozenTrial:
    """Keeps the number of a training that no sampler shall learn from: FAIL is the one state that teaches nothing."""
    return create_trial(state=TrialState.FAIL)


def _marks_by_number(events: Sequence[Mapping[str, object]]) -> dict[int, list[_Mark]]:
    found: dict[int, list[_Mark]] = {}
    for event in events:
        marks = event.get("pruner")
        if event["event"] in ("rung", "reused") and isinstance(marks, Mapping):
            found.setdefault(int(str(event["number"])), []).append((int(str(event.get("epoch", 0))), marks))
        if event["event"] == "started" and event["number"] in found:
            # What was reported beyond the checkpoint that the trial starts from never happened.
            number, epoch = int(str(event["number"])), int(str(event.get("epoch", 0)))
            found[number] = [mark for mark in found[number] if mark[0] <= epoch]
    return found


def _frozen(
    space: Space, event: Mapping[str, object], records: Mapping[int, TrialRecord], marks: Sequence[_Mark]
) -> FrozenTrial:
    number, params = int(str(event["number"])), event["params"]
    if not isinstance(params, Mapping):
        raise DamagedFileError(f"a proposed trial carries its params; the ledger's trial {number} does not")
    if event.get("from") == CONFIRMATION:
        return number_keeper()
    record = records.get(number) or _told(number, params, event)
    distributions = distributions_of(space, params)
    searched = searched_values(space, params)
    fixed = {"fixed_params": searched} if event.get("from") == KNOWN else {}
    frozen = create_trial(
        state=TrialState.RUNNING if record.state == RUNNING else optuna_state(record.state, record.kind),
        value=record.score if record.state == COMPLETE else None,
        intermediate_values={epoch: score for epoch, score in record.rungs if score is not None},
        system_attrs={**fixed, **{name: value for _, set_there in marks for name, value in set_there.items()}},
        constraints={INFEASIBLE: 1.0} if says_infeasible(record.state, record.kind) else None,
    )
    frozen.params, frozen.distributions = _Unchanging(searched), _Unchanging(distributions)
    return frozen


class _Unchanging(dict[str, Any]):
    """What nobody changes. Optuna copies a trial deeply when it is added, which is most of the time of a replay."""

    def __deepcopy__(self, _memo: object) -> "_Unchanging":
        return self


def _told(number: int, params: Mapping[str, object], event: Mapping[str, object]) -> TrialRecord:
    """A proposal that never became a trial, with what Optuna was told of it."""
    score, kind = event.get("score"), event.get("kind")
    return TrialRecord(
        number,
        params,
        state=str(event.get("state", FAIL)),
        score=None if score is None else float(str(score)),
        kind=None if kind is None else str(kind),
    )
