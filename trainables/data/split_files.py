"""Writes the files of one split: train.json, val.json, dataset.yaml where the images are known, and split.json last.

What goes where was decided before; rows pass through whole.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from results.boxes import IntArray
from results.errors import InputError
from results.layout import write_atomically
from trainables.data.annotation_file import AnnotationFile, write_annotation_file

RECORD = "split.json"
SIDES = ("train", "val")


@dataclass(frozen=True)
class SplitToWrite:
    """One split.

    Attributes:
        content: the whole file.
        rows_of: image rows of train and of val, ascending.
        record: for split.json.
        images: the image folder, None where it was not given.
        group_by: for dataset.yaml.
        rule: for dataset.yaml, a built-in rule's name or a file.
    """

    content: AnnotationFile
    rows_of: Mapping[str, IntArray]
    record: Mapping[str, object]
    images: Path | None
    group_by: str | None
    rule: str | None


def check_folder(folder: Path) -> None:
    """Refuses a folder whose train.json or val.json is not an earlier split's.

    Raises:
        InputError: there is one without a split.json.
    """
    there = [f"{side}.json" for side in SIDES if (folder / f"{side}.json").exists()]
    if there and not (folder / RECORD).exists():
        received = f"{folder} holds {' and '.join(there)} without {RECORD}"
        raise InputError("a split replaces nothing but an earlier split", received, "give another --out")


def write_split(folder: Path, split: SplitToWrite) -> None:
    """Writes the split into the folder; equal splits give equal files."""
    (folder / RECORD).unlink(missing_ok=True)
    for side in SIDES:
        write_annotation_file(folder / f"{side}.json", _part(split.content, split.rows_of[side]))
    if split.images is not None:
        write_atomically(folder / "dataset.yaml", _dataset_yaml(folder, split, split.images))
    write_atomically(folder / RECORD, json.dumps(split.record, indent=1, ensure_ascii=False) + "\n")


def _part(content: AnnotationFile, rows: IntArray) -> AnnotationFile:
    images = [content.images[row] for row in np.sort(rows).tolist()]
    kept = {image["id"] for image in images}
    return content.with_rows(images, [row for row in content.annotations if row["image_id"] in kept])


def _dataset_yaml(folder: Path, split: SplitToWrite, images: Path) -> str:
    place = _seen_from(folder, images)
    content: dict[str, object] = {side: {"annotations": f"{side}.json", "images": place} for side in SIDES}
    if split.rule is not None:
        is_file = Path(split.rule).is_file()
        content["rule"] = _seen_from(folder, Path(split.rule)) if is_file else split.rule
    if split.group_by is not None:
        content["group_by"] = split.group_by
    text = StringIO()
    YAML(typ="safe", pure=True).dump(content, text)
    return text.getvalue()


def _seen_from(folder: Path, path: Path) -> str:
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
