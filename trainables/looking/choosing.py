"""Which images a user means: ids or file names of the validation and test images, or files of any other place.

Reads lists and no picture. No torch, so that a wrong name is answered at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results.boxes import Images, Truth, images_from_coco
from results.errors import InputError
from results.nearest import listed as some_of
from results.nearest import nearest
from trainables.data.dataset import Dataset

_BY_DEFAULT = 3


@dataclass(frozen=True)
class Chosen:
    """One image to look at.

    Attributes:
        name: as its list names it; the path as it was given where it is in no list.
        path: the file.
        val_id: its id among the validation images, None for another image: then there is no truth.
    """

    name: str
    path: Path
    val_id: int | None = None

    @property
    def stem(self) -> str:
        """The name without its ending, as part of a file's name."""
        return Path(self.name).with_suffix("").as_posix().strip("./").replace("/", "_")


def chosen_images(asked: Sequence[str], truth: Truth, dataset: Dataset) -> list[Chosen]:
    """The images that are asked for, each once.

    Args:
        asked: ids, names or paths; none takes the validation images with the most boxes.
        truth: of the validation images.
        dataset: where they and the test images lie.

    Raises:
        InputError: one of them is not there, or two would be drawn into one file.
    """
    if not asked:
        return _fullest(truth, dataset)
    listed = list(_listed(truth, dataset))
    chosen = list(dict.fromkeys(_one(text, listed) for text in asked))
    stems = [one.stem for one in chosen]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise InputError("images that are drawn have different names", ", ".join(twice), "draw them one by one")
    return chosen


@dataclass(frozen=True)
class _Listed:
    image_id: int
    image: Chosen


def _listed(truth: Truth, dataset: Dataset) -> Iterator[_Listed]:
    """Images of val, then those of test: where both have an id or a name, val's is meant."""
    for image_id, name in _rows(truth.images):
        yield _Listed(image_id, Chosen(name, dataset.val.images / name, image_id))
    if dataset.test is not None:
        for image_id, name in _rows(images_from_coco(dataset.test.image_list)):
            yield _Listed(image_id, Chosen(name, dataset.test.images / name))


def _rows(images: Images) -> Iterator[tuple[int, str]]:
    return zip(images.image_id.tolist(), images.file_name, strict=True)


def _one(text: str, listed: Sequence[_Listed]) -> Chosen:
    for one in listed:
        if text in (str(one.image_id), one.image.name):
            return one.image
    if Path(text).is_file():
        return Chosen(text, Path(text))
    names = [one.image.name for one in listed]
    near = nearest(text, names)
    rule = "--images takes ids or file names of the validation or test images, or paths of files"
    raise InputError(rule, repr(text), f"did you mean {near!r}?" if near else f"use one of {some_of(names)}")


def _fullest(truth: Truth, dataset: Dataset) -> list[Chosen]:
    counts = [int(np.sum(truth.image_id == image_id)) for image_id in truth.images.image_id]
    first = np.argsort(-np.array(counts), kind="stable")[:_BY_DEFAULT]
    rows = list(_rows(truth.images))
    return [Chosen(rows[row][1], dataset.val.images / rows[row][1], rows[row][0]) for row in first]
