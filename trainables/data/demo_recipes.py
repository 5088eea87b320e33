"""Which defects the pictures of one demonstration split hold: shares, turned into exact counts and shuffled.

The contest's imbalance is kept and flattened: its rarest class would otherwise have two boxes in a split this small.
Nothing here draws.
"""

from dataclasses import dataclass

import numpy as np

from trainables.data.demo_scene import (
    ASKEW,
    BAD_EDGE,
    BAD_PRINT,
    BREAK_POINT,
    BROKEN,
    BUBBLE,
    DEFORMED,
    PRINT,
    SPINNING,
    WRINKLED,
)


@dataclass(frozen=True)
class Recipe:
    """What one picture shows: a cap or a label with these defects, in drawing order; none is background only."""

    is_label: bool
    category_ids: tuple[int, ...]


_CAP_SHARES = {
    (): 100,
    (BROKEN,): 60,
    (BROKEN, BROKEN): 60,
    (BROKEN, BROKEN, BREAK_POINT): 45,
    (BROKEN, BROKEN, BROKEN, PRINT): 30,
    (DEFORMED,): 50,
    (DEFORMED, PRINT): 45,
    (DEFORMED, BAD_EDGE): 40,
    (BAD_EDGE,): 40,
    (BAD_EDGE, BROKEN): 35,
    (BAD_EDGE, BAD_PRINT): 25,
    (SPINNING,): 40,
    (SPINNING, BREAK_POINT): 35,
    (SPINNING, PRINT): 25,
    (BREAK_POINT, BREAK_POINT): 40,
    (BREAK_POINT, PRINT): 30,
    (BAD_PRINT,): 40,
    (BAD_PRINT, BREAK_POINT): 35,
}
_LABEL_SHARES = {
    (): 50,
    (ASKEW,): 45,
    (ASKEW, BUBBLE): 30,
    (ASKEW, WRINKLED): 25,
    (WRINKLED,): 35,
    (WRINKLED, WRINKLED): 30,
    (WRINKLED, BUBBLE): 35,
    (BUBBLE,): 20,
    (BUBBLE, BUBBLE): 35,
    (BUBBLE, BUBBLE, BUBBLE): 20,
}


def recipes(images: int, rng: np.random.Generator) -> list[Recipe]:
    """The recipes of a split of that many pictures, in random order.

    Shares become counts by the largest remainder, so two splits differ in their boxes' places, not in their mix.
    """
    shares = {Recipe(False, ids): share for ids, share in _CAP_SHARES.items()}
    shares |= {Recipe(True, ids): share for ids, share in _LABEL_SHARES.items()}
    kinds, total = list(shares), sum(shares.values())
    exact = [images * share / total for share in shares.values()]
    counts = [int(value) for value in exact]
    by_remainder = sorted(range(len(kinds)), key=lambda index: counts[index] - exact[index])
    for index in by_remainder[: images - sum(counts)]:
        counts[index] += 1
    chosen = [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]
    return [chosen[index] for index in rng.permutation(len(chosen))]
