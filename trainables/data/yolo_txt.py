"""YOLO text files, one an image: lines of "class x y width height", all but the class as shares of the image's sides.

x and y are the box's centre. A class is its place in `classes.txt` (LabelImg) or under `names` in `data.yaml`
(Ultralytics), counted from 0. The format has no room for sizes, ids or anything else: those come from a sidecar file,
from annotations or from the images. Text <-> `LabelledImage`.
"""

from collections.abc import Sequence

from results.errors import InputError
from results.faults import Faults
from results.yaml_nodes import ListNode, MapNode, Node, ScalarNode, YamlForm, parse_yaml
from trainables.data.labelled_image import LabelledBox, LabelledImage
from trainables.data.safe_xml import decoded

ENDING = ".txt"
CLASSES = "classes.txt"
DATA = "data.yaml"
_COLUMNS = 5
_MOST_SHARE = 1e6  # of an image: far beyond any box, and finite
_DATA_FILE = YamlForm("a list of classes")


def read_yolo(content: bytes, place: str, picture: tuple[str, tuple[int, int]], names: Sequence[str]) -> LabelledImage:
    """The content of one file.

    Args:
        content: of the file.
        place: its name, for messages.
        picture: the image's file name, and its width and height in px.
        names: of the classes.

    Raises:
        InputError: a line is not five numbers (an outline or a score is more), or its class has no name.
    """
    file_name, size_px = picture
    lines = [(number, line.split()) for number, line in enumerate(decoded(content, place).splitlines(), 1)]
    boxes = tuple(_box(words, f"{place}:{number}", size_px, names) for number, words in lines if words)
    return LabelledImage(file_name, size_px, boxes)


def yolo_text(image: LabelledImage, names: Sequence[str]) -> str:
    """The image's file.

    Raises:
        InputError: the image's size is not known.
    """
    if image.size_px is None or min(image.size_px) <= 0:
        raise InputError("YOLO labels need the image's size", f"{image.file_name}: {image.size_px}", "mend its row")
    return "".join(_line(box, image.size_px, names) for box in image.boxes)


def read_names(content: bytes, place: str) -> list[str]:
    """Class names in order, from `classes.txt` or `data.yaml`.

    Raises:
        InputError: a name twice, or a `names` that is neither a list nor a mapping from 0 on.
    """
    text = decoded(content, place)
    names = _yaml_names(text, place) if place.endswith(DATA) else [line for line in text.splitlines() if line.strip()]
    if len(set(names)) < len(names):
        raise InputError("class names are distinct", f"{place}: {names}", "rename one")
    return names


def names_text(names: Sequence[str]) -> str:
    """`classes.txt`."""
    return "".join(f"{name}\n" for name in names)


def _box(words: list[str], place: str, size_px: tuple[int, int], names: Sequence[str]) -> LabelledBox:
    try:
        label, numbers = int(words[0]), [float(word) for word in words[1:]]
    except ValueError:
        label, numbers = -1, []
    if len(words) != _COLUMNS or not numbers or not all(map(_is_share, numbers)) or min(numbers[2:]) < 0:
        rule = "a line is a class, then x, y, width and height as shares of the image"
        raise InputError(rule, f"{place}: {' '.join(words)!r:.60}", "convert outlines to boxes, leave scores out")
    if not 0 <= label < len(names):
        raise InputError(f"a class is 0 to {len(names) - 1}", f"{place}: {label}", f"name it in {CLASSES}")
    (width_px, height_px), (x, y, width, height) = size_px, numbers
    box = ((x - width / 2) * width_px, (y - height / 2) * height_px, width * width_px, height * height_px)
    return LabelledBox(names[label], box)


def _is_share(number: float) -> bool:
    return -_MOST_SHARE <= number <= _MOST_SHARE


def _line(box: LabelledBox, size_px: tuple[int, int], names: Sequence[str]) -> str:
    (width_px, height_px), (x, y, width, height) = size_px, box.xywh
    shares = ((x + width / 2) / width_px, (y + height / 2) / height_px, width / width_px, height / height_px)
    return f"{names.index(box.name)} {' '.join(map(repr, map(float, shares)))}\n"


def _yaml_names(text: str, place: str) -> list[str]:
    faults = Faults(place)
    # Faults that leave the tree readable stand in keys that are not ours: `download` holds whole scripts.
    top = parse_yaml(text.encode("utf-8"), faults, _DATA_FILE)
    entry = top.find("names") if isinstance(top, MapNode) else None
    nodes = [] if entry is None else _in_order(entry.value)
    if not nodes or not all(isinstance(node, ScalarNode) for node in nodes):
        received = f"{place}: no names" if entry is None else f"{place}:{entry.line}: {entry.value.shown()}"
        raise InputError("'names' must list the classes, or map 0, 1, ... to them", received, "list the classes")
    return [node.shown() for node in nodes]


def _in_order(names: Node) -> list[Node]:
    """The items of a list, or of a mapping from 0 on; nothing for anything else."""
    if isinstance(names, ListNode):
        return list(names.items)
    by_number = {entry.key: entry.value for entry in names.entries} if isinstance(names, MapNode) else {}
    numbers = [str(number) for number in range(len(by_number))]
    return [by_number[number] for number in numbers] if set(by_number) == set(numbers) else []
