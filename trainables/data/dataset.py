"""A data set as the user describes it in DATASET.yaml, and the checks made before anything is trained on it.

Paths in the file are relative to it. The checks read the annotation files, hash the image files and decode each image
once, to find copies; they change nothing (`trainables.data.prepare` mends annotations).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from results.boxes import BoolArray, Category, Images, Truth, images_from_coco, truth_from_coco, truth_of
from results.coco_json import load_json
from results.errors import InputError, InputErrors
from trainables.data.annotation_file import AnnotationFile, annotation_file_of
from trainables.data.dataset_yaml import YamlMapping, read_mapping
from trainables.data.file_names import check_inside
from trainables.data.fingerprint import ImageFingerprints, fingerprint_images, repeated_images
from trainables.data.learnable import can_be_learnt, can_be_scored
from trainables.data.left_out import openable, without_images
from trainables.data.pseudo_rows import pseudo_labels
from trainables.data.search_faults import Opening, look_at_annotated, look_at_listed
from trainables.data.split_faults import (
    category_faults,
    copy_faults,
    empty_faults,
    group_faults,
    overlap_faults,
)
from trainables.data.subset_rule import SubsetRule
from trainables.data.unlabelled import Unlabelled, unlabelled_faults, unlabelled_prints

_ALLOWING = ("allow_overlap", "allow_damaged", "allow_outside")
_KEYS = ("name", "train", "val", "test", "unlabelled", "rule", "classes", "group_by", *_ALLOWING, "subset")
_RULE_FILE_ENDINGS = (".yaml", ".yml")
_WASTE = {"train": "crowd regions or boxes of less than a pixel", "val": "crowd regions"}
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Source:
    """Annotated images: a COCO json and the folder its file names are relative to."""

    annotations: Path
    images: Path


@dataclass(frozen=True)
class TestSource:
    """Images without truth: a COCO json whose annotations may be absent, and the image folder."""

    __test__ = False  # not a pytest class

    image_list: Path
    images: Path


@dataclass(frozen=True)
class Dataset:
    """One DATASET.yaml.

    Attributes:
        name: for the record; the file's folder where the file gives none.
        path: the file itself, absolute.
        train: what is trained on.
        val: what is scored on.
        test: what a submission is made for, if any.
        rule: a built-in rule's name or the path of a rule file; wins over the space's.
        classes: the categories to detect, by name and in label order; None takes all, by ascending id.
        group_by: regular expression over file names; images whose match is the same belong together (its first
            group where it has one) and never straddle train and val.
        allow_overlap: what train and val share is a notice.
        subset: which images the data set was taken from a larger one by; an ensemble routes by it.
        unlabelled: images that `teacher: mean` learns from beside train, if any.
        allow_damaged: images that cannot be opened are left out, and counted.
        allow_outside: file names may leave the image folder.
    """

    name: str
    path: Path
    train: Source
    val: Source
    test: TestSource | None
    rule: str | None
    classes: tuple[str, ...] | None
    group_by: str | None
    allow_overlap: bool = False
    subset: SubsetRule | None = None
    unlabelled: Unlabelled | None = None
    allow_damaged: bool = False
    allow_outside: bool = False


@dataclass(frozen=True)
class SplitSummary:
    """Counts of one split.

    Attributes:
        images: listed.
        boxes: on them.
        background_images: without any.
        boxes_of: by contest category id, every category of the data set.
        used_of: of those, the ones that can be learnt from (train) or scored (val).
        fingerprints: of the images.
    """

    images: int
    boxes: int
    background_images: int
    boxes_of: dict[int, int]
    used_of: dict[int, int]
    fingerprints: ImageFingerprints


@dataclass(frozen=True)
class DatasetSummary:
    """What `check_dataset` found.

    Attributes:
        categories: the categories to detect, in label order.
        train: counts and fingerprints.
        val: counts and fingerprints.
        test_images: number of test images, None without a test split.
        notices: one line each; nothing in them stops a run.
        overlap: what val shares with train and the unlabelled images, one line each, where the data set allows it.
        unlabelled: fingerprints of the unlabelled images, None without any.
        damaged: how many images of each split cannot be opened and are left out, where the data set allows it.
    """

    categories: tuple[Category, ...]
    train: SplitSummary
    val: SplitSummary
    test_images: int | None
    notices: tuple[str, ...]
    overlap: tuple[str, ...] = ()
    unlabelled: ImageFingerprints | None = None
    damaged: Mapping[str, int] = field(default_factory=dict)


def load_dataset(path: Path) -> Dataset:
    """Reads a DATASET.yaml; the files it names are not opened.

    Raises:
        InputError: no such file, or not YAML.
        InputErrors: every unknown, missing or malformed key, with file and line.
    """
    path = path.absolute()
    top = read_mapping(path)
    top.expect_keys(_KEYS, required=("train", "val"))
    train, val, test = (_folders(top, key) for key in ("train", "val", "test"))
    classes, group_by = _classes(top), _group_by(top)
    name, rule, allow_overlap = top.text("name"), top.text("rule"), top.flag("allow_overlap")
    allow_damaged, allow_outside = top.flag("allow_damaged"), top.flag("allow_outside")
    unlabelled = _unlabelled(top, allow_damaged, allow_outside)
    if top.faults or train is None or val is None:
        raise InputErrors(top.faults)
    subset = top.mapping("subset")
    return Dataset(
        name=name or path.parent.name,
        path=path,
        train=Source(*train),
        val=Source(*val),
        test=TestSource(*test) if test else None,
        rule=_rule(path.parent, rule),
        classes=classes,
        group_by=group_by,
        allow_overlap=allow_overlap,
        subset=SubsetRule.from_dict(subset.values) if subset else None,
        unlabelled=unlabelled,
        allow_damaged=allow_damaged,
        allow_outside=allow_outside,
    )


def load_truth(dataset: Dataset, source: Source) -> Truth:
    """The truth of one split, restricted to the data set's classes and with its categories in label order.

    Images that cannot be opened are left out where the data set allows it.

    Raises:
        InputError: as `truth_from_coco`, or a class that the annotation file does not know.
    """
    truth = truth_from_coco(source.annotations)
    truth = openable(truth, source.images) if dataset.allow_damaged else truth
    return _restricted(truth, _label_order(truth, dataset))


def check_dataset(dataset: Dataset, say: Callable[[str], None] = lambda _line: None) -> DatasetSummary:
    """Checks what a run relies on: files present, splits apart, categories agreed.

    Args:
        dataset: what to check.
        say: told before something that takes long.

    Raises:
        InputErrors: annotation file missing or malformed, images missing on disk, val sharing images (by path, content
            or look) or groups with train or the unlabelled images where the data set does not allow it, categories
            that differ, unknown classes, a split without images or boxes.
    """
    splits = _read_splits(dataset, say)
    train, val = splits.train, splits.val
    prints = _fingerprints(dataset, train, val)
    unlabelled = unlabelled_prints(dataset.unlabelled) if dataset.unlabelled else None
    shared = _overlap(dataset, prints, say) + _overlap_of_unlabelled(dataset, (unlabelled, prints[1]), say)
    faults = category_faults(train.categories, val.categories) + ([] if dataset.allow_overlap else shared)
    categories = _attempt(lambda: _label_order(train, dataset), faults)
    if categories is not None and not faults:
        train, val = _restricted(train, categories), _restricted(val, categories)
        faults = empty_faults("train", train) + empty_faults("val", val)
    if categories is None or faults:
        raise InputErrors(faults)
    first, second = _split(train, can_be_learnt(train), prints[0]), _split(val, can_be_scored(val), prints[1])
    overlap = tuple(f"the data set allows it: {fault.received}" for fault in shared)
    notices = (*overlap, *splits.notices, *_notices(categories, first, second))
    return DatasetSummary(categories, first, second, splits.test_images, notices, overlap, unlabelled, splits.damaged)


@dataclass(frozen=True)
class _Splits:
    train: Truth
    val: Truth
    test_images: int | None
    notices: tuple[str, ...]
    damaged: Mapping[str, int]


@dataclass(frozen=True)
class _Annotated:
    truth: Truth
    rows: AnnotationFile


def _read_splits(dataset: Dataset, say: Callable[[str], None]) -> _Splits:
    """Train, val and the number of test images, once every row and every picture was looked at."""
    faults: list[InputError] = []
    opening = Opening(dataset.allow_damaged, say)
    sources = {"train": dataset.train, "val": dataset.val}
    outside = dataset.allow_outside
    read = {one: _attempt(partial(_annotated, one, source, outside), faults) for one, source in sources.items()}
    test = dataset.test
    test_images = _attempt(lambda: listed_images(test, outside), faults) if test else None
    faults += _pseudo_faults(dataset.val.annotations) if read["val"] is not None else []
    looked = {
        label: look_at_annotated(label, one.rows, sources[label].images, opening)
        for label, one in read.items()
        if one is not None
    }
    if test and test_images is not None:
        looked["test"] = look_at_listed("test", test_images, test.images, opening)
    faults += [fault for one in looked.values() for fault in one.faults]
    train, val = read["train"], read["val"]
    if train is None or val is None or faults:
        raise InputErrors(faults)
    return _Splits(
        without_images(train.truth, looked["train"].damaged),
        without_images(val.truth, looked["val"].damaged),
        None if test_images is None else len(test_images),
        tuple(notice for one in looked.values() for notice in one.notices),
        {label: len(one.damaged) for label, one in looked.items() if one.damaged},
    )


def listed_images(test: TestSource, allow_outside: bool) -> Images:
    """The images of a test list.

    Raises:
        InputError: as `images_from_coco`, or a name leaves the image folder and must not.
    """
    images = images_from_coco(test.image_list)
    check_inside("test", images.file_name, allow_outside)
    return images


def _annotated(label: str, source: Source, allow_outside: bool) -> _Annotated:
    path = source.annotations
    content = load_json(path)
    truth = truth_of(content, path)
    check_inside(label, truth.images.file_name, allow_outside)
    return _Annotated(truth, annotation_file_of(content, path))


def _attempt(read: Callable[[], _Read], faults: list[InputError]) -> _Read | None:
    """What `read` returns, or None and its faults noted."""
    try:
        return read()
    except InputErrors as errors:
        faults += errors.errors
    except InputError as error:
        faults.append(error)
    return None


def _pseudo_faults(annotations: Path) -> list[InputError]:
    """Labels that a model made in the file of val: who validates on them measures how well models agree."""
    marked = pseudo_labels(annotations)
    remedy = "validate on real labels; pseudo labels belong into train"
    return [InputError("val holds no pseudo labels", f"{annotations}: {marked}", remedy)] if marked else []


def _fingerprints(dataset: Dataset, train: Truth, val: Truth) -> tuple[ImageFingerprints, ImageFingerprints]:
    first, second = (
        fingerprint_images(source.images, truth.images.file_name, source.annotations.read_bytes())
        for source, truth in ((dataset.train, train), (dataset.val, val))
    )
    return first, second


def _overlap(
    dataset: Dataset, prints: tuple[ImageFingerprints, ImageFingerprints], say: Callable[[str], None]
) -> list[InputError]:
    """What train and val share: groups, images, and copies of images."""
    from trainables.data.overlap import copied_names  # decodes with OpenCV: imported only where it is needed

    train, val = prints
    folders = (dataset.train.images, dataset.val.images)
    remedy = "split again, drop one copy, or say allow_overlap: true"
    groups = group_faults(dataset.group_by, train.file_names, val.file_names)
    same = overlap_faults(folders, train, val, remedy)
    return groups + same + copy_faults(copied_names(folders, train, val, say), remedy)


def _overlap_of_unlabelled(
    dataset: Dataset, prints: tuple[ImageFingerprints | None, ImageFingerprints], say: Callable[[str], None]
) -> list[InputError]:
    unlabelled, val = prints
    if dataset.unlabelled is None or unlabelled is None:
        return []
    folders = (dataset.unlabelled.images, dataset.val.images)
    return unlabelled_faults(folders, (unlabelled, val), dataset.group_by, say)


def _label_order(truth: Truth, dataset: Dataset) -> tuple[Category, ...]:
    """The categories to detect: by ascending id, or as `classes` orders them."""
    if dataset.classes is None:
        return tuple(sorted(truth.categories, key=lambda category: category.id))
    by_name = {category.name: category for category in truth.categories}
    unknown = [name for name in dataset.classes if name not in by_name]
    if unknown:
        remedy = f"choose among {', '.join(by_name)}"
        raise InputError("'classes' names categories of train", f"{dataset.path}: {', '.join(unknown)}", remedy)
    return tuple(by_name[name] for name in dataset.classes)


def _restricted(truth: Truth, categories: tuple[Category, ...]) -> Truth:
    kept = np.isin(truth.category_id, [category.id for category in categories])
    return replace(truth.select(kept), categories=categories)


def _split(truth: Truth, is_used: BoolArray, fingerprints: ImageFingerprints) -> SplitSummary:
    return SplitSummary(
        images=len(truth.images.file_name),
        boxes=len(truth.category_id),
        background_images=len(truth.images.file_name) - len(np.unique(truth.image_id)),
        boxes_of={category.id: int(np.sum(truth.category_id == category.id)) for category in truth.categories},
        used_of={one.id: int(np.sum(truth.category_id[is_used] == one.id)) for one in truth.categories},
        fingerprints=fingerprints,
    )


def _notices(categories: tuple[Category, ...], train: SplitSummary, val: SplitSummary) -> tuple[str, ...]:
    """What the user should know and may ignore."""
    notices = []
    for label, split, meaning in (("train", train, "it cannot be learned"), ("val", val, "it has no AP there")):
        empty = [category.name for category in categories if not split.boxes_of[category.id]]
        if empty:
            notices.append(f"{label} has no box of {', '.join(empty)}: {meaning}")
        unused = [one.name for one in categories if split.boxes_of[one.id] and not split.used_of[one.id]]
        if unused:
            notices.append(f"{label} has only {_WASTE[label]} of {', '.join(unused)}: {meaning}")
        repeated = repeated_images(split.fingerprints)
        if repeated:
            notices.append(f"{label} holds {len(repeated)} repeated images, first {' = '.join(repeated[0])}")
    return tuple(notices)


def _folders(top: YamlMapping, key: str) -> tuple[Path, Path] | None:
    """The json and the image folder under `key`, absolute."""
    inner = top.mapping(key)
    if inner is None:
        return None
    json_key = "image_list" if key == "test" else "annotations"
    inner.expect_keys((json_key, "images"), required=(json_key, "images"))
    file, folder = inner.text(json_key), inner.text("images")
    return (top.file.parent / file, top.file.parent / folder) if file and folder else None


def _unlabelled(top: YamlMapping, allow_damaged: bool, allow_outside: bool) -> Unlabelled | None:
    inner = top.mapping("unlabelled")
    if inner is None:
        return None
    inner.expect_keys(("images", "image_list"), required=("images",))
    folder, image_list = inner.text("images"), inner.text("image_list")
    here = top.file.parent
    listed = here / image_list if image_list else None
    return Unlabelled(here / folder, listed, allow_damaged, allow_outside) if folder else None


def _classes(top: YamlMapping) -> tuple[str, ...] | None:
    classes = top.texts("classes")
    if classes and len(set(classes)) < len(classes):
        top.fault("a class is named once in 'classes'", "classes", "remove the repetition")
    return classes


def _group_by(top: YamlMapping) -> str | None:
    pattern = top.text("group_by")
    try:
        re.compile(pattern or "")
    except re.error as error:
        top.fault(f"'group_by' is a regular expression ({error})", "group_by", "mend it, for example imgs_(\\d+)_")
    return pattern


def _rule(folder: Path, rule: str | None) -> str | None:
    return str(folder / rule) if rule and rule.endswith(_RULE_FILE_ENDINGS) else rule
