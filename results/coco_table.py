"""COCO's own twelve numbers, from the library hotcoco, for the columns that every leaderboard of detectors shows.

Annotations are renumbered 1..n, because real files hold duplicate ids and zeros, which COCO tools take for something
else; everything is joined by id, never by order. The contest's score is not computed here: `results.scoring` does that.
"""

import contextlib
import io
from collections.abc import Sequence

import numpy as np
from hotcoco import COCO, COCOeval

from results.boxes import Detections, FloatArray, Images, Truth

COCO_KEYS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


def coco_numbers(truth: Truth, detections: Detections) -> dict[str, float | None]:
    """AP and AR as COCO defines them, with at most 100 detections an image and class.

    Detections on images or of categories that the truth does not list are left out, as COCO does. Areas are width times
    height. Prints nothing, but swaps `sys.stdout` while the library summarizes: not for several threads at once.

    Args:
        truth: boxes in original-image pixels.
        detections: in the same pixels.

    Returns:
        One entry for each of `COCO_KEYS`; None where the truth has no box of that size, hence no number.
    """
    if len(truth) == 0:
        return dict.fromkeys(COCO_KEYS)
    evaluation = coco_evaluation(truth, detections)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.run()
    numbers = evaluation.get_results()
    return {key: None if numbers[key] < 0 else float(numbers[key]) for key in COCO_KEYS}


def coco_class_rows(truth: Truth, detections: Detections) -> dict[int, dict[str, float | None]]:
    """AP and AP50 of every class by contest category id, as `coco_numbers` counts; None without truth of the class."""
    rows: dict[int, dict[str, float | None]] = {one.id: {"AP": None, "AP50": None} for one in truth.categories}
    if len(truth) == 0:
        return rows
    evaluation = coco_evaluation(truth, detections)
    evaluation.evaluate()
    evaluation.accumulate()
    # (IoUs, recalls, classes, areas, caps): all areas come first, the cap of 100 last; -1 is undefined.
    accumulated = evaluation.eval or {}
    precision = accumulated["precision"][:, :, :, 0, -1]
    for place, id_ in enumerate(evaluation.params.cat_ids):
        rows[id_] = {"AP": _mean(precision[:, :, place]), "AP50": _mean(precision[0, :, place])}
    return rows


def _mean(precision: FloatArray) -> float | None:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else None


def coco_evaluation(truth: Truth, detections: Detections, ious: Sequence[float] = ()) -> COCOeval:
    """The library's evaluation of a truth with at least one box, not run yet.

    Args:
        truth: boxes in original-image pixels.
        detections: in the same pixels.
        ious: the IoUs to match at; COCO's ten if there are none.
    """
    truth_coco = COCO.from_arrays(
        images=_image_rows(truth.images),
        categories=[{"id": category.id, "name": category.name} for category in truth.categories],
        image_ids=truth.image_id,
        category_ids=truth.category_id,
        boxes=truth.boxes_xywh,
        ids=np.arange(1, len(truth) + 1),
        iscrowd=truth.is_crowd.astype(np.int64),
    )
    evaluation = COCOeval(truth_coco, truth_coco.load_res(_result_rows(truth, detections)), "bbox")
    if ious:
        evaluation.params.iou_thrs = list(ious)
    return evaluation


def _image_rows(images: Images) -> list[dict[str, int | str]]:
    columns = zip(images.image_id, images.file_name, images.width_px, images.height_px, strict=True)
    return [{"id": int(i), "file_name": name, "width": int(w), "height": int(h)} for i, name, w, h in columns]


def _result_rows(truth: Truth, detections: Detections) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(N, 7): image id, x, y, width, height, score, category id, as hotcoco's `load_res` takes them."""
    known_categories = np.array([category.id for category in truth.categories], dtype=np.int64)
    known = np.isin(detections.image_id, truth.images.image_id) & np.isin(detections.category_id, known_categories)
    kept = detections.select(known)
    return np.column_stack([kept.image_id, kept.boxes_xywh, kept.scores, kept.category_id]).astype(np.float64)
