"""What a weights file was trained on: the fingerprints of its images, carried inside the file.

A weights file of torch is a zip archive, and one more record in it disturbs no reader: so the fingerprints stay with
the weights wherever they are copied to, and are read without torch. Images of the weights that a training began from
count as its own: a detector remembers what its start was trained on.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from results.errors import DamagedFileError
from trainables.data.fingerprint import ImageFingerprints, fingerprint_images

_RECORD = "trained_on.json"
_MOST_BYTES = 256 * 2**20  # of the record, unpacked: names and hashes of a million images
# A zip archive holds a time for each of its files; equal weights make equal files.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class TrainedOn:
    """Every image that had a part in some weights.

    Attributes:
        images: by name and content; names are those of the annotation file that listed them.
        unknown_starts: weights files that a training began from and that say nothing of their images.
    """

    images: ImageFingerprints
    unknown_starts: tuple[str, ...] = ()

    def and_also(self, more: ImageFingerprints) -> "TrainedOn":
        """The same with images that come after these; what is among these is not listed twice."""
        own = self.images
        known = set(own.contents)
        kept = [row for row, content in enumerate(more.contents) if content not in known]
        images = ImageFingerprints(
            own.file_names + tuple(more.file_names[row] for row in kept),
            own.contents + tuple(more.contents[row] for row in kept),
            own.digest,
        )
        return TrainedOn(images, self.unknown_starts)


def trained_on(folder: Path, file_names: tuple[str, ...], start: Path | None) -> TrainedOn:
    """What a training has seen: its own images, and those of the weights that it began from.

    Raises:
        InputError: an image cannot be read.
    """
    own = TrainedOn(fingerprint_images(folder, file_names))
    if start is None:
        return own
    earlier = read_trained_on(start)
    if earlier is None:
        return TrainedOn(own.images, (str(start),))
    return TrainedOn(own.images, earlier.unknown_starts).and_also(earlier.images)


def attach(weights: Path, seen: TrainedOn) -> None:
    """Adds the record to a weights file that torch has just written."""
    content = {"images": seen.images.to_dict(), "unknown_starts": list(seen.unknown_starts)}
    with zipfile.ZipFile(weights, "a") as archive:
        folder = archive.namelist()[0].partition("/")[0]  # torch wants everything in the folder that it has made
        entry = zipfile.ZipInfo(f"{folder}/{_RECORD}", _NO_TIME)
        archive.writestr(entry, json.dumps(content, ensure_ascii=False), zipfile.ZIP_DEFLATED)


def _record_in(weights: Path) -> bytes | None:
    with zipfile.ZipFile(weights) as archive:
        record = next((one for one in archive.infolist() if one.filename.partition("/")[2] == _RECORD), None)
        if record is not None and record.file_size > _MOST_BYTES:
            raise ValueError(f"a record of {record.file_size} bytes")
        return None if record is None else archive.read(record)


def read_trained_on(weights: Path) -> TrainedOn | None:
    """What a weights file says of the images that it was trained on; None where it says nothing.

    Raises:
        DamagedFileError: it says something else than `attach` wrote.
    """
    if not zipfile.is_zipfile(weights):
        return None  # torch's format of before 2020, which nobody here writes
    try:
        content = _record_in(weights)
    except Exception as error:  # a damaged archive fails in more ways than zipfile and zlib name
        raise DamagedFileError(f"{weights} must be a whole zip archive, got {error}; copy it again") from error
    if content is None:
        return None
    try:
        values = cast(Mapping[str, object], json.loads(content))
        images = ImageFingerprints.from_dict(cast(Mapping[str, object], values["images"]))
        return TrainedOn(images, tuple(map(str, cast(list[object], values["unknown_starts"]))))
    except (ValueError, KeyError, TypeError, AttributeError, DamagedFileError) as error:
        raise DamagedFileError(
            f"{weights} does not say in full what it was trained on ({error}); copy it again"
        ) from error
