"""What a choice on one validation set is worth on fresh data: global, gate, argmax, and score cutoffs.

Each draw chooses on one raw set, from the refined grid as a search does, and is judged on a fresh set of 3,500 boxes of
the same population. Differences are paired within a draw; intervals are 95% t intervals of their mean over the draws.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from inputs import Inputs, raw_draw
from stopwatch import markdown, write_table

from results.cutoffs import cut, image_folds, tolerance_cutoffs
from results.postprocess import NMS_KINDS, NmsKind, NmsSetting, default_settings
from results.prepared import prepare, prepare_truth
from results.rules import Rule, load_rule
from results.scoring import match
from results.sweep import Sweep, choose, refined, sweep
from results.uncertainty import REPLICATES, image_weights

SECTIONS: tuple[tuple[str, tuple[NmsKind, ...]], ...] = (
    ("bottle_round1", NMS_KINDS),
    ("coco", NMS_KINDS),
    ("coco", ("hard",)),
)
SIZES = {"700": (450, 700, 16), "3500": (2250, 3500, 5)}
FRESH = (2250, 3500)
FIRST_FRESH_SEED = 1000
# 97.5% points of Student's t with 15 and 4 degrees of freedom.
T_OF_DRAWS = {16: 2.131, 5: 2.776}
CHOICES = ("global", "gate", "argmax")
NOTHING = 1e-9


@dataclass(frozen=True)
class Draw:
    """One draw's scores by choice, on the set it chose on and on fresh data; and what cutoffs did."""

    chosen_on: dict[str, float]
    fresh: dict[str, float]
    cutoff_cost: float
    cutoff_of: np.ndarray
    share_kept: float


def main() -> None:
    """Draws, chooses, judges and writes a table: `fresh_data.py 700`, `3500` or, for other draws, `700_from_201`."""
    name = sys.argv[1] if len(sys.argv) > 1 else next(iter(SIZES))
    size, _, first_seed = name.partition("_from_")
    images, boxes, draws = SIZES[size]
    first = int(first_seed or 1)
    found = [_draws(seed, (images, boxes)) for seed in range(first, first + draws)]
    parts = []
    for place, (rule, kinds) in enumerate(SECTIONS):
        one = [draw[place] for draw in found]
        parts.append(f"## {rule}: {', '.join(kinds)}\n\n{_table(one)}\n{_cutoffs(one)}")
    title = f"Choices on {boxes} boxes in {images} images, judged on fresh data: {draws} draws"
    write_table("fresh_data", title, parts, name)


def _draws(seed: int, size: tuple[int, int]) -> list[Draw]:
    given, fresh = raw_draw(seed, *size), raw_draw(FIRST_FRESH_SEED + seed, *FRESH)
    return [_draw(seed, (given, fresh), load_rule(name), kinds) for name, kinds in SECTIONS]


def _draw(seed: int, given: tuple[Inputs, Inputs], rule: Rule, kinds: Sequence[NmsKind]) -> Draw:
    images = len(given[0].truth.images)
    swept = refined(_swept(given[0], rule, default_settings(kinds)))
    weights = image_weights(images, REPLICATES, seed)
    choices = {name: choose(swept, name, weights).index for name in CHOICES}  # type: ignore[arg-type]
    used = sorted({place for index in choices.values() for place in index.tolist()})
    fresh = _swept(given[1], rule, [swept.table.settings[place] for place in used])
    index_of = {name: np.searchsorted(used, index) for name, index in choices.items()}
    cutoffs = tolerance_cutoffs(swept.combine(choices["gate"]), weights, image_folds(images, seed))
    whole = fresh.combine(index_of["gate"])
    left = match(fresh.prepared, cut(whole, cutoffs.value))
    return Draw(
        {name: _score(swept, index) for name, index in choices.items()},
        {name: _score(fresh, index) for name, index in index_of.items()},
        (whole.score().score or 0.0) - (left.score().score or 0.0),
        cutoffs.value,
        len(left.kept.rows) / len(whole.kept.rows),
    )


def _swept(given: Inputs, rule: Rule, settings: Sequence[NmsSetting]) -> Sweep:
    return sweep(prepare(prepare_truth(given.truth, rule), given.detections), settings)


def _score(swept: Sweep, index: np.ndarray) -> float:
    return swept.combine(index).score().score or 0.0


def _table(found: list[Draw]) -> str:
    rows = []
    for name in CHOICES:
        gain = [draw.fresh[name] - draw.fresh["global"] for draw in found]
        chosen = [draw.chosen_on[name] - draw.chosen_on["global"] for draw in found]
        wins = f"{sum(value > 0 for value in gain)} won, {sum(value < 0 for value in gain)} lost"
        rows.append([name, _mean(chosen), _mean(gain), wins, f"{min(gain):+.5f}"])
    return markdown(["choice", "against global, same data", "against global, fresh", "draws", "worst draw"], rows)


def _cutoffs(found: list[Draw]) -> str:
    cost = [draw.cutoff_cost for draw in found]
    lost = sum(value > NOTHING for value in cost)
    cut_classes = sum(int((draw.cutoff_of > 0).sum()) for draw in found)
    kept = np.mean([draw.share_kept for draw in found])
    return (
        f"Cutoffs (`tolerance`, after the gate) cost {_mean(cost)} on fresh data, at worst {max(cost):.1e}: {lost} of "
        f"{len(cost)} draws lose anything. "
        f"{cut_classes} of {len(found) * len(found[0].cutoff_of)} classes are cut, {kept:.3%} of the boxes stay.\n"
    )


def _mean(values: list[float]) -> str:
    half = T_OF_DRAWS[len(values)] * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):+.5f} ± {half:.5f}"


if __name__ == "__main__":
    main()
