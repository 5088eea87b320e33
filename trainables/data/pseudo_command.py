"""`prepare pseudo`: confident detections of a run's best trial, or of an ensemble, as labels for unlabelled images.

Writes the labels, and beside them a training file that holds the real ones too and a data set for the next search.
Whoever validates on such labels measures how well a model agrees with itself: `check_dataset` refuses them there.
"""

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results.boxes import Detections, Images, Truth, detections_from_coco, images_from_coco
from results.errors import InputError
from results.layout import RunLayout, chosen_run
from results.ledger import read_events
from results.ranking import scored
from results.rules import load_rule
from results.trial_files import read_boxes
from results.trial_manifest import best_whole
from results.trial_records import trials_of
from trainables.data.annotation_file import AnnotationFile, read_annotation_file, write_annotation_file
from trainables.data.dataset import Dataset, load_dataset, load_truth
from trainables.data.joined_sources import Annotated, join_sources
from trainables.data.next_dataset import write_next_dataset
from trainables.data.pseudo_labels import PseudoLabels, category_rows, choose_labels, most_labels
from trainables.data.pseudo_thresholds import Threshold, class_thresholds

_PRECISION, _SHARE = 0.8, 0.5


@dataclass(frozen=True)
class _Judged:
    """Detections on the unlabelled images, with the same model's on the validation images to judge it by."""

    source: str
    detections: Detections
    validation: Detections
    truth: Truth


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `trainables.data.prepare`."""
    parser.add_argument(
        "--run", help="the run whose best trial predicts, or whose data is used; the newest if left out"
    )
    parser.add_argument("--images", type=Path, required=True, metavar="LIST.json", help="unlabelled images (COCO json)")
    parser.add_argument("--image-folder", type=Path, required=True, metavar="DIR", help="where those images lie")
    parser.add_argument("--out", type=Path, required=True, metavar="PSEUDO.json", help="the labels")
    parser.add_argument("--detections", type=Path, help="a submission for LIST.json: no trial predicts")
    parser.add_argument("--validation", type=Path, help="its .validation.json: the same ensemble on the val images")
    parser.add_argument(
        "--with", type=Path, dest="train", metavar="TRAIN.json", help="real labels; the run's if left out"
    )
    parser.add_argument(
        "--precision", type=float, default=_PRECISION, help=f"that the lower bound reaches (default {_PRECISION})"
    )
    parser.add_argument(
        "--share", type=float, default=_SHARE, help=f"most labels of a class per real box of it (default {_SHARE})"
    )
    parser.add_argument("--json", action="store_true", help="print one line of json")


def run(arguments: argparse.Namespace) -> int:
    """Writes labels, training file and data set.

    Raises:
        InputError: a flag, a file or the run is wrong, or nothing is confident enough.
    """
    _check(arguments)
    layout = chosen_run(arguments.run)
    header = read_events(layout.ledger)[0]
    dataset, rule = load_dataset(Path(str(header["dataset"]))), load_rule(str(header["rule"]))
    images = images_from_coco(arguments.images)
    train = read_annotation_file(arguments.train or dataset.train.annotations)
    judged = _from_files(arguments, dataset) if arguments.detections else _from_trial(arguments, layout, images)
    thresholds = class_thresholds(judged.truth, judged.validation, rule, arguments.precision)
    boxes = Counter(int(str(row["category_id"])) for row in train.annotations)
    labels = choose_labels(images, judged.detections, thresholds, most_labels(boxes, arguments.share))
    if not labels.annotations:
        received = f"none among {len(judged.detections)} at a lower bound of {arguments.precision}"
        raise InputError("some detection is confident enough", received, "give a lower --precision, or a better run")
    written = _write(arguments.out, (arguments.image_folder, labels, judged.truth), train, dataset)
    print(_json(labels, thresholds, written) if arguments.json else _text(labels, thresholds, written, judged.source))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if (arguments.detections is None) != (arguments.validation is None):
        raise InputError(
            "--detections come with --validation",
            arguments.detections or arguments.validation,
            "give the submission and the .validation.json that ensembles.build wrote beside it",
        )
    if not 0 < arguments.precision < 1:
        raise InputError("--precision lies between 0 and 1", arguments.precision, f"use {_PRECISION}")
    if not arguments.share > 0:
        raise InputError("--share is above 0", arguments.share, f"use {_SHARE}")


def _from_files(arguments: argparse.Namespace, dataset: Dataset) -> _Judged:
    return _Judged(
        str(arguments.detections),
        detections_from_coco(arguments.detections),
        detections_from_coco(arguments.validation),
        load_truth(dataset, dataset.val),
    )


def _from_trial(arguments: argparse.Namespace, layout: RunLayout, images: Images) -> _Judged:
    """The best trial that has its weights, predicting now."""
    records = trials_of(read_events(layout.ledger)).values()
    complete = scored(records)
    kept = [one.number for one in complete if layout.trial(one.number).weights.is_file()]
    if not kept:
        received = f"run {layout.name} has {len(complete)} COMPLETE trials, none with weights"
        raise InputError("labels are predicted by a COMPLETE trial", received, "let the search go on, or take another")
    number = best_whole(layout, records, kept)
    boxes = read_boxes(layout.trial(number))
    if boxes is None:
        raise InputError("a trial is judged by its validation boxes", f"trial {number} kept none", "take another --run")
    from trainables.predict import image_files  # torch: only once the input is known to be good
    from trainables.trained import load_trial

    predicted = load_trial(layout.trial(number)).predict(image_files(images, arguments.image_folder))
    return _Judged(f"trial {number} of {layout.name}", predicted, boxes.detections, boxes.truth)


def _write(
    out: Path, found: tuple[Path, PseudoLabels, Truth], train: AnnotationFile, dataset: Dataset
) -> dict[str, Path]:
    """The files by what they are; the labels alone, the labels with the real ones, and a data set that uses them."""
    folder, labels, truth = found
    pseudo = AnnotationFile(Path(), labels.images, labels.annotations, category_rows(truth.categories), {})
    joined = join_sources(Annotated(train, dataset.train.images), Annotated(pseudo, folder))
    paths = {
        "labels": out,
        "train": out.with_name(f"{out.stem}_train.json"),
        "dataset": out.with_name(f"{out.stem}_dataset.yaml"),
    }
    write_annotation_file(paths["labels"], pseudo)
    write_annotation_file(paths["train"], joined.file)
    write_next_dataset(paths["dataset"], dataset, paths["train"], joined.images)
    return paths


def _json(labels: PseudoLabels, thresholds: dict[int, Threshold], written: dict[str, Path]) -> str:
    classes = {
        str(category): {
            "least_score": one.least_score,
            "precision": one.precision,
            "bound": one.bound,
            "confident": labels.counts[category].confident,
            "taken": labels.counts[category].taken,
        }
        for category, one in thresholds.items()
    }
    files = {name: str(path) for name, path in written.items()}
    content = {"images": len(labels.images), "labels": len(labels.annotations), "classes": classes, "files": files}
    return json.dumps(content, ensure_ascii=False)


def _text(labels: PseudoLabels, thresholds: dict[int, Threshold], written: dict[str, Path], source: str) -> str:
    lines = [f"labels by {source}", "class  from score  precision  at least  confident   taken"]
    for category, one in thresholds.items():
        count = labels.counts[category]
        if one.least_score is None:
            lines.append(
                f"{category:>5}  no score reaches the target (at most {one.bound:.3f}): no label of this class"
            )
            continue
        known = f"{one.least_score:>10.4f}  {one.precision:>9.3f}  {one.bound:>8.3f}"
        lines.append(f"{category:>5}  {known}  {count.confident:>9}  {count.taken:>6}")
    scores = np.array([float(str(row["score"])) for row in labels.annotations])
    lines.append(
        f"{len(scores)} labels on {len(labels.images)} images, scores {scores.min():.3f} to {scores.max():.3f}"
    )
    return "\n".join([*lines, *(f"{name:<8} {path}" for name, path in written.items())])
