"""Boxes in, AP out: this project against pycocotools, faster-coco-eval and hotcoco, on `comp` and `coco`.

"Equal work" is area=all and one cap, what a score needs. "Cold" is unsorted columns in, the AP of every class at ten
IoUs out; "warm" is the same when only the kept boxes changed. Also a paired bootstrap of two systems.
Every tool has one thread, which is what its CPU time is lowest with.
"""

import contextlib
import io
import os
import sys
from collections.abc import Callable

# Before hotcoco starts its threads; `threads.py` alone asks for two.
os.environ.setdefault("RAYON_NUM_THREADS", "1")

import hotcoco
import numpy as np
from inputs import Inputs, inputs
from stopwatch import Tool, cpu_ms, markdown, write_table

from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import Kept, keep_all, match, score, subset
from results.uncertainty import image_weights, replicate_aps

ROUNDS = {"comp": 9, "coco": 4}
REPLICATES = 500
COCO = load_rule("coco")


def main() -> None:
    """Measures and writes `evaluation.md`; with `--quick`, without the two slow references."""
    quick = "--quick" in sys.argv
    parts = [table(name, quick) for name in ROUNDS]
    if quick:
        print("\n".join(parts))
    else:
        write_table("evaluation", "Evaluation: CPU milliseconds", parts)


def table(name: str, quick: bool) -> str:
    """All tools on one set, with the ratio to hotcoco at the same work."""
    given = inputs(name)
    rounds = ROUNDS[name]
    ours, reference = our_tools(given, rounds), hotcoco_tools(given, rounds)
    slow = {} if quick else _slow(given)
    times = cpu_ms({**ours, **reference, **slow})
    equal, replicate = times["hotcoco, equal work"], times["hotcoco `compare`, 50 replicates"] / 50
    base = {"cold": equal, "warm": equal, f"bootstrap, {REPLICATES} replicates": replicate}
    rows = []
    for tool, spent in times.items():
        per = spent / REPLICATES if tool.startswith("bootstrap") else spent
        rows.append([tool, spent, f"{base[tool] / per:.1f}x below hotcoco" if tool in base else ""])
    return f"## {name}\n\n{markdown(['tool', 'CPU ms', 'ratio'], rows)}"


def our_tools(given: Inputs, rounds: int) -> dict[str, Tool]:
    """This project's rows of the table."""
    truth = prepare_truth(given.truth, COCO)
    prepared = prepare(truth, given.detections)
    half = np.random.default_rng(0).random(len(prepared)) < 0.9
    kept: list[Kept] = [keep_all(prepared), subset(keep_all(prepared), half)]
    weights = image_weights(len(truth.image_id), REPLICATES, 0)
    shuffled = given.detections.select(np.random.default_rng(1).permutation(len(given.detections)))
    matched = [match(prepared, part) for part in kept]

    def bootstrap() -> None:
        for part in matched:
            replicate_aps(part, weights)

    return {
        "cold": Tool(lambda: score(given.truth, given.detections, COCO), rounds, 3),
        "cold, rows in random order": Tool(lambda: score(given.truth, shuffled, COCO), rounds, 3),
        "warm": Tool(lambda: match(prepared, kept[1]).class_ap(), rounds, 10),
        f"bootstrap, {REPLICATES} replicates": Tool(bootstrap, 2, 0),
    }


def hotcoco_tools(given: Inputs, rounds: int) -> dict[str, Tool]:
    """The rows of hotcoco, on the threads that RAYON_NUM_THREADS gives it."""
    truth, rows = _dataset(given), _rows(given)
    reference = hotcoco.COCO(truth)
    found = reference.load_res(rows)
    lesser = reference.load_res(rows[np.random.default_rng(0).random(len(rows)) < 0.9])

    def evaluated(which: object) -> hotcoco.COCOeval:
        evaluation = hotcoco.COCOeval(reference, which, "bbox")
        evaluation.evaluate()
        return evaluation

    def equal() -> None:
        evaluation = hotcoco.COCOeval(reference, found, "bbox")
        evaluation.params.area_rng = [[0.0, 1e10]]
        evaluation.params.area_rng_lbl = ["all"]
        evaluation.params.max_dets = [100]
        evaluation.evaluate()
        evaluation.accumulate()

    def full() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = evaluated(found)
            evaluation.accumulate()
            evaluation.summarize()

    pair = [evaluated(found), evaluated(lesser)]
    replicates = "hotcoco `compare`, 50 replicates"
    return {
        "hotcoco, equal work": Tool(equal, rounds, 3),
        "hotcoco, full": Tool(full, rounds, 1),
        replicates: Tool(lambda: hotcoco.compare(*pair, n_bootstrap=50), 2, 0),
    }


def _slow(given: Inputs) -> dict[str, Tool]:
    import faster_coco_eval
    from pycocotools import coco, cocoeval

    def whole(made: Callable[[], object], evaluation: Callable[..., object]) -> Callable[[], None]:
        with contextlib.redirect_stdout(io.StringIO()):
            reference = made()
            found = reference.loadRes(_rows(given))  # type: ignore[attr-defined]

        def run() -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                one = evaluation(reference, found, "bbox")
                one.evaluate()  # type: ignore[attr-defined]
                one.accumulate()  # type: ignore[attr-defined]
                one.summarize()  # type: ignore[attr-defined]

        return run

    def pycoco() -> object:
        reference = coco.COCO()
        reference.dataset = _dataset(given)
        reference.createIndex()
        return reference

    return {
        "pycocotools, full": Tool(whole(pycoco, cocoeval.COCOeval), 1, 0),
        "faster-coco-eval, full": Tool(
            whole(lambda: faster_coco_eval.COCO(_dataset(given)), faster_coco_eval.COCOeval_faster), 2, 0
        ),
    }


def _dataset(given: Inputs) -> dict[str, object]:
    truth = given.truth
    annotations = [
        {
            "id": row + 1,
            "image_id": int(image),
            "category_id": int(category),
            "bbox": box.tolist(),
            "iscrowd": int(crowd),
        }
        | {"area": float(box[2] * box[3])}
        for row, (image, category, box, crowd) in enumerate(
            zip(truth.image_id, truth.category_id, truth.boxes_xywh, truth.is_crowd, strict=True)
        )
    ]
    images = [{"id": int(id_), "file_name": "x", "width": 1333, "height": 800} for id_ in truth.images.image_id]
    categories = [{"id": one.id, "name": one.name} for one in truth.categories]
    return {"info": {}, "images": images, "categories": categories, "annotations": annotations}


def _rows(given: Inputs) -> np.ndarray:
    found = given.detections
    return np.column_stack([found.image_id, found.boxes_xywh, found.scores, found.category_id]).astype(np.float64)


if __name__ == "__main__":
    main()
