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
    (BROKEN,): 45,
    (BROKEN, BROKEN): 50,
    (BROKEN, BROKEN, BREAK_POINT): 50,
    (BROKEN, BROKEN, BROKEN, PRINT): 35,
    (DEFORMED,): 45,
    (DEFORMED, PRINT): 45,
    (DEFORMED, BAD_EDGE): 45,
    (BAD_EDGE,): 35,
    (BAD_EDGE, BROKEN, PRINT): 35,
    (BAD_EDGE, BAD_PRINT): 35,
    (SPINNING,): 45,
    (SPINNING, BREAK_POINT): 40,
    (SPINNING, PRINT): 35,
    (BREAK_POINT, BREAK_POINT): 40,
    (BREAK_POINT, PRINT): 30,
    (BAD_PRINT,): 40,
    (BAD_PRINT, BREAK_POINT, BROKEN): 45,
}
_LABEL_SHARES = {
    (): 50,
    (ASKEW,): 50,
    (ASKEW, BUBBLE): 35,
    (ASKEW, WRINKLED): 30,
    (WRINKLED,): 30,
    (WRINKLED, WRINKLED): 30,
    (WRINKLED, BUBBLE): 35,
    (BUBBLE,): 20,
    (BUBBLE, BUBBLE): 35,
    (BUBBLE, BUBBLE, BUBBLE): 25,
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
