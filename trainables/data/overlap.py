"""Images and copies that two sets share, by name: what a search refuses. Reads images, decides nothing."""

from collections.abc import Callable
from pathlib import Path

from trainables.data.copies import copies_between
from trainables.data.fingerprint import ImageFingerprints, shared_images
from trainables.data.looks import known_looks, looks_of


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


def seen_names(seen: ImageFingerprints, val_folder: Path, val: ImageFingerprints) -> list[tuple[str, str]]:
    """Pairs (name when it was seen, name in val), one for each image of val that is a seen one or its copy.

    Copies are found among the seen images that this machine has once decoded; the images themselves are not needed.
    """
    same = dict(shared_images(val, seen))
    pairs = copies_between(known_looks(seen.contents), looks_of(val_folder, val, lambda _line: None))
    copies = {val.file_names[in_val]: seen.file_names[then] for then, in_val in pairs.tolist()}
    found = copies | same
    return [(found[name], name) for name in val.file_names if name in found]
