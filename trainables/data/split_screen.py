"""What `prepare split` prints: boxes of each class in train and val, and how few a class has there."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from results.screen import Screen
from trainables.data.split_plan import PartCounts

# Below this many boxes one box more or less found moves a class's recall by two points or more.
_FEW = 50


def screen(
    folders: Sequence[Path], counts: Sequence[Mapping[str, PartCounts]], names: Mapping[int, str], copies: int
) -> None:
    """Prints the table and the sentences below it."""
    console = Screen()
    for folder, counted in zip(folders, counts, strict=True):
        sizes = ", ".join(
            f"{side} {one.images} images, {sum(one.boxes_of.values())} boxes" for side, one in counted.items()
        )
        console.print(f"{folder}: {sizes}", highlight=False, markup=False, soft_wrap=True)
    console.print(_table(counts, names))
    for line in notes(counts, names, copies):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def notes(counts: Sequence[Mapping[str, PartCounts]], names: Mapping[int, str], copies: int) -> list[str]:
    """Sentences on what the split is worth.

    Args:
        counts: of train and val, for each split.
        names: of the classes by id.
        copies: pairs of images that show one picture.
    """
    found = [f"{copies} pairs of images show one picture under two names; they stay together"] if copies else []
    least = _least(counts)
    if not least:
        return [*found, "there is no box in the file: nothing can be scored"]
    key, count = min(least.items(), key=lambda item: (item[1], item[0]))
    found.append(f"fewest boxes of a class in val: {count} ({key} {names.get(key, '')})")
    few = [f"{key} {names.get(key, '')} {count}" for key, count in least.items() if 0 < count < _FEW]
    if few:
        worst = min(count for count in least.values() if count)
        found.append(
            f"notice: {worst} boxes make one box worth {100 / worst:.1f} points of that class's recall: with so few, "
            f"differences of an AP point are noise (fewer than {_FEW} boxes: {'; '.join(few)})"
        )
    none = [f"{key} {names.get(key, '')}" for key, count in least.items() if not count]
    return [*found, *([f"notice: no box in val, so no AP: {', '.join(none)}"] if none else [])]


def _least(counts: Sequence[Mapping[str, PartCounts]]) -> dict[int, int]:
    """The fewest boxes that any val holds of each class that the file has boxes of."""
    keys = [key for key, count in counts[0]["train"].boxes_of.items() if count or counts[0]["val"].boxes_of[key]]
    return {key: min(counted["val"].boxes_of[key] for counted in counts) for key in keys}


def _table(counts: Sequence[Mapping[str, PartCounts]], names: Mapping[int, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("id", "class"):
        table.add_column(head)
    for head in ("train", "val", "val %"):
        table.add_column(head, justify="right")
    for key in counts[0]["val"].boxes_of:
        train, val = ([counted[side].boxes_of[key] for counted in counts] for side in ("train", "val"))
        shares = [100 * one / (one + other) for one, other in zip(val, train, strict=True) if one + other]
        table.add_row(str(key), names.get(key, ""), _range(train), _range(val), _range(shares, ".1f"))
    return table


def _range(values: Sequence[float], form: str = "d") -> str:
    """One value, or the least and the greatest over the folds."""
    if not values:
        return "-"
    least, most = format(min(values), form), format(max(values), form)
    return least if least == most else f"{least}-{most}"
