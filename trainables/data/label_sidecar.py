"""The file beside a folder of labels that says what the format cannot: ids, iscrowd, unknown fields, categories.

`labels_sidecar.json` holds the annotations that the folder was written from, whole, and VOC's convention of pixels. A
folder is compared with it when it is read back. A folder from elsewhere has none.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from results.coco_json import load_json, rows_of, table
from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile
from trainables.data.voc_xml import Pixels

NAME = "labels_sidecar.json"
_TABLES = ("images", "annotations", "categories")


@dataclass(frozen=True)
class Sidecar:
    """What a folder was written from, and with which convention of pixels."""

    annotations: AnnotationFile
    pixels: Pixels


def sidecar_text(sidecar: Sidecar) -> str:
    """The file's content."""
    annotations = sidecar.annotations
    tables = {key: getattr(annotations, key) for key in _TABLES}
    return json.dumps({"pixels": sidecar.pixels, "coco": {**annotations.others, **tables}}, ensure_ascii=False) + "\n"


def read_sidecar(folder: Path) -> Sidecar | None:
    """None where there is none.

    Raises:
        InputError: it is not as it was written.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    content = load_json(path)
    coco, pixels = table(content, "coco", path), table(content, "pixels", path)
    images, annotations, categories = (rows_of(table(coco, key, path), f"{path}: {key}") for key in _TABLES)
    if pixels not in ("edges", "inclusive"):
        raise InputError("pixels are edges or inclusive", f"{path}: {pixels}", "mend the sidecar")
    others = {key: value for key, value in cast(dict[str, object], coco).items() if key not in _TABLES}
    return Sidecar(AnnotationFile(path, images, annotations, categories, others), pixels)
