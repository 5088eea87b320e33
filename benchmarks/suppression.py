"""NMS and soft-NMS of 214,831 boxes (`fusion`): this project against torchvision, mmcv and ensemble-boxes.

Our overlap graph is made once per set and shown as its own row; a setting is then what a sweep pays again and again.
The other tools get their boxes split by image beforehand, in the form they like best.
"""

from collections.abc import Callable

import numpy as np
import torch
from ensemble_boxes import nms as ensemble_nms
from ensemble_boxes import soft_nms as ensemble_soft_nms
from inputs import Inputs, corners, inputs
from mmcv.ops import batched_nms as mmcv_batched_nms
from stopwatch import Tool, cpu_ms, markdown, write_table
from torchvision.ops import batched_nms

from results.postprocess import NmsSetting, Suppressor
from results.prepared import group

ROUNDS = 7
IOU, SIGMA, MIN_SCORE = 0.5, 0.5, 0.001


def main() -> None:
    """Measures and writes `suppression.md`."""
    torch.set_num_threads(1)
    given = inputs("fusion")
    ours, theirs = _ours(given), _theirs(given)
    times = cpu_ms({**ours, **theirs})
    base = {
        "a hard-NMS setting": ("torchvision, per image", "mmcv NMS"),
        "a gaussian soft-NMS setting": ("mmcv soft-NMS", "ensemble-boxes soft-NMS"),
    }
    ratios = {
        tool: ", ".join(f"{times[name] / times[tool]:.1f}x below {name}" for name in against)
        for tool, against in base.items()
    }
    rows = [[tool, spent, ratios.get(tool, "")] for tool, spent in times.items()]
    table = markdown(["tool", "CPU ms", "ratio"], rows)
    write_table("suppression", f"Suppression of {len(given.detections)} boxes: CPU milliseconds", [table])


def _ours(given: Inputs) -> dict[str, Tool]:
    found = given.detections
    grouped = group(found, np.unique(found.category_id), np.unique(found.image_id))
    suppressor = Suppressor(grouped)

    def run(setting: NmsSetting) -> Tool:
        return Tool(lambda: suppressor.run(setting), ROUNDS, 5)

    return {
        "overlap graph": Tool(lambda: Suppressor(grouped).graph, ROUNDS),
        "a hard-NMS setting": run(NmsSetting("hard", iou_threshold=IOU, min_score=MIN_SCORE)),
        "a linear soft-NMS setting": run(NmsSetting("soft_linear", iou_threshold=IOU, min_score=MIN_SCORE)),
        "a gaussian soft-NMS setting": run(NmsSetting("soft_gaussian", sigma=SIGMA, min_score=MIN_SCORE)),
    }


def _theirs(given: Inputs) -> dict[str, Tool]:
    images = _by_image(given)
    tensors = [tuple(map(torch.tensor, columns)) for columns in images]
    scale = np.array([1333.0, 800.0] * 2)
    lists = [([box / scale], [score.astype(np.float64)], [label]) for box, score, label in images]
    soft = {"type": "soft_nms", "iou_threshold": 0.3, "sigma": SIGMA, "min_score": MIN_SCORE, "method": "gaussian"}

    def each(run: Callable[..., object], items: list[tuple[object, ...]]) -> Callable[[], None]:
        def all_images() -> None:
            for columns in items:
                run(*columns)

        return all_images

    hard = {"type": "nms", "iou_threshold": IOU}
    return {
        "torchvision, per image": Tool(each(lambda b, s, c: batched_nms(b, s, c, IOU), tensors), ROUNDS),
        "mmcv NMS": Tool(each(lambda b, s, c: mmcv_batched_nms(b, s, c, hard), tensors), ROUNDS),
        "mmcv soft-NMS": Tool(each(lambda b, s, c: mmcv_batched_nms(b, s, c, soft), tensors), 3, 0),
        "ensemble-boxes NMS": Tool(each(lambda b, s, c: ensemble_nms(b, s, c, iou_thr=IOU), lists), 2, 0),
        "ensemble-boxes soft-NMS": Tool(
            each(lambda b, s, c: ensemble_soft_nms(b, s, c, method=2, sigma=SIGMA, thresh=MIN_SCORE), lists), 1, 0
        ),
    }


def _by_image(given: Inputs) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    found = given.detections
    order = np.argsort(found.image_id, kind="stable")
    ends = np.flatnonzero(np.diff(found.image_id[order])) + 1
    boxes = corners(found.boxes_xywh).astype(np.float32)
    return [
        (boxes[rows], found.scores[rows].astype(np.float32), found.category_id[rows]) for rows in np.split(order, ends)
    ]


if __name__ == "__main__":
    main()
