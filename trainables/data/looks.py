"""The looks of a split's images, decoded once: kept by content in the user's cache folder.

A cache that cannot be read or written is done without: it holds nothing that cannot be made again.
"""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from results.layout import write_atomically
from trainables.data.cache_folder import user_cache
from trainables.data.copies import Looks
from trainables.data.fingerprint import ImageFingerprints
from trainables.data.picture_look import HASH_WORDS, SIDE_PX, Look, look_of_file

_VERSION = "looks-v1"
# Fewer are decoded in a moment; more than the second number take long enough to say so.
_WORTH_KEEPING = 256
_WORTH_SAYING = 2000
_MOST_THREADS = 8
_ROW = np.dtype([("content", "S32"), ("hash_words", "<u8", (HASH_WORDS,)), ("grey", "i1", (SIDE_PX, SIDE_PX))])


def looks_of(
    folder: Path, prints: ImageFingerprints, say: Callable[[str], None], cache_root: Path | None = None
) -> Looks:
    """How the images of a split look, in its order.

    Args:
        folder: the image folder.
        prints: its images, by name and content.
        say: told when many images must be decoded.
        cache_root: where looks are kept; the user's cache folder when left out.
    """
    cache = (cache_root or user_cache()) / _VERSION
    found = _kept(cache, prints.contents)
    path_of = {content: folder / name for name, content in zip(prints.file_names, prints.contents, strict=True)}
    missing = {content: path for content, path in path_of.items() if content not in found}
    if len(missing) >= _WORTH_SAYING:
        say(f"decoding {len(missing)} images of {folder} once, to find copies among them (kept in {cache})")
    fresh = _decoded(missing)
    if len(fresh) >= _WORTH_KEEPING:
        _keep(cache, fresh)
    return _in_order(prints.contents, found | fresh)


def known_looks(contents: Sequence[str], cache_root: Path | None = None) -> Looks:
    """The looks of images that were decoded here before, by content; nothing is read but the cache."""
    return _in_order(contents, _kept((cache_root or user_cache()) / _VERSION, contents))


def _decoded(path_of: Mapping[str, Path]) -> dict[str, Look]:
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
        looks = list(threads.map(look_of_file, path_of.values()))
    return {content: look for content, look in zip(path_of, looks, strict=True) if look is not None}


def _in_order(contents: Sequence[str], look_of: Mapping[str, Look]) -> Looks:
    nothing = Look(np.zeros(HASH_WORDS, np.uint64), np.zeros((SIDE_PX, SIDE_PX), np.int8))
    looks = [look_of.get(content, nothing) for content in contents]
    return Looks(
        np.array([look.hash_words for look in looks], np.uint64).reshape(-1, HASH_WORDS),
        np.array([look.grey for look in looks], np.int8).reshape(-1, SIDE_PX, SIDE_PX),
        np.array([content in look_of for content in contents], np.bool_),
    )


def _kept(cache: Path, contents: Sequence[str]) -> dict[str, Look]:
    wanted, found = {content.encode() for content in contents}, {}
    for shard in sorted({content[:1] for content in contents}):
        rows = _rows(cache / f"{shard}.npy")
        for row in rows[np.isin(rows["content"], list(wanted))] if len(rows) else rows:
            found[row["content"].decode()] = Look(row["hash_words"].copy(), row["grey"].copy())
    return found


def _keep(cache: Path, fresh: Mapping[str, Look]) -> None:
    # Two searches that write at once lose some rows of one of them: they are decoded once more then.
    with contextlib.suppress(OSError):
        for shard in sorted({content[0] for content in fresh}):
            path, added = cache / f"{shard}.npy", [item for item in fresh.items() if item[0][0] == shard]
            rows = np.array([(content, look.hash_words, look.grey) for content, look in added], _ROW)
            buffer = BytesIO()
            np.save(buffer, np.concatenate([_rows(path), rows]), allow_pickle=False)
            write_atomically(path, buffer.getvalue())


def _rows(path: Path) -> npt.NDArray[np.void]:
    try:
        rows: npt.NDArray[np.void] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return np.zeros(0, _ROW)
    return rows if rows.dtype == _ROW and rows.ndim == 1 else np.zeros(0, _ROW)
