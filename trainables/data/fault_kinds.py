"""Every kind of fault that an annotation file and its pictures can have, as data: name, severity, rule and remedy.

Names are stable: they stand in `--json` and in lists of changes. An error makes a number wrong or stops a search; a
notice is true of sound files, too. How faults are found and mended stands elsewhere.
"""

from dataclasses import dataclass
from typing import Literal

from results.boxes import IntArray

Severity = Literal["error", "notice"]
Table = Literal["images", "annotations", "categories"]


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault.

    Attributes:
        name: stable, unique.
        severity: whether it is an error or a notice.
        table: whose rows and ids it names.
        rule: what holds in a sound file.
        remedy: what `--fix` does about it; of a notice, what a reader may want to know.
    """

    name: str
    severity: Severity
    table: Table
    rule: str
    remedy: str


@dataclass(frozen=True)
class Fault:
    """The rows of one file that have one kind of fault.

    Attributes:
        kind: which.
        rows: (F,) row numbers in the kind's table, counted from 0, ascending.
        notes: F short texts on what was found in each row, or none at all.
    """

    kind: FaultKind
    rows: IntArray
    notes: tuple[str, ...] = ()


MALFORMED_IMAGE = FaultKind(
    "malformed-image",
    "error",
    "images",
    "an image has an integer id and a file name",
    "ids in another spelling are converted; else the row is left out",
)
IMAGE_SIZE_NOT_STATED = FaultKind(
    "image-size-not-stated",
    "error",
    "images",
    "an image has a width and a height above 0",
    "taken from the picture; without --images the row is left out",
)
DUPLICATE_IMAGE_ID = FaultKind(
    "duplicate-image-id",
    "error",
    "images",
    "image ids are distinct",
    "one row stays where the file names agree; otherwise nobody can tell whose the boxes are, and all are left out",
)
DUPLICATE_FILE_NAME = FaultKind(
    "duplicate-file-name", "error", "images", "a picture is listed once", "the first row takes the boxes of the others"
)
IMAGE_MISSING = FaultKind(
    "image-missing", "error", "images", "every image is a file on disk", "image and boxes are left out"
)
IMAGE_UNREADABLE = FaultKind(
    "image-unreadable", "error", "images", "every picture can be decoded", "image and boxes are left out"
)
IMAGE_OF_OTHER_SIZE = FaultKind(
    "image-of-other-size",
    "error",
    "images",
    "a picture has the size that is stated, once turned as its EXIF says",
    "where EXIF explains it the boxes are turned, too; else image and boxes are left out (if the boxes are right, "
    "delete width and height from the row: they are taken from the picture then)",
)
IMAGE_REPEATED_IN_TEST = FaultKind(
    "image-repeated-in-test", "error", "images", "train and test share no picture", "image and boxes are left out"
)
IMAGE_EXIF_ROTATED = FaultKind(
    "image-exif-rotated",
    "notice",
    "images",
    "a picture is stored upright",
    "training turns it as EXIF says; tools that do not show other coordinates: look at its boxes",
)
IMAGE_REPEATED = FaultKind(
    "image-repeated",
    "notice",
    "images",
    "no two files hold the same bytes",
    "both stay; a split must keep them on one side",
)
MALFORMED_CATEGORY = FaultKind(
    "malformed-category",
    "error",
    "categories",
    "a category has an integer id and a name",
    "ids in another spelling are converted; it is named by its id; without one the row is left out",
)
DUPLICATE_CATEGORY_ID = FaultKind(
    "duplicate-category-id", "error", "categories", "category ids are distinct", "the first row stays"
)
CATEGORIES_RENUMBERED = FaultKind(
    "categories-renumbered",
    "error",
    "categories",
    "a class has the id that the competition gave it",
    "the contest's ids are restored, joined by name",
)
DUPLICATE_CATEGORY_NAME = FaultKind(
    "duplicate-category-name",
    "notice",
    "categories",
    "class names are distinct",
    "both stay; `classes` of a DATASET.yaml cannot tell them apart",
)
CATEGORIES_OUT_OF_ORDER = FaultKind(
    "categories-out-of-order",
    "notice",
    "categories",
    "categories stand in the order of their ids",
    "they stay: join by id, never by place; tables that print names in file order beside rows sorted by id are wrong",
)
MALFORMED_ANNOTATION = FaultKind(
    "malformed-annotation",
    "error",
    "annotations",
    "an annotation has integers image_id and category_id, a bbox of four numbers and, if any, an iscrowd of 0 or 1",
    "ids and iscrowd in another spelling are converted, an outline gives the box; else the row is left out",
)
ANNOTATION_ID_NOT_STATED = FaultKind(
    "annotation-id-not-stated", "error", "annotations", "an annotation has an integer id", "it is given a new id"
)
DUPLICATE_ANNOTATION_ID = FaultKind(
    "duplicate-annotation-id",
    "error",
    "annotations",
    "annotation ids are distinct (pycocotools silently returns wrong boxes otherwise)",
    "the first row keeps the id, the others are given new ones",
)
ANNOTATION_WITHOUT_IMAGE = FaultKind(
    "annotation-without-image", "error", "annotations", "image_id is one of the images", "the row is left out"
)
ANNOTATION_WITHOUT_CATEGORY = FaultKind(
    "annotation-without-category", "error", "annotations", "category_id is one of the categories", "the row is left out"
)
BOX_NOT_FINITE = FaultKind(
    "box-not-finite", "error", "annotations", "a box holds neither NaN nor infinity", "the row is left out"
)
BOX_NEGATIVE = FaultKind(
    "box-negative", "error", "annotations", "width and height are not negative", "the row is left out"
)
BOX_WITHOUT_AREA = FaultKind(
    "box-without-area", "error", "annotations", "width and height are not zero", "the row is left out"
)
BOX_OUT_OF_BOUNDS = FaultKind(
    "box-out-of-bounds",
    "error",
    "annotations",
    "a box lies inside its image",
    "it is cut at the image's edge, or left out if less than a pixel remains",
)
BOXES_AS_SHARES = FaultKind(
    "boxes-as-shares",
    "error",
    "annotations",
    "boxes are in pixels, not in shares of the image's sides",
    "the rows are left out (nobody can tell corners from centres: multiply by width and height where the file is made)",
)
BOXES_AS_CORNERS = FaultKind(
    "boxes-as-corners",
    "error",
    "annotations",
    "a box is x, y, width, height, not two corners",
    "the rows are left out (subtract the first corner from the second where the file is made)",
)
EXACT_DUPLICATE = FaultKind(
    "exact-duplicate",
    "notice",
    "annotations",
    "no two boxes of an image are equal, class included",
    "they stay: the score counts each of them",
)
NEAR_DUPLICATE = FaultKind(
    "near-duplicate",
    "notice",
    "annotations",
    "no two boxes of one image and class overlap with an IoU of .9 or more",
    "they stay; look at them",
)

KINDS = (
    MALFORMED_IMAGE,
    IMAGE_SIZE_NOT_STATED,
    DUPLICATE_IMAGE_ID,
    DUPLICATE_FILE_NAME,
    IMAGE_MISSING,
    IMAGE_UNREADABLE,
    IMAGE_OF_OTHER_SIZE,
    IMAGE_REPEATED_IN_TEST,
    MALFORMED_CATEGORY,
    DUPLICATE_CATEGORY_ID,
    CATEGORIES_RENUMBERED,
    MALFORMED_ANNOTATION,
    ANNOTATION_ID_NOT_STATED,
    DUPLICATE_ANNOTATION_ID,
    ANNOTATION_WITHOUT_IMAGE,
    ANNOTATION_WITHOUT_CATEGORY,
    BOX_NOT_FINITE,
    BOX_NEGATIVE,
    BOX_WITHOUT_AREA,
    BOX_OUT_OF_BOUNDS,
    BOXES_AS_SHARES,
    BOXES_AS_CORNERS,
    IMAGE_EXIF_ROTATED,
    IMAGE_REPEATED,
    DUPLICATE_CATEGORY_NAME,
    CATEGORIES_OUT_OF_ORDER,
    EXACT_DUPLICATE,
    NEAR_DUPLICATE,
)
