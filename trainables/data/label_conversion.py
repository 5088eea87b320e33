"""From one form of labels to another: COCO json, VOC xml, YOLO text, LabelMe json. COCO is the hub.

What a format cannot hold comes back from the folder's sidecar; a folder without one gets new ids.
"""

from pathlib import Path
from typing import Literal

from results.coco_json import Row
from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile, read_annotation_file, write_annotation_file
from trainables.data.label_changes import Terms, merged
from trainables.data.label_folders import LabelFolder, read_folder, write_folder
from trainables.data.label_rows import check_rows
from trainables.data.voc_xml import Pixels

Form = Literal["coco", "voc", "yolo", "labelme"]
FORMS: tuple[Form, ...] = ("coco", "voc", "yolo", "labelme")


def read_labels(
    source: Path, form: Form, pixels: Pixels, categories: Path | None = None, pictures: Path | None = None
) -> AnnotationFile:
    """Labels of any form as annotations.

    Args:
        source: a json file for COCO, a folder for the others.
        form: of the labels.
        pixels: VOC's convention in a folder without a sidecar.
        categories: COCO json whose category ids and names are taken where the folder has no sidecar. Without it YOLO's
            class numbers become ids; names of VOC and LabelMe are numbered from 1 in alphabetical order.
        pictures: folder of the images, for YOLO's sizes.

    Raises:
        InputError: something is missing or malformed.
    """
    if form == "coco":
        annotations = read_annotation_file(source)
        check_rows(annotations)
        return annotations
    known = read_annotation_file(categories) if categories else None
    folder = read_folder(source, form, pixels, known, pictures)
    base = folder.sidecar.annotations if folder.sidecar else _empty(source, folder, known)
    check_rows(base)
    return merged(base, folder.images, Terms(form))[0]


def write_labels(target: Path, form: Form, annotations: AnnotationFile, pixels: Pixels) -> None:
    """Writes annotations as labels of any form.

    Raises:
        InputError: the target is there already, or the annotations cannot be written so.
    """
    if form != "coco":
        write_folder(target, annotations, form, pixels)
        return
    if target.exists():
        raise InputError("a conversion writes a new file", target, "choose another, or move this one away")
    write_annotation_file(target, annotations)


def _empty(source: Path, folder: LabelFolder, known: AnnotationFile | None) -> AnnotationFile:
    rows = known.categories if known else _categories(folder)
    return AnnotationFile(source, [], [], rows, {})


def _categories(folder: LabelFolder) -> list[Row]:
    if folder.names:
        return [{"id": number, "name": name} for number, name in enumerate(folder.names)]
    names = sorted({box.name.strip() for image in folder.images for box in image.boxes})
    return [{"id": number, "name": name} for number, name in enumerate(names, 1)]
