"""What `file_name` of an annotation file may be: a path that stays below the image folder.

Annotation files come from strangers, and a name such as `../../x` would have a search read, show and copy files that
nobody gave it. Names are looked at as Unix and as Windows read them. Links that the folder itself holds are the
user's own and are followed. Opens no file.
"""

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from results.errors import InputError

_SHOWN = 3


def leaves_folder(name: str) -> bool:
    """Whether a name is absolute, climbs above its folder, or can be no path at all."""
    path = PureWindowsPath(name)  # knows both separators and drives
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return bool(path.anchor) or "\0" in name


def check_inside(label: str, names: Sequence[str], allow_outside: bool) -> None:
    """Refuses names that leave their image folder.

    Args:
        label: what the images are called in messages.
        names: relative to the image folder.
        allow_outside: of the data set; takes any name.

    Raises:
        InputError: naming the first few.
    """
    outside = [] if allow_outside else [name for name in names if leaves_folder(name)]
    if outside:
        shown = ", ".join(map(repr, outside[:_SHOWN])) + (" ..." if len(outside) > _SHOWN else "")
        rule = f"every file_name of {label} must stay inside the image folder"
        remedy = "fix the names, or say allow_outside: true if you trust the file"
        raise InputError(rule, f"{len(outside)} of {len(names)} that leave it: {shown}", remedy)


def missing_remedy(absent: Sequence[str], folder: Path, otherwise: str) -> str:
    """What to do about images that are not in `folder`, where the reason shows in the first name."""
    name = absent[0]
    first, _, rest = name.partition("/")
    if rest and first == folder.name and (folder / rest).is_file():
        return f"the names hold the folder {first} already: set images to the folder above it"
    if "\\" in name and (folder / name.replace("\\", "/")).is_file():
        return "write / in place of \\ in the file names"
    return otherwise
