"""Fingerprints of a split's images: what a run records to know its train and validation images again.

Two images are the same when the bytes of their files are the same, whatever they are called. This module does not
decode images, so a re-encoded copy counts as another image.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.errors import DamagedFileError, InputError

_HASH_BYTES = 16


@dataclass(frozen=True)
class ImageFingerprints:
    """Content hashes of one split's images.

    Attributes:
        file_names: (M,) names as the annotation file gives them.
        contents: (M,) hash of each file's bytes, 32 hexadecimal digits, in the order of `file_names`.
        digest: one hash over the sorted contents and the annotation file's bytes; it does not depend on the order
            or the names of the image files.
    """

    file_names: tuple[str, ...]
    contents: tuple[str, ...]
    digest: str

    def to_dict(self) -> dict[str, object]:
        """The fingerprints as plain values for a JSON file."""
        return {"file_names": list(self.file_names), "contents": list(self.contents), "digest": self.digest}

    @staticmethod
    def from_dict(values: Mapping[str, object]) -> "ImageFingerprints":
        """The inverse of `to_dict`.

        Raises:
            DamagedFileError: when the values are not what `to_dict` wrote.
        """
        names, contents, digest = (values.get(key) for key in ("file_names", "contents", "digest"))
        if not isinstance(names, list) or not isinstance(contents, list) or not isinstance(digest, str):
            raise DamagedFileError(f"fingerprints hold file_names, contents and digest; received {sorted(values)}")
        if len(names) != len(contents):
            raise DamagedFileError(f"fingerprints name {len(names)} images and hash {len(contents)}")
        return ImageFingerprints(tuple(map(str, names)), tuple(map(str, contents)), digest)


def fingerprint_images(folder: Path, file_names: Sequence[str], annotations: bytes = b"") -> ImageFingerprints:
    """Hashes the files of one split.

    Args:
        folder: the image folder.
        file_names: names relative to `folder`; all must exist.
        annotations: bytes of the annotation file, part of the digest alone.

    Raises:
        InputError: when an image cannot be read.
    """
    contents = tuple(_content_hash(folder / name) for name in file_names)
    whole = hashlib.blake2b(digest_size=_HASH_BYTES)
    for content in sorted(contents):
        whole.update(bytes.fromhex(content))
    whole.update(hashlib.blake2b(annotations, digest_size=_HASH_BYTES).digest())
    return ImageFingerprints(tuple(file_names), contents, whole.hexdigest())


def shared_images(first: ImageFingerprints, second: ImageFingerprints) -> tuple[tuple[str, str], ...]:
    """Pairs of file names (of `first`, of `second`) whose contents are the same, one pair for each image of `first`."""
    name_of = dict(zip(second.contents, second.file_names, strict=True))
    pairs = zip(first.file_names, first.contents, strict=True)
    return tuple((name, name_of[content]) for name, content in pairs if content in name_of)


def repeated_images(fingerprints: ImageFingerprints) -> tuple[tuple[str, str], ...]:
    """Pairs (first occurrence, later occurrence) of images of one split whose contents are the same."""
    first_name: dict[str, str] = {}
    pairs = []
    for name, content in zip(fingerprints.file_names, fingerprints.contents, strict=True):
        if content in first_name:
            pairs.append((first_name[content], name))
        first_name.setdefault(content, name)
    return tuple(pairs)


def _content_hash(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=_HASH_BYTES).hexdigest()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        remedy = "restore the file or its permissions"
        raise InputError("an image of the data set can be read", f"{path}: {reason}", remedy) from error
