"""The name that somebody meant who wrote another one; none where nothing is near, because a wrong guess misleads."""

import re
from collections.abc import Iterable

_MOST_CHANGES = 3
_LEAST_PART = 3  # letters that one name must have to count as a part of another
_MOST_LISTED = 12


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that `word` differs from by a few letters, or that is a part of it or the other way round.

    Case, spaces, hyphens and underscores do not count: `ResNet-18` is `resnet18`.
    """
    known = {name: _plain(name) for name in sorted(names)}
    wanted = _plain(word)
    changes = {name: _changes(wanted, plain) for name, plain in known.items()}
    near = min(changes, key=lambda name: changes[name], default=None)
    if near is not None and changes[near] <= min(_MOST_CHANGES, max(1, (len(wanted) + 1) // 3)):
        return near
    parts = [name for name, plain in known.items() if _is_part(wanted, plain) or _is_part(plain, wanted)]
    return min(parts, key=lambda name: abs(len(known[name]) - len(wanted)), default=None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Remedy for a name that is not among `known`: the nearest one, or those that there are."""
    names = sorted(known)
    near = nearest(word, names)
    return f"did you mean {near}?" if near else f"choose from {listed(names) or 'nothing: there is none'}"


def listed(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    every = list(names)
    more = len(every) - _MOST_LISTED
    return ", ".join(every[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]", "", name).casefold()


def _is_part(part: str, whole: str) -> bool:
    return len(part) >= _LEAST_PART and part in whole


def _changes(first: str, second: str) -> int:
    """Letters to insert, drop, replace or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        last, row, older = row, [i], before
        for j, other in enumerate(second, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            swapped = i > 1 and j > 1 and letter == second[j - 2] and other == first[i - 2]
            row.append(min(cost, older[j - 2] + 1) if swapped else cost)
        before = last
    return row[-1]
