"""How high planted label errors stand in the list of suspicious labels.

    uv run python benchmarks/suspicious_labels.py RUN

The validation labels of a finished run are spoilt: a twentieth removed, a twentieth moved by half their width and
height, a twentieth renamed, and as many made up, copies of labels on other images. What is counted is the share of
these errors among the first so many entries of the list as there are errors. Errors that the labels had before count
against the ranking, so it is for data whose labels are right, such as the rendered ones.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from results.boxes import IntArray, Truth
from results.layout import run_named
from results.ledger import read_events
from results.trial_files import Boxes, read_boxes
from results.trial_records import COMPLETE, trials_of
from trainables.data.suspicion import overlaps, suspicions

DRAWS = 20
SHARE = 20
HIT_IOU = 0.3
PLANTED = ("removed", "moved", "renamed", "made up")


@dataclass(frozen=True)
class Spoilt:
    """Labels with errors: the rows that are wrong, by kind, and the rows of the old labels that are gone."""

    truth: Truth
    wrong: dict[str, set[int]]
    removed: IntArray


def main(run_name: str) -> None:
    run = run_named(run_name)
    rows = []
    for record in trials_of(read_events(run.ledger)).values():
        boxes = read_boxes(run.trial(record.number))
        if record.state == COMPLETE and record.score is not None and boxes is not None:
            found = np.mean([measured(boxes, seed) for seed in range(DRAWS)], axis=0)
            shares = " | ".join(f"{share:.2f}" for share in found)
            rows.append(f"| {record.number} | {record.score:.4f} | {len(boxes.truth)} | {shares} |")
    head = ["| trial | score | labels | all | " + " | ".join(PLANTED) + " |", "|---:|---:|---:|" + "---:|" * 5]
    title = "# Planted label errors among the first entries of `labels suspicious`"
    note = f"Share found, mean of {DRAWS} draws. Made by `python benchmarks/suspicious_labels.py {run_name}`."
    table = "\n".join([title, "", *head, *rows, "", note, ""])
    Path(__file__).with_suffix(".md").write_text(table, encoding="utf-8")
    print(table)


def measured(boxes: Boxes, seed: int) -> list[float]:
    """Shares of the planted errors that stand among the first entries: of all, and of each kind."""
    spoilt = spoil(boxes.truth, np.random.default_rng(seed))
    total = len(spoilt.removed) + sum(map(len, spoilt.wrong.values()))
    first = suspicions(spoilt.truth, boxes.detections)[:total]
    rows = {one.truth_row for one in first}
    places = boxes.detections.select(np.array([one.detection_row for one in first if one.truth_row is None], dtype=int))
    found = {kind: len(wrong & rows) for kind, wrong in spoilt.wrong.items()}
    iou, _ = overlaps(boxes.truth.boxes_xywh[spoilt.removed], places.boxes_xywh)
    same_image = boxes.truth.image_id[spoilt.removed][:, None] == places.image_id
    found["removed"] = int(((iou >= HIT_IOU) & same_image).any(axis=1).sum())
    return [sum(found.values()) / total, *(found[kind] / len(spoilt.removed) for kind in PLANTED)]


def spoil(truth: Truth, random: np.random.Generator) -> Spoilt:
    count = len(truth) // SHARE
    removed, moved, renamed = random.permutation(len(truth))[: 3 * count].reshape(3, count)
    boxes, classes = truth.boxes_xywh.copy(), truth.category_id.copy()
    boxes[moved, :2] += boxes[moved, 2:] / 2 * random.choice([-1, 1], (count, 2))
    ids = np.array([category.id for category in truth.categories])
    classes[renamed] = [random.choice(ids[ids != class_]) for class_ in classes[renamed]]
    copies = random.integers(len(truth), size=count)
    kept = np.concatenate([np.setdiff1d(np.arange(len(truth)), removed), copies])
    spoilt = replace(truth, boxes_xywh=boxes, category_id=classes).select(kept)
    image_id, made_up = spoilt.image_id.copy(), np.arange(len(kept) - count, len(kept))
    image_id[made_up] = random.choice(truth.images.image_id, count)
    place = {row: at for at, row in enumerate(kept[:-count].tolist())}
    wrong = {kind: {place[row] for row in rows.tolist()} for kind, rows in (("moved", moved), ("renamed", renamed))}
    return Spoilt(replace(spoilt, image_id=image_id), {**wrong, "made up": set(made_up.tolist())}, removed)


if __name__ == "__main__":
    main(sys.argv[1])
