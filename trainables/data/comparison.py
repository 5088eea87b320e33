"""Train against test: everything that `prepare compare` tells, computed from the files of both.

Reads images and annotation files; prints and draws nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results.boxes import FloatArray, IntArray, Truth, detections_from_coco, images_from_coco, truth_from_coco
from results.errors import InputError
from trainables.data import two_samples
from trainables.data.fingerprint import fingerprint_images, shared_images
from trainables.data.overlap import copied_names
from trainables.data.picture_measures import Measures, measure_pictures
from trainables.data.two_samples import Statement
from trainables.data.unlike import Unlike, joint_features, ranked


@dataclass(frozen=True)
class PictureSet:
    """Images: a COCO file that lists them, and their folder."""

    listed: Path
    folder: Path


@dataclass(frozen=True)
class BoxSample:
    """Boxes of one source.

    Attributes:
        name: train, or the file of detections.
        short_side_px: (N,).
        classes: (N,) names.
        on_image: (M,) boxes on each image, images without one included.
    """

    name: str
    short_side_px: FloatArray
    classes: tuple[str, ...]
    on_image: IntArray


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes:
        train: measures of its images.
        test: of the other's.
        statements: on the images, then on the boxes; p corrected for all of them.
        same: pairs (name in train, name in test) of the same bytes.
        copies: pairs of images encoded again or resized.
        unlike: test images, those most unlike train first.
        odd: how many of them are beyond what one training image in 1000 is.
        boxes: train's, then each file's of detections; empty without any.
    """

    train: Measures
    test: Measures
    statements: tuple[Statement, ...]
    same: tuple[tuple[str, str], ...]
    copies: tuple[tuple[str, str], ...]
    unlike: tuple[Unlike, ...]
    odd: int
    boxes: tuple[BoxSample, ...]


def compared(
    train: PictureSet, test: PictureSet, predicted: Sequence[Path], least_score: float, say: Callable[[str], None]
) -> Comparison:
    """Compares two sets of images, and predicted boxes with train's.

    Args:
        train: images with truth.
        test: other images, with or without it.
        predicted: detections on the test images, COCO result lists or submissions.
        least_score: of the detections that count.
        say: told before something that takes long.

    Raises:
        InputError: a file or an image is missing or wrong, or a set has no image that can be decoded.
    """
    names = [images_from_coco(one.listed).file_name for one in (train, test)]
    prints = [fingerprint_images(one.folder, listed) for one, listed in zip((train, test), names, strict=True)]
    in_train, in_test = (_measured(one, listed) for one, listed in zip((train, test), names, strict=True))
    boxes = _box_samples(train, test, predicted, least_score)
    unlike, odd = ranked(in_train, in_test)
    statements = [*_on_pictures(in_train, in_test), *(one for other in boxes[1:] for one in _on_boxes(boxes[0], other))]
    return Comparison(
        in_train,
        in_test,
        two_samples.together(statements),
        tuple((first, second) for second, first in shared_images(prints[1], prints[0])),
        tuple(copied_names((train.folder, test.folder), prints[0], prints[1], say)),
        tuple(unlike),
        odd,
        boxes,
    )


def _measured(pictures: PictureSet, names: Sequence[str]) -> Measures:
    found = measure_pictures(pictures.folder, names)
    if not found.file_names:
        received = f"{pictures.listed}: {len(names)} listed, none of them can be decoded in {pictures.folder}"
        raise InputError("a set holds images", received, "give another file or folder")
    return found


def _on_pictures(train: Measures, test: Measures) -> list[Statement]:
    return [
        two_samples.of_categories("image size", train.sizes(), test.sizes()),
        two_samples.of_categories("mode", train.modes(), test.modes()),
        two_samples.of_numbers("brightness", train.brightness, test.brightness),
        two_samples.of_numbers("contrast", train.contrast, test.contrast),
        two_samples.of_numbers("sharpness", train.sharpness, test.sharpness),
        two_samples.of_several("all of these at once", *joint_features(train, test)),
    ]


def _on_boxes(train: BoxSample, other: BoxSample) -> list[Statement]:
    if not len(train.classes) or not len(other.classes):
        return []
    return [
        two_samples.of_numbers(f"short side of boxes ({other.name})", train.short_side_px, other.short_side_px, " px"),
        two_samples.of_categories(f"classes of boxes ({other.name})", train.classes, other.classes),
        two_samples.of_numbers(
            f"boxes on an image ({other.name})", train.on_image.astype(np.float64), other.on_image.astype(np.float64)
        ),
    ]


def _box_samples(
    train: PictureSet, test: PictureSet, predicted: Sequence[Path], least_score: float
) -> tuple[BoxSample, ...]:
    """Train's boxes and each file's of detections; nothing without detections."""
    if not predicted:
        return ()
    truth = truth_from_coco(train.listed)
    name_of = {category.id: category.name for category in truth.categories}
    ids = images_from_coco(test.listed).image_id
    return (_of_truth(truth, name_of), *(_of_detections(path, ids, name_of, least_score) for path in predicted))


def _of_truth(truth: Truth, name_of: Mapping[int, str]) -> BoxSample:
    classes = tuple(name_of[key] for key in truth.category_id.tolist())
    return BoxSample(
        "train",
        truth.boxes_xywh[:, 2:].min(axis=1, initial=np.inf),
        classes,
        _counts(truth.images.image_id, truth.image_id),
    )


def _of_detections(path: Path, ids: IntArray, name_of: Mapping[int, str], least_score: float) -> BoxSample:
    found = detections_from_coco(path)
    unknown = found.image_id[~np.isin(found.image_id, ids)]
    if len(unknown):
        remedy = "give detections on these test images"
        raise InputError("detections are of the test images", f"{path}: image_id {unknown[0]} is not listed", remedy)
    kept = found.scores >= least_score
    classes = tuple(name_of.get(key, f"id {key}") for key in found.category_id[kept].tolist())
    sides = found.boxes_xywh[kept][:, 2:].min(axis=1, initial=np.inf)
    return BoxSample(path.stem, sides, classes, _counts(ids, found.image_id[kept]))


def _counts(ids: IntArray, of_box: IntArray) -> IntArray:
    order = np.sort(ids)
    return np.bincount(np.searchsorted(order, of_box), minlength=len(order)).astype(np.int64)
