"""Compares what jobs come to, and says of each key whether it takes effect. A `Bench` builds; this imports no torch."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from trainables.jobs import TrialJob
from trainables.proof.exchange import Effect, Key, Verdict

_SHOWN = 3
_LONGEST = 60

Leaves = Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a job comes to.

    Attributes:
        built: values by dotted place, of everything that is built or reported.
        held: entries of configuration that something built holds on to.
    """

    built: Leaves
    held: Leaves


class Bench(Protocol):
    """Builds jobs of one kind of detector."""

    def outcome(self, job: TrialJob) -> Outcome:
        """What the job comes to; the same job gives the same outcome.

        Raises:
            Exception: whatever a library raises on values that it cannot take.
        """

    def reads(self, job: TrialJob, places: Collection[str]) -> frozenset[str]:
        """Those of the places, as in `Outcome.held`, that the job reads; some suffice where there are any."""

    def configuration(self, job: TrialJob) -> Mapping[str, Any]:
        """The effective configuration."""


def verdict(key: Key, jobs: Sequence[TrialJob], bench: Bench) -> Verdict:
    """Whether a key takes effect.

    Args:
        key: with its pairs of jobs.
        jobs: what the pairs are places in.
        bench: builds them.
    """
    pairs = [(jobs[left], jobs[right]) for left, right in key.pairs]
    try:
        effects = [effects_between(left, right, bench) for left, right in pairs]
    except Exception as error:  # a value that cannot be built is the user's, whichever library says so
        return Verdict(key.name, (), 0, (), f"{type(error).__name__}: {' '.join(str(error).split())}"[:300])
    reaches = {
        place for left, right in pairs for place in differences(bench.configuration(left), bench.configuration(right))
    }
    ranked = [one for part in effects for one in sorted(part, key=lambda effect: _rank(effect, key.name))]
    telling: dict[str, Effect] = {}
    for one in ranked:  # where several values change one place, the first is shown
        telling.setdefault(one.place, one)
    return Verdict(key.name, tuple(telling.values())[:_SHOWN], len(telling), tuple(sorted(reaches)))


def effects_between(left: TrialJob, right: TrialJob, bench: Bench) -> list[Effect]:
    """What is built differently; where nothing is, the entries that differ and are read in one step."""
    first, second = bench.outcome(left), bench.outcome(right)
    built = [Effect(place, *values, read=False) for place, values in _changes(first.built, second.built)]
    if built:
        return built
    held = dict(_changes(first.held, second.held))
    reads = bench.reads(left, held) or bench.reads(right, held) if held else frozenset()
    return [Effect(place, *held[place], read=True) for place in sorted(reads)]


def differences(left: Any, right: Any, place: str = "") -> Iterator[str]:
    """Dotted places at which two nested configurations differ."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted({*left, *right}):
            yield from differences(left.get(key), right.get(key), f"{place}.{key}" if place else str(key))
    elif _are_lists_of_mappings(left, right):
        yield from differences(dict(enumerate(left)), dict(enumerate(right)), place)
    elif left != right:
        yield place


def _are_lists_of_mappings(left: Any, right: Any) -> bool:
    lists = isinstance(left, list | tuple) and isinstance(right, list | tuple)
    return lists and all(isinstance(one, Mapping) for one in (*left, *right))


def _changes(first: Leaves, second: Leaves) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    for place in sorted({*first, *second}):
        if first.get(place) != second.get(place):
            yield place, (_shortened(first.get(place)), _shortened(second.get(place)))


def _rank(effect: Effect, name: str) -> tuple[bool, bool, int, str]:
    """The most telling first: changed rather than added, called as the key is, near the top."""
    named = effect.place.rpartition(".")[2].endswith(name.rpartition(".")[2])
    return effect.before is None or effect.after is None, not named, effect.place.count("."), effect.place


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
