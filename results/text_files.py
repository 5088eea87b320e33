"""Why a path or a text file cannot be read, where the reason is one that happens often.

Paths copied from Windows, from a browser or from a shell; text saved by an editor in another encoding. Gives hints
only: nobody here opens another file than the one that was asked for.
"""

import codecs
from pathlib import Path
from urllib.parse import unquote

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_file(path: Path) -> bool:
    """Whether a file is there; false for what can be no path, such as one with a null character or too long a name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def path_remedy(path: Path | str, otherwise: str) -> str:
    """What to do about a path where nothing is; `otherwise` where no known reason fits."""
    text = str(path)
    if text.startswith("~") or "/~" in text:
        return "write the home folder's path in place of ~, only a shell expands it"
    if "\\" in text:
        return "use / in place of \\ between folders"
    if unquote(text) != text and _exists(unquote(text)):
        return f"write it as the file system does: {unquote(text)}"
    if text != text.strip("\"' ") and _exists(text.strip("\"' ")):
        return "leave out the quotes or spaces around it"
    twin = _other_case(Path(text))
    return f"write {twin}, case matters" if twin else otherwise


def encoding_remedy(content: bytes) -> str:
    """What to do about text that is not UTF-8."""
    if content.startswith(_UTF16) or b"\0" in content[:4]:
        return "this is UTF-16 text: save it as UTF-8"
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return "save it as UTF-8 text"
    return "this looks like GBK text: save it as UTF-8"


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _other_case(path: Path) -> Path | None:
    try:
        others = [one for one in path.parent.iterdir() if one.name != path.name]
    except (OSError, ValueError):
        return None
    return next((one for one in others if one.name.casefold() == path.name.casefold()), None)
