"""Folders of label files, one an image: read into `LabelledImage`s, written from annotations, with their sidecar."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from results.errors import InputError
from trainables.data import label_sidecar, labelme_json, voc_xml, yolo_txt
from trainables.data.annotation_file import AnnotationFile
from trainables.data.label_rows import labelled_images
from trainables.data.label_sidecar import Sidecar, read_sidecar, sidecar_text
from trainables.data.labelled_image import LabelledImage, check_stem
from trainables.data.picture_sizes import PictureSizes
from trainables.data.voc_xml import Pixels

Kind = Literal["voc", "yolo", "labelme"]
ENDINGS: Mapping[str, str] = {"voc": voc_xml.ENDING, "yolo": yolo_txt.ENDING, "labelme": labelme_json.ENDING}
_NO_LABELS = (label_sidecar.NAME, yolo_txt.CLASSES)


@dataclass(frozen=True)
class LabelFolder:
    """What a folder holds.

    Attributes:
        images: one a label file, by path.
        names: of the classes in order, where the format lists them.
        sidecar: what the folder was written from; None for one from elsewhere.
    """

    images: tuple[LabelledImage, ...]
    names: tuple[str, ...]
    sidecar: Sidecar | None


def read_folder(
    folder: Path, kind: Kind, pixels: Pixels, known: AnnotationFile | None = None, pictures: Path | None = None
) -> LabelFolder:
    """Reads every label file below `folder`.

    Args:
        folder: of the label files.
        kind: of labels.
        pixels: VOC's convention in a folder without a sidecar.
        known: annotations to take the sizes from that YOLO does not say; the sidecar's where there is one.
        pictures: folder of the images, for sizes that nothing else knows.

    Raises:
        InputError: no such folder, no labels in it, or a malformed file.
    """
    files = [path for path in sorted(folder.rglob(f"*{ENDINGS[kind]}")) if path.name not in _NO_LABELS]
    if not files:
        raise InputError(f"{kind} labels are a folder with {ENDINGS[kind]} files", folder, "check the path and --from")
    sidecar = read_sidecar(folder)
    names = _names(folder) if kind == "yolo" else []
    sizes = PictureSizes(sidecar.annotations if sidecar else known, pictures)
    drawn = sidecar.pixels if sidecar else pixels

    def image(path: Path) -> LabelledImage:
        content, stem = path.read_bytes(), path.relative_to(folder).as_posix()[: -len(path.suffix)]
        if kind == "voc":
            return voc_xml.read_voc(content, stem, drawn)
        if kind == "labelme":
            return labelme_json.read_labelme(content, stem)
        return yolo_txt.read_yolo(content, str(path), sizes.of(stem), names)

    return LabelFolder(tuple(map(image, files)), tuple(names), sidecar)


def write_folder(folder: Path, annotations: AnnotationFile, kind: Kind, pixels: Pixels) -> int:
    """Writes one label file an image, and the sidecar; the folder appears whole or not at all.

    Returns:
        The number of label files.

    Raises:
        InputError: the folder holds something, or the annotations cannot be written as labels.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("labels are written into a new folder", folder, "choose another, or move this one away")
    texts = dict(_texts(annotations, kind, pixels))
    building = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(building, ignore_errors=True)  # what a killed command left
    for name, text in texts.items():
        path = building / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    if folder.exists():
        folder.rmdir()
    building.rename(folder)
    return len(annotations.images)


def _texts(annotations: AnnotationFile, kind: Kind, pixels: Pixels) -> Iterator[tuple[str, str]]:
    names = [str(row["name"]) for row in annotations.categories]
    writers: Mapping[str, Callable[[LabelledImage], str]] = {
        "voc": lambda image: voc_xml.voc_text(image, pixels),
        "yolo": lambda image: yolo_txt.yolo_text(image, names),
        "labelme": labelme_json.labelme_text,
    }
    for image in labelled_images(annotations, kind):
        yield check_stem(image.file_name) + ENDINGS[kind], writers[kind](image)
    if kind == "yolo":
        yield yolo_txt.CLASSES, yolo_txt.names_text(names)
    yield label_sidecar.NAME, sidecar_text(Sidecar(annotations, pixels))


def _names(folder: Path) -> list[str]:
    for name in (yolo_txt.CLASSES, yolo_txt.DATA):
        if (folder / name).is_file():
            return yolo_txt.read_names((folder / name).read_bytes(), str(folder / name))
    raise InputError(f"YOLO labels have {yolo_txt.CLASSES} or {yolo_txt.DATA}", folder, "list the classes in order")
