"""A second place for a run's files: a folder, perhaps of another machine, or an object store (`s3://bucket/prefix`).

Speaks pyarrow's file systems and decides nothing: what is copied, and when, is `orchestrator.mirror`'s business.
"""

import shutil
import uuid
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from pyarrow import ArrowException, fs

from results.errors import InputError

_OBJECT_STORES = ("s3", "gcs", "abfs")
_PROBE = b"may be deleted"


class Storage:
    """Files under one root, named by their path relative to it, with `/` between folders.

    Not safe for several threads at once. Every method raises `OSError` or `ArrowException` where the storage does not
    do what it is asked.

    Args:
        files: the file system.
        root: a folder or prefix on it.
        uri: as people know the root, without keys; see `shown`.
    """

    def __init__(self, files: fs.FileSystem, root: str, uri: str) -> None:
        self._files = files
        self._root = root.rstrip("/")
        self.uri = uri

    def below(self, name: str) -> "Storage":
        """The storage of a folder in this one."""
        return Storage(self._files, self._place(name), f"{self.uri.rstrip('/')}/{name}")

    def put(self, content: BinaryIO, name: str) -> None:
        """Writes a file; it is there whole or not at all."""
        place = self._place(name)
        # An object appears when it is closed; a file is there from its first byte on, and is renamed when it is whole.
        first = place if self._files.type_name in _OBJECT_STORES else f"{place}.{uuid.uuid4().hex}.tmp"
        if first != place:
            self._files.create_dir(place.rpartition("/")[0], recursive=True)
        with self._files.open_output_stream(first) as stream:
            shutil.copyfileobj(content, stream)
        if first != place:
            self._files.move(first, place)

    def read(self, name: str) -> bytes:
        """A file's content."""
        with self._files.open_input_stream(self._place(name)) as stream:
            content: bytes = stream.read()
        return content

    def remove(self, name: str) -> None:
        """Deletes a file; one that is not there is as good as deleted."""
        if self.exists(name):
            self._files.delete_file(self._place(name))

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        found: bool = self._files.get_file_info(self._place(name)).type == fs.FileType.File
        return found

    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by name."""
        listed = self._files.get_file_info(fs.FileSelector(self._root, allow_not_found=True, recursive=True))
        files = (info for info in listed if info.type == fs.FileType.File)
        return {info.path.removeprefix(self._root).lstrip("/"): info.size for info in files}

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name


def open_storage(uri: str) -> Storage:
    """Opens a storage and sees that it can be written, read and tidied.

    Args:
        uri: a folder, or a URI that pyarrow understands, with its region and credentials where it needs them.

    Raises:
        InputError: something of this does not work.
    """
    try:
        files, root = fs.FileSystem.from_uri(uri if "://" in uri else str(Path(uri).expanduser().resolve()))
        storage = Storage(files, root, shown(uri))
        _check(storage)
    except (OSError, ArrowException) as error:
        rule = "search.storage is a folder or URI (s3://bucket/prefix) that can be written, read and deleted from"
        reason = " ".join(str(error).replace(uri, shown(uri)).split())
        remedy = "mend the address, the rights or the connection, or write storage: null"
        raise InputError(rule, f"{shown(uri)} ({reason[:200]})", remedy) from None
    return storage


def shown(uri: str) -> str:
    """A URI without what a screen or a log must not show: keys, and the query that may hold more of them."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme else uri


def _check(storage: Storage) -> None:
    name = f".probe-{uuid.uuid4().hex}"
    storage.put(BytesIO(_PROBE), name)
    try:
        if storage.read(name) != _PROBE:
            raise OSError("what was read is not what was written")
    finally:
        storage.remove(name)
    if storage.exists(name):
        raise OSError("what was deleted is still there")
