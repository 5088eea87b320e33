"""The spread of a data set in figures: which objects share an image, how large and how long their boxes are, by class.

`bottle_round1_spread.json` holds these figures of the contest's annotation file (a test measures them again where that
file is there); `trainables.data.demo_full` draws from them. Places of boxes are not measured.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from results.boxes import FloatArray, Truth

LEVELS = (0.0, 2.5, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 97.5, 100.0)
BACKGROUND = 0
_FILE = Path(__file__).with_name("bottle_round1_spread.json")
_SHOWN_LEVELS = (10, 50, 90)


@dataclass(frozen=True)
class ClassSpread:
    """Box sizes of one class.

    Attributes:
        short_px: quantiles of the short side at `LEVELS`.
        ratio: quantiles of long over short side at `LEVELS`.
        correlation: of the ranks of the two.
        wide: share of boxes that are at least as wide as high.
    """

    short_px: tuple[float, ...]
    ratio: tuple[float, ...]
    correlation: float
    wide: float


@dataclass(frozen=True)
class Mode:
    """Images of one size.

    Attributes:
        width_px: of every image.
        height_px: of every image.
        combinations: how many images hold exactly these objects, by their sorted category ids; () is background only.
    """

    width_px: int
    height_px: int
    combinations: Mapping[tuple[int, ...], int]

    @property
    def images(self) -> int:
        """How many there are."""
        return sum(self.combinations.values())


@dataclass(frozen=True)
class Spread:
    """All figures of one file: sizes of images, the most frequent first, and classes by category id."""

    modes: tuple[Mode, ...]
    classes: Mapping[int, ClassSpread]


def bottle_round1_spread() -> Spread:
    """The figures of the contest's first round."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))
    modes = [
        Mode(one["width_px"], one["height_px"], {tuple(ids): count for ids, count in one["combinations"]})
        for one in content["modes"]
    ]
    classes = {int(key): _class_from(value) for key, value in content["classes"].items()}
    return Spread(tuple(modes), classes)


def spread_to_dict(spread: Spread, source: str) -> dict[str, object]:
    """Plain values for the json file, with where they come from."""
    modes = [{**asdict(mode), "combinations": sorted(map(list, mode.combinations.items()))} for mode in spread.modes]
    classes = {str(key): asdict(value) for key, value in spread.classes.items()}
    return {"source": source, "levels_percent": list(LEVELS), "modes": modes, "classes": classes}


def measure_spread(truth: Truth) -> Spread:
    """The figures of a file; background boxes (category id 0) are no objects."""
    foreground = truth.category_id != BACKGROUND
    objects: dict[int, list[int]] = {image: [] for image in truth.images.image_id.tolist()}
    for image, category in zip(
        truth.image_id[foreground].tolist(), truth.category_id[foreground].tolist(), strict=True
    ):
        objects[image].append(category)
    sizes = list(zip(truth.images.width_px.tolist(), truth.images.height_px.tolist(), strict=True))
    combinations: dict[tuple[int, int], Counter[tuple[int, ...]]] = {size: Counter() for size in sizes}
    for size, image in zip(sizes, truth.images.image_id.tolist(), strict=True):
        combinations[size][tuple(sorted(objects[image]))] += 1
    modes = [Mode(*size, dict(counts)) for size, counts in combinations.items()]
    classes = sorted(set(truth.category_id[foreground].tolist()))
    boxes = {category: truth.boxes_xywh[truth.category_id == category] for category in classes}
    return Spread(
        tuple(sorted(modes, key=lambda mode: -mode.images)), {key: _class_spread(value) for key, value in boxes.items()}
    )


def shown_quantiles(boxes_xywh: FloatArray) -> tuple[FloatArray, FloatArray]:
    """10th, 50th and 90th percentile (3,) of the short side in pixels and of long over short side."""
    short_px, ratio = _short_and_ratio(boxes_xywh)
    return np.percentile(short_px, _SHOWN_LEVELS), np.percentile(ratio, _SHOWN_LEVELS)


def _class_spread(boxes_xywh: FloatArray) -> ClassSpread:
    short_px, ratio = _short_and_ratio(boxes_xywh)
    correlation = (
        0.0 if len(short_px) < len(_SHOWN_LEVELS) else float(np.corrcoef(_ranks(short_px), _ranks(ratio))[0, 1])
    )
    return ClassSpread(
        _rounded(np.percentile(short_px, LEVELS)),
        _rounded(np.percentile(ratio, LEVELS)),
        round(correlation, 3),
        round(float((boxes_xywh[:, 2] >= boxes_xywh[:, 3]).mean()), 3),
    )


def _short_and_ratio(boxes_xywh: FloatArray) -> tuple[FloatArray, FloatArray]:
    short_px = boxes_xywh[:, 2:].min(axis=1)
    return short_px, boxes_xywh[:, 2:].max(axis=1) / short_px


def _ranks(values: FloatArray) -> npt.NDArray[np.int64]:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


def _rounded(values: FloatArray) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in values)


def _class_from(value: Mapping[str, Any]) -> ClassSpread:
    quantiles: tuple[Sequence[float], Sequence[float]] = value["short_px"], value["ratio"]
    return ClassSpread(tuple(quantiles[0]), tuple(quantiles[1]), value["correlation"], value["wide"])
