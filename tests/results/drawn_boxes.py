"""Random truth and detections for tests: ties, crowds, empty images, empty classes, zero areas."""

from pathlib import Path

import numpy as np

from results.boxes import Category, Detections, FloatArray, Images, Truth

SHARED = Path(__file__).resolve().parents[3] / "shared"


def truth_of(boxes: list[list[float]], crowd: list[bool] | None = None, images: int = 1, classes: int = 1) -> Truth:
    """Truth with every box in image 1, class 1."""
    ones = np.ones(len(boxes), dtype=np.int64)
    columns = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    is_crowd = np.array(crowd if crowd is not None else [False] * len(boxes), dtype=np.bool_)
    return Truth(
        image_list(images), category_list(classes), np.arange(len(boxes)), ones, ones.copy(), columns, is_crowd
    )


def detections_of(boxes: list[list[float]], scores: list[float]) -> Detections:
    """Detections in image 1, class 1."""
    ones = np.ones(len(boxes), dtype=np.int64)
    return Detections(
        ones, ones.copy(), np.array(boxes, dtype=np.float64).reshape(-1, 4), np.array(scores, dtype=np.float64)
    )


def image_list(count: int) -> Images:
    """Images 1 to `count` of 100 x 100 px."""
    side = np.full(count, 100, dtype=np.int64)
    return Images(np.arange(count) + 1, tuple(f"{place}.jpg" for place in range(count)), side, side)


def category_list(count: int) -> tuple[Category, ...]:
    """Classes 1 to `count`."""
    return tuple(Category(place + 1, f"class {place + 1}") for place in range(count))


def draw(seed: int, rows: int = 300, boxes: int = 60, most_classes: int = 7) -> tuple[Truth, Detections]:
    """One random set; the last class has no truth, scores tie in half of the sets."""
    rng = np.random.default_rng(seed)
    images, classes = int(rng.integers(1, 12)), int(rng.integers(1, most_classes + 1))
    boxes, rows = int(rng.integers(1, boxes)), int(rng.integers(1, rows))
    truth_xywh = _random_boxes(rng, boxes)
    truth_image = rng.integers(1, images + 1, boxes)
    truth_class = rng.integers(1, max(classes, 2), boxes)
    source = rng.integers(0, boxes, rows)
    near = rng.random(rows) < 0.7
    xywh = np.where(near[:, None], truth_xywh[source] + rng.integers(-3, 4, (rows, 4)), _random_boxes(rng, rows))
    xywh[:, 2:] = np.maximum(xywh[:, 2:], 0)
    truth = Truth(
        image_list(images),
        category_list(classes),
        np.arange(boxes),
        truth_image,
        truth_class,
        truth_xywh,
        rng.random(boxes) < 0.15,
    )
    image = np.where(near, truth_image[source], rng.integers(1, images + 1, rows))
    category = np.where(rng.random(rows) < 0.2, rng.integers(1, classes + 1, rows), truth_class[source])
    return truth, Detections(image, category, xywh, np.round(rng.random(rows), 1 if seed % 2 else 4))


def _random_boxes(rng: np.random.Generator, count: int) -> FloatArray:
    corner, size = rng.integers(0, 60, (count, 2)), rng.integers(0, 40, (count, 2))
    return np.concatenate([corner, size], axis=1).astype(np.float64)
