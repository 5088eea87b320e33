"""What can be wrong between a train and a val split: each function takes plain values and returns the faults it finds.

It does not read annotation files, does not hash, and raises nothing; `trainables.data.dataset.check_dataset` does.
"""

from collections.abc import Sequence
from pathlib import Path

from results.boxes import Category, Truth
from results.errors import InputError
from results.groups import group_name
from results.text_files import is_file, path_remedy
from trainables.data.file_names import missing_remedy
from trainables.data.fingerprint import ImageFingerprints, shared_images
from trainables.data.learnable import can_be_learnt, can_be_scored, why_not_learnt

_SHOWN = 3


def empty_faults(label: str, truth: Truth) -> list[InputError]:
    """A split of which nothing can be learnt, or nothing can be scored."""
    used, purpose = (can_be_learnt, "learn from") if label == "train" else (can_be_scored, "score")
    if used(truth).any():
        return []
    received = f"{len(truth.images.file_name)} images with {len(truth)} boxes"
    reasons = why_not_learnt(truth) if label == "train" else "all crowd regions"
    received += f": {reasons}" if len(truth) else ""
    remedy = "choose another annotation file, other classes or another split"
    return [InputError(f"{label} must hold a box to {purpose}", received, remedy)]


def missing_files(label: str, names: Sequence[str], folder: Path) -> list[InputError]:
    """Images that are no file in `folder`: one fault, naming the first few and the count."""
    return missing_names_faults(label, [name for name in names if not is_file(folder / name)], len(names), folder)


def missing_names_faults(label: str, absent: Sequence[str], count: int, folder: Path) -> list[InputError]:
    """The same, of images that were found to be missing among `count`."""
    if not absent:
        return []
    received = f"{len(absent)} of {count} missing in {folder}: {_some(absent)}"
    remedy = "correct the images folder or restore the files (allow_damaged: true leaves them out)"
    hint = missing_remedy(absent, folder, path_remedy(folder, remedy) if not folder.exists() else remedy)
    return [InputError(f"every image of {label} must be on disk", received, hint)]


def damaged_faults(label: str, damaged: Sequence[tuple[str, str]], count: int) -> list[InputError]:
    """Images that cannot be decoded: pairs (name, what was found)."""
    if not damaged:
        return []
    received = f"{len(damaged)} of {count} that cannot: {_some([f'{name} ({fault})' for name, fault in damaged])}"
    remedy = "restore the files (allow_damaged: true leaves them out)"
    return [InputError(f"every image of {label} must decode", received, remedy)]


def category_faults(train: Sequence[Category], val: Sequence[Category]) -> list[InputError]:
    """Categories are joined by id: both splits must hold the same ids under the same names, in any order."""
    first, second = ({category.id: category.name for category in split} for split in (train, val))
    differing = [
        f"id {key} is {first.get(key, 'absent')!r} in train and {second.get(key, 'absent')!r} in val"
        for key in sorted(first.keys() | second.keys())
        if first.get(key) != second.get(key)
    ]
    if not differing:
        return []
    remedy = "give both annotation files the same categories"
    return [InputError("train and val agree on their categories", _some(differing), remedy)]


def group_faults(group_by: str | None, train: Sequence[str], val: Sequence[str]) -> list[InputError]:
    """Groups of frames with members in both splits, and an expression that matches no file name at all."""
    if group_by is None:
        return []
    groups = {group_name(group_by, name) for name in train} - {None}
    if not groups:
        received = f"{group_by!r}, first name {train[0] if train else 'none'!r}"
        return [InputError("'group_by' matches file names of train", received, "correct the expression")]
    return straddling_faults(group_by, train, val)


def straddling_faults(
    group_by: str | None, others: Sequence[str], val: Sequence[str], label: str = "train"
) -> list[InputError]:
    """Groups of frames with members in val and among other images."""
    if group_by is None:
        return []
    groups = {group_name(group_by, name) for name in others} - {None}
    straddling = [name for name in val if group_name(group_by, name) in groups]
    if not straddling:
        return []
    received = f"{len(straddling)} images of val share a group with {label}: {_some(straddling)}"
    return [InputError(f"one group never straddles {label} and val", received, "split again with group_by")]


def overlap_faults(
    folders: tuple[Path, Path], train: ImageFingerprints, val: ImageFingerprints, remedy: str, label: str = "train"
) -> list[InputError]:
    """Images that train (or what `label` says) and val share, by path or, under whatever name, by content."""
    train_folder, val_folder = folders
    train_paths = {(train_folder / name).resolve() for name in train.file_names}
    by_path = [name for name in val.file_names if (val_folder / name).resolve() in train_paths]
    rule = f"{label} and val share no image"
    if by_path:
        return [InputError(rule, f"{len(by_path)} images are listed in both: {_some(by_path)}", remedy)]
    pairs = [f"{in_val} (val) = {in_train} ({label})" for in_val, in_train in shared_images(val, train)]
    if not pairs:
        return []
    return [InputError(rule, f"{len(pairs)} images of val have the content of a {label} image: {_some(pairs)}", remedy)]


def copy_faults(pairs: Sequence[tuple[str, str]], remedy: str, label: str = "train") -> list[InputError]:
    """Images of val that are train images in another encoding or size: pairs (name in train, name in val)."""
    shown = [f"{in_val} (val) is {in_train} ({label})" for in_train, in_val in pairs]
    if not shown:
        return []
    received = f"{len(shown)} images of val are copies of a {label} image, encoded again or resized: {_some(shown)}"
    return [InputError(f"{label} and val share no image", received, remedy)]


def start_faults(start: Path, pairs: Sequence[tuple[str, str]]) -> list[InputError]:
    """Images of val that starting weights were trained on: pairs (name then, name in val)."""
    if not pairs:
        return []
    shown = [in_val if then == in_val else f"{in_val} ({then} then)" for then, in_val in pairs]
    received = f"{start} was trained on {len(pairs)} images of val: {_some(shown)}"
    remedy = "start from other weights, split as their run did, or say allow_overlap: true"
    return [InputError("starting weights have not seen the validation images", received, remedy)]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
