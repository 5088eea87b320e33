"""Dense truth: touching discs in rows, whose boxes overlap, and what detectors of several qualities find there."""

import numpy as np

from results.boxes import Category, Detections, Images, Truth

DIAMETER_PX = 40.0
_STEP_PX = 0.55 * DIAMETER_PX  # neighbours of a row overlap with an IoU of 0.29, and of 0.55 where they are pushed


def dense_truth(images: int = 24, rows: int = 4, discs: int = 12, seed: int = 0) -> Truth:
    """Return images of rows of discs of one class, each row pushed together by chance."""
    draw = np.random.default_rng(seed)
    x = np.cumsum(draw.uniform(0.3, 0.8, (images, rows, discs)) * DIAMETER_PX, axis=2)
    y = np.broadcast_to((np.arange(rows) * 1.5 * DIAMETER_PX)[None, :, None], x.shape)
    size = np.full(x.shape, DIAMETER_PX)
    boxes = np.stack([x, y, size, size], axis=-1).reshape(-1, 4)
    ids = np.arange(1, images + 1)
    count = rows * discs
    names = tuple(f"{one}.png" for one in ids.tolist())
    return Truth(
        Images(ids, names, np.full(images, 600), np.full(images, 300)),
        (Category(1, "disc"),),
        np.arange(1, len(boxes) + 1),
        np.repeat(ids, count),
        np.ones(len(boxes), np.int64),
        boxes,
        np.zeros(len(boxes), bool),
    )


def found_by(truth: Truth, seed: int, jitter_px: float = 3.0, recall: float = 0.85) -> Detections:
    """Return what a detector of some quality finds: most discs, moved a little, and false alarms of low score."""
    draw = np.random.default_rng(seed)
    seen = draw.uniform(size=len(truth.image_id)) < recall
    boxes = truth.boxes_xywh[seen] + draw.normal(0, jitter_px, (int(seen.sum()), 4))
    false = int(0.3 * len(boxes))
    elsewhere = boxes[draw.integers(len(boxes), size=false)] + draw.normal(0, 25, (false, 4)) * [1, 1, 0.2, 0.2]
    every = np.vstack([boxes, elsewhere])
    every[:, 2:] = np.maximum(every[:, 2:], 4.0)
    images = truth.image_id[seen]
    scores = np.concatenate([draw.beta(5, 2, len(boxes)), draw.beta(2, 4, false)])
    image_id = np.concatenate([images, draw.choice(images, false)])
    return Detections(image_id, np.ones(len(every), np.int64), every, scores)
