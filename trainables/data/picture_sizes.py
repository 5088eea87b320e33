"""Names and sizes of the images that label files without them belong to: from annotations, else from the pictures.

A picture's header is read, its pixels are not.
"""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile
from trainables.data.labelled_image import stem_of

PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
Found = tuple[str, tuple[int, int]]


class PictureSizes:
    """Looks names and sizes up by stem.

    Args:
        known: annotations; None for none.
        pictures: folder of the images; None for none.
    """

    def __init__(self, known: AnnotationFile | None, pictures: Path | None) -> None:
        rows = known.images if known else ()
        self._rows = {stem_of(str(row.get("file_name"))): row for row in rows}
        self._folder = pictures
        self._paths: dict[str, Path] | None = None

    def of(self, stem: str) -> Found:
        """File name, width and height in px.

        Raises:
            InputError: nothing knows them, or the picture cannot be read.
        """
        row = self._rows.get(stem_of(stem + ".txt"))
        if row is not None:
            width, height = row.get("width"), row.get("height")
            if type(width) is int and type(height) is int:
                return str(row["file_name"]), (width, height)
        path = self._pictures().get(stem_of(stem + ".txt"))
        if path is None or self._folder is None:
            raise InputError("YOLO labels need the image's size", stem, "give the image folder with --images")
        return path.relative_to(self._folder).as_posix(), _size(path)

    def _pictures(self) -> dict[str, Path]:
        if self._paths is None:
            paths = sorted(self._folder.rglob("*")) if self._folder else []
            self._paths = {
                stem_of(path.relative_to(self._folder or path).as_posix()): path
                for path in paths
                if path.suffix.lower() in PICTURE_ENDINGS
            }
        return self._paths


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            return width, height
    except (OSError, UnidentifiedImageError) as error:
        raise InputError("an image can be read", f"{path}: {error}", "mend it or leave its labels out") from error
