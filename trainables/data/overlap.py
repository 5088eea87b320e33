"""Copies that two splits share, by name: what `check_dataset` refuses. Reads images, decides nothing."""

from collections.abc import Callable
from pathlib import Path

from trainables.data.copies import copies_between
from trainables.data.fingerprint import ImageFingerprints
from trainables.data.looks import looks_of


def copied_names(
    folders: tuple[Path, Path], train: ImageFingerprints, val: ImageFingerprints, say: Callable[[str], None]
) -> list[tuple[str, str]]:
    """Pairs (name in train, name in val) of images that are copies but not the same bytes, one for each image of val.

    Args:
        folders: of train's and of val's images.
        train: images by name and content.
        val: the same.
        say: told before many images are decoded.
    """
    pairs = copies_between(looks_of(folders[0], train, say), looks_of(folders[1], val, say))
    known = set(train.contents)
    train_of = {row: in_train for in_train, row in reversed(pairs.tolist()) if val.contents[row] not in known}
    return [(train.file_names[in_train], val.file_names[in_val]) for in_val, in_train in sorted(train_of.items())]
