"""Which points of a space were tried, under the name of what they build: nothing is trained twice.

Two points are one when the same thing is built of them, as where a key changes nothing beside another key's value. What
a point builds is told by its identity, a short text that the caller computes. It draws and trains nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from orchestrator.earlier_runs import EarlierTrial
from orchestrator.refusals import FORBIDDEN
from results.errors import DamagedFileError
from search_spaces.points import distinct_points, every_point
from search_spaces.space import Space

_MOST_LEFT = 10_000  # points that are listed to pick one

Point = Mapping[str, object]
Identity = Callable[[Point], str]


def canonical(params: Point) -> str:
    """One text for one point, whatever the order of its keys."""
    return json.dumps(params, sort_keys=True)


class Tried:
    """The points that a search knows something of.

    Args:
        space: where the points come from.
        identity: what a point builds, in a word; `canonical` where every point builds something else.
        earlier: trials of earlier runs whose results may be used, by what they built; None for none.
    """

    def __init__(
        self, space: Space, identity: Identity = canonical, earlier: Mapping[str, EarlierTrial] | None = None
    ) -> None:
        self.identity = identity
        self._earlier = dict(earlier or {})
        self._space = space
        self._points = distinct_points(space)
        self._seen: set[str] = set()
        self._number_of: dict[str, int] = {}
        self._left: dict[str, Point] | None = None
        self._nothing_new = False

    def note(self, event: Mapping[str, object]) -> None:
        """Remembers the point of an event of the ledger: one that was asked for has a trial, an answered one a twin."""
        params = event["params"]
        if not isinstance(params, Mapping):
            raise DamagedFileError(
                f"a proposed trial carries its params; the ledger's trial {event.get('number')} does not"
            )
        if event.get("kind") == FORBIDDEN:
            return
        seen = canonical(params)
        self._seen.add(seen)
        if self._left is not None:
            self._left.pop(seen, None)
        if event["event"] in ("asked", "reused"):
            identity = event.get("identity")  # ledgers of the first version have none
            name = self.identity(params) if identity is None else str(identity)
            self._number_of.setdefault(name, int(str(event["number"])))

    def twin(self, identity: str) -> int | None:
        """The trial that builds the same, None where there is none."""
        return self._number_of.get(identity)

    def earlier_twin(self, identity: str) -> EarlierTrial | None:
        """The trial of an earlier run that built the same, None where there is none to be used."""
        found = self._earlier.get(identity)
        fault = None if found is None else found.damage()
        if fault is None:
            return found
        print(f"notice: {fault}")
        del self._earlier[identity]
        return None

    def is_used_up(self) -> bool:
        """Whether every point of the space has a twin; never where there are too many to count."""
        return self._nothing_new or (self._points is not None and len(self._seen) >= self._points)

    def untried(self, choose: int) -> Point | None:
        """A point that builds something new, None where none is left or the space cannot be listed.

        Args:
            choose: picks one of those left; equal numbers pick alike.
        """
        if self._points is None:
            return None
        if self._left is None:
            self._left = {canonical(point): point for point in self._unseen()}
        names = list(self._left)
        turned = (names[(choose + step) % len(names)] for step in range(len(names)))
        found = next((self._left[name] for name in turned if self._is_new(self._left[name])), None)
        self._nothing_new = found is None and len(names) < _MOST_LEFT
        return found

    def _unseen(self) -> Iterator[Point]:
        unseen = (point for point in every_point(self._space) if canonical(point) not in self._seen)
        return islice(unseen, _MOST_LEFT)

    def _is_new(self, point: Point) -> bool:
        return self.twin(self.identity(point)) is None
