"""What each event of a ledger must hold, checked line by line before anybody counts on it.

A line that does not hold it is damage, named by its number: unknown events, missing fields, text where a number
stands, a trial that is asked for twice or reported on without being asked for. One rule is not an error: what is said
of a trial after its end is left out, so that a second `finished` never changes a result. Fields that are not listed
here are nobody's business. `results.trial_records` makes records of what passes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.errors import DamagedFileError
from results.json_lines import Event
from results.trial_records import END_STATES

_MOST = 2**63
_SHOWN = 80  # characters of a value in a message

Check = Callable[[object], bool]


def _is_number(value: object) -> bool:
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and -_MOST < value < _MOST)


def _is_score(value: object) -> bool:
    return value is None or _is_number(value)


def _is_whole(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_object(value: object) -> bool:
    return type(value) is dict


def _is_point(value: object) -> bool:
    return type(value) is dict and all(type(one) is not float or math.isfinite(one) for one in value.values())


def _is_end(value: object) -> bool:
    return type(value) is str and value in END_STATES


def _is_rungs(value: object) -> bool:
    return type(value) is list and all(
        type(rung) is list and len(rung) == 2 and _is_whole(rung[0]) and (rung[1] is None or _is_number(rung[1]))  # noqa: PLR2004
        for rung in value
    )


_WORDS: Mapping[Check, str] = {
    _is_number: "a number",
    _is_score: "a number or null",
    _is_whole: "a whole number from 0",
    _is_text: "text",
    _is_object: "an object",
    _is_point: "an object of finite values",
    _is_end: f"one of {', '.join(END_STATES)}",
    _is_rungs: "a list of epochs and scores",
}


@dataclass(frozen=True)
class _Form:
    """Fields that an event must have, and those that may be missing or null."""

    required: tuple[tuple[str, Check], ...] = ()
    optional: tuple[tuple[str, Check], ...] = ()


_NUMBER = ("number", _is_whole)
_POINT = (_NUMBER, ("params", _is_point))
_ASKED = (("from", _is_text), ("identity", _is_text), ("reason", _is_text), ("kind", _is_text))
_ASKED_AGAIN = (("accumulate", _is_whole), ("confirms", _is_whole), ("seed", _is_whole))
_ENDED = (("score", _is_number), ("summary", _is_object), ("peak_gib", _is_number), ("fingerprint", _is_text))
_EARLIER = (("run", _is_text), ("trial", _is_whole))
_RUN = (
    ("name", _is_text), ("trials", _is_whole), ("epochs", _is_whole), ("hours", _is_number), ("gpus", _is_number),
    ("seed", _is_whole), ("rule", _is_text), ("dataset", _is_text), ("space", _is_text), ("profile", _is_text),
    ("group_by", _is_text), ("subset", _is_object),
)  # fmt: skip
_FORMS: Mapping[object, _Form] = {
    "run": _Form((), _RUN),
    "asked": _Form(_POINT, (*_ASKED, *_ASKED_AGAIN)),
    "started": _Form((_NUMBER,), (("epoch", _is_whole), ("config_hash", _is_text))),
    "rung": _Form(
        (_NUMBER, ("epoch", _is_whole), ("score", _is_score)), (("peak_gib", _is_number), ("pruner", _is_object))
    ),
    "lost": _Form((_NUMBER, ("epoch", _is_whole), ("reason", _is_text)), (("counts", _is_truth),)),
    "retried": _Form((_NUMBER, ("accumulate", _is_whole), ("reason", _is_text))),
    "finished": _Form((_NUMBER, ("state", _is_end)), (*_ENDED, ("kind", _is_text), ("reason", _is_text))),
    "answered": _Form((*_POINT, ("as", _is_whole)), _ASKED),
    "rejected": _Form(_POINT, _ASKED),
    "reused": _Form((*_POINT, *_EARLIER, ("state", _is_end), ("rungs", _is_rungs)), (*_ENDED, *_ASKED)),
    "known": _Form((("params", _is_point), *_EARLIER)),
    "resumed": _Form((), (("trials", _is_whole), ("gpus", _is_number))),
    "stopped": _Form((), (("reason", _is_text),)),
}
_BEGINS = frozenset(("asked", "reused"))
_IS_NO_TRIAL = frozenset(("answered", "rejected"))
_GOES_ON = frozenset(("started", "rung", "lost", "retried", "finished"))


def is_known(name: object) -> bool:
    """Whether events of this name are written into ledgers."""
    return isinstance(name, str) and name in _FORMS


def checked_events(events: Sequence[Event], path: Path) -> list[Event]:
    """Return the events that count, in order.

    Args:
        events: one for each line of the file, the first line first.
        path: named in messages only.

    Raises:
        DamagedFileError: a line is not what a search writes; the message says which line, and why.
    """
    order = _Order()
    kept = []
    for line, event in enumerate(events, start=1):
        fault = _fault(event) or order.fault(event, line)
        if fault is not None:
            remedy = "restore the ledger from a copy, or cut it off before that line"
            about = f" (trial {event['number']})" if _is_whole(event.get("number")) else ""
            raise DamagedFileError(f"{path}: line {line}{about} is no event of a search: {fault}; {remedy}")
        if order.counts(event):
            kept.append(event)
    return kept


class _Order:
    """What may be said of which trial, after the events so far."""

    def __init__(self) -> None:
        self._line_of: dict[object, int] = {}
        self._running: set[object] = set()
        self._ended: set[object] = set()

    def fault(self, event: Event, line: int) -> str | None:
        """Why an event cannot follow, None where it can."""
        name, number = event["event"], event.get("number")
        if name == "run" and line > 1:
            return 'the event "run" must stand in the first line alone'
        if name in _BEGINS or name in _IS_NO_TRIAL:
            before = self._line_of.setdefault(number, line)
            return None if before == line else f"number {number} must be new, got it in line {before}, too"
        if name in _GOES_ON and number not in self._running and number not in self._ended:
            return f'a trial must be asked for first, got "{name}" of number {number}'
        return None

    def counts(self, event: Event) -> bool:
        """Whether the event changes anything: what is said of a trial after its end does not."""
        name, number = event["event"], event.get("number")
        if name in _GOES_ON and number in self._ended:
            return False
        if name == "asked":
            self._running.add(number)
        elif name in ("finished", "reused"):
            self._running.discard(number)
            self._ended.add(number)
        return True


def _fault(event: Event) -> str | None:
    if "event" not in event:
        return 'an event must have "event", got none'
    form = _FORMS.get(event["event"]) if type(event["event"]) is str else None
    if form is None:
        return f"an event must be one of {', '.join(map(str, _FORMS))}, got {_shown(event['event'])}"
    if not _is_number(event.get("time")):
        return _field_fault(event, "time", _is_number)
    for field, check in form.required:
        if field not in event or not check(event[field]):
            return _field_fault(event, field, check)
    for field, check in form.optional:
        value = event.get(field)
        if value is not None and not check(value):
            return _field_fault(event, field, check)
    return None


def _field_fault(event: Event, field: str, check: Check) -> str:
    got = _shown(event[field]) if field in event else "none"
    return f'"{field}" of a "{event["event"]}" event must be {_WORDS[check]}, got {got}'


def _shown(value: object) -> str:
    if type(value) is int and abs(value) >= _MOST:
        return "a number of more than 63 bits"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
