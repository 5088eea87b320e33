"""Labels with the faults that hurried people make, and the list of what was done to them, for tests of what finds them.

Pure: it takes annotation rows and gives others. The pictures and the rows that it is given stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.coco_json import Row

SHIFTED, MISSING, WRONG_CLASS = "shifted", "missing", "wrong_class"


@dataclass(frozen=True)
class NoiseShares:
    """How many of the boxes get each fault; the others stay as they are."""

    shifted: float = 0.08
    missing: float = 0.05
    wrong_class: float = 0.04


@dataclass(frozen=True)
class NoisyLabels:
    """Annotation rows after the damage.

    Attributes:
        annotations: without those that are missing, in the order given.
        changes: one row for each fault: `kind`, `annotation_id`, `image_id`, and what stood there before and after.
    """

    annotations: tuple[Row, ...]
    changes: tuple[Row, ...]


def with_noise(
    content: Mapping[str, Sequence[Row]],
    confused: Sequence[Sequence[int]],
    rng: np.random.Generator,
    shares: NoiseShares | None = None,
) -> NoisyLabels:
    """Damages some labels.

    Args:
        content: a COCO file's `images` and `annotations`.
        confused: category ids that people take for one another, in groups.
        rng: decides which rows, and how.
        shares: of the rows.
    """
    shares = shares or NoiseShares()
    annotations = content["annotations"]
    size_of = {row["id"]: (int(str(row["width"])), int(str(row["height"]))) for row in content["images"]}
    kinds = _kinds(len(annotations), shares, rng)
    rows, changes = [], []
    for row, kind in zip(annotations, kinds, strict=True):
        damaged = (
            _shifted(row, size_of[row["image_id"]], rng) if kind == SHIFTED else _changed(row, kind, confused, rng)
        )
        rows += [] if damaged is None else [damaged]
        changes += [] if damaged is row else [_change(kind, row, damaged)]
    return NoisyLabels(tuple(rows), tuple(changes))


def _kinds(count: int, shares: NoiseShares, rng: np.random.Generator) -> list[str]:
    """A kind of fault, or "", for each row: exact shares, random places."""
    kinds = [SHIFTED] * round(shares.shifted * count) + [MISSING] * round(shares.missing * count)
    kinds += [WRONG_CLASS] * round(shares.wrong_class * count)
    kinds += [""] * (count - len(kinds))
    return [kinds[place] for place in rng.permutation(count)]


def _changed(row: Row, kind: str, confused: Sequence[Sequence[int]], rng: np.random.Generator) -> Row | None:
    if kind == MISSING:
        return None
    if kind == WRONG_CLASS:
        others = [
            key for group in confused if row["category_id"] in group for key in group if key != row["category_id"]
        ]
        return {**row, "category_id": int(rng.choice(others))} if others else row
    return row


def _shifted(row: Row, size_px: tuple[int, int], rng: np.random.Generator) -> Row:
    """The box moved by a quarter to a half of its size and stretched or shrunk by up to a third, inside its image."""
    bbox = row["bbox"]
    assert isinstance(bbox, list)  # rows of our own making
    corner, side = np.array(bbox[:2], np.float64), np.array(bbox[2:], np.float64)
    corner += rng.uniform(0.25, 0.5, 2) * rng.choice((-1.0, 1.0), 2) * side
    first = np.clip(corner, 0, np.array(size_px) - 2.0)
    last = np.clip(corner + side * np.exp(rng.uniform(-0.3, 0.3, 2)), first + 1.0, size_px)
    box = [round(float(value), 2) for value in (*first, *(last - first))]
    return {**row, "bbox": box, "area": round(box[2] * box[3], 2)}


def _change(kind: str, before: Row, after: Row | None) -> Row:
    told = {"kind": kind, "annotation_id": before["id"], "image_id": before["image_id"]}
    states = {"before": before, "after": after}
    return told | {
        name: None if row is None else {"category_id": row["category_id"], "bbox": row["bbox"]}
        for name, row in states.items()
    }
