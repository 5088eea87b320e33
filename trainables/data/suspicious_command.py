"""`prepare labels suspicious`: the labels that a finished trial contradicts: a list, json, a sheet of pictures.

Reads what the trial kept of its validation images, on which it was not trained; labels of other images need a run that
validates on them (one for each fold). Changes nothing: corrected labels come back with `labels merge`.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from results.boxes import FloatArray
from results.errors import InputError
from results.layout import TrialLayout, chosen_run
from results.ledger import read_events
from results.ranking import best_first
from results.trial_files import Boxes, read_boxes
from results.trial_manifest import best_whole, check_whole, score_files
from results.trial_records import COMPLETE, trials_of
from trainables.data.dataset import load_dataset
from trainables.data.suspicion import KINDS, WORTH_A_LOOK, Suspicion, suspicions

_DECIMALS = 4


@dataclass(frozen=True)
class Suspects:
    """What a trial contradicts.

    Attributes:
        run: the run's name.
        trial: its number.
        boxes: labels and detections.
        images: folder of the images.
        listed: the most suspicious, worst first.
        counts: of those worth a look, by kind.
    """

    run: str
    trial: int
    boxes: Boxes
    images: Path
    listed: tuple[Suspicion, ...]
    counts: dict[str, int]


def run_suspicious(arguments: argparse.Namespace) -> int:
    """Lists, and draws where a page is asked for.

    Raises:
        InputError: no such run or trial, one that is not complete or kept no boxes, or images that are not there.
    """
    if arguments.top < 1:
        raise InputError("--top is 1 or more", arguments.top, "use 60")
    suspects = _suspects(arguments)
    if arguments.page:
        from trainables.data.suspicious_page import write_suspicious_page  # pictures are drawn only where asked for

        write_suspicious_page(arguments.page, suspects)
    print(json.dumps(as_json(suspects), ensure_ascii=False) if arguments.json else "\n".join(_lines(suspects)))
    return 0


def as_json(suspects: Suspects) -> dict[str, object]:
    """The list as plain data."""
    return {
        "run": suspects.run,
        "trial": suspects.trial,
        "labels": len(suspects.boxes.truth),
        "counts": suspects.counts,
        "listed": [row_of(one, suspects.boxes) for one in suspects.listed],
    }


def row_of(one: Suspicion, boxes: Boxes) -> dict[str, object]:
    """One entry of the list, by ids and names."""
    truth, detections = boxes.truth, boxes.detections
    name_of = {category.id: category.name for category in truth.categories}
    label, found = one.truth_row, one.detection_row
    image = int(truth.image_id[label] if label is not None else detections.image_id[found or 0])
    place = truth.images.image_id.tolist().index(image)
    return {
        "kind": one.kind,
        "suspicion": round(one.score, _DECIMALS),
        "file_name": truth.images.file_name[place],
        "image_id": image,
        "annotation_id": None if label is None else int(truth.annotation_id[label]),
        "label": None if label is None else name_of[int(truth.category_id[label])],
        "label_xywh": None if label is None else _box(truth.boxes_xywh, label),
        "detected": None if found is None else name_of.get(int(detections.category_id[found])),
        "detected_xywh": None if found is None else _box(detections.boxes_xywh, found),
        "detected_score": None if found is None else round(float(detections.scores[found]), _DECIMALS),
        "iou": None if one.iou is None else round(one.iou, _DECIMALS),
    }


def _suspects(arguments: argparse.Namespace) -> Suspects:
    run = chosen_run(arguments.run)
    events = read_events(run.ledger)
    records = trials_of(events)
    complete = [record.number for record in best_first(records.values()) if record.state == COMPLETE]
    number = arguments.trial
    if number is None and complete:
        number = best_whole(run, records.values(), complete, score_files)
    boxes = _boxes_of(run.trial(number)) if number in complete and number is not None else None
    if boxes is None or number is None:
        rule = "labels are compared with the boxes of a COMPLETE trial"
        raise InputError(rule, f"{run.name}: trial {number}", f"choose among {complete or 'none yet'}")
    images = arguments.images or load_dataset(Path(str(events[0].get("dataset")))).val.images
    found = suspicions(boxes.truth, boxes.detections)
    counts = Counter(one.kind for one in found if one.score >= WORTH_A_LOOK)
    return Suspects(
        run.name, number, boxes, images, tuple(found[: arguments.top]), {kind: counts[kind] for kind in KINDS}
    )


def _boxes_of(trial: TrialLayout) -> Boxes | None:
    check_whole(trial, score_files(trial))
    return read_boxes(trial)


def _box(boxes_xywh: FloatArray, row: int) -> list[float]:
    return [round(float(side), _DECIMALS) for side in boxes_xywh[row]]


def _lines(suspects: Suspects) -> Sequence[str]:
    counts = ", ".join(f"{count} {kind}" for kind, count in suspects.counts.items())
    head = f"{suspects.run}, trial {suspects.trial}: {len(suspects.boxes.truth)} labels; {counts}"
    rows = [row_of(one, suspects.boxes) for one in suspects.listed]
    return [head, *(_line(rank, row) for rank, row in enumerate(rows, 1))]


def _line(rank: int, row: dict[str, object]) -> str:
    label = "no label" if row["label"] is None else f"{row['label']} {row['label_xywh']}"
    detected = "" if row["detected"] is None else f", detected {row['detected']} {row['detected_xywh']}"
    return f"{rank:>4}  {row['suspicion']:.3f}  {row['kind']:<12}  {row['file_name']}: {label}{detected}"
