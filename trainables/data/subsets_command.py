"""`prepare subsets`: a data set for each kind of image or group of classes, so that each has models of its own.

Rows are kept whole and images stay where they are. The rule that selects images is written into each data set file;
`ensembles.build` sends each test image to the runs whose rule holds for it.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from results.boxes import Images, images_from_coco
from results.errors import InputError
from trainables.data.annotation_file import read_annotation_file, write_annotation_file
from trainables.data.dataset import Dataset, Source, load_dataset, load_truth
from trainables.data.next_dataset import write_next_dataset
from trainables.data.subset_rule import COLOUR, GREY, SubsetRule, images_of_subset

_WAYS = ("size", "colour", "class")


@dataclass(frozen=True)
class _Subset:
    """One subset: its name, which images it holds, and which classes it detects where it does not detect all."""

    name: str
    rule: SubsetRule
    classes: tuple[str, ...] | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `trainables.data.prepare`."""
    parser.add_argument("dataset", type=Path, metavar="DATASET.yaml", help="the data set to divide")
    parser.add_argument("--by", choices=_WAYS, required=True, help="long side, grey or colour, or class")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument("--limit", type=int, help="--by size: longest side of small images; the widest gap if left out")
    parser.add_argument(
        "--classes", help="--by class: names of one group, with commas; the others are the second group"
    )
    parser.add_argument("--json", action="store_true", help="print one line of json")


def run(arguments: argparse.Namespace) -> int:
    """Writes train, val and a data set file for each subset.

    Raises:
        InputError: a flag or a file is wrong, or a subset would have no images in train or val.
    """
    dataset = load_dataset(arguments.dataset)
    subsets = _subsets(arguments, dataset)
    rows = {(one.name, split): _rows(one, dataset, split) for one in subsets for split in ("train", "val")}
    empty = [f"{name} in {split}" for (name, split), held in rows.items() if not len(held)]
    if empty:
        raise InputError("every subset has images", f"none for {', '.join(empty)}", "choose another --limit or --by")
    arguments.out.mkdir(parents=True, exist_ok=True)
    written = {one.name: _write(one, dataset, arguments.out, rows) for one in subsets}
    counts = {one.name: {split: len(rows[one.name, split]) for split in ("train", "val")} for one in subsets}
    print(_json(subsets, counts, written) if arguments.json else _text(subsets, counts, written))
    return 0


def widest_gap_px(long_sides: Sequence[int]) -> int:
    """A limit in the widest gap between sizes, as a ratio.

    Raises:
        InputError: there is one size alone.
    """
    sides = np.unique(np.asarray(long_sides, np.float64))
    if len(sides) == 1:
        raise InputError("images of several sizes are divided by size", f"all {sides[0]:.0f} px", "use --by colour")
    place = int(np.argmax(sides[1:] / sides[:-1]))
    return round(float(np.sqrt(sides[place] * sides[place + 1])))


def _subsets(arguments: argparse.Namespace, dataset: Dataset) -> tuple[_Subset, _Subset]:
    if arguments.by == "colour":
        return _Subset(COLOUR, SubsetRule(mode=COLOUR), None), _Subset(GREY, SubsetRule(mode=GREY), None)
    if arguments.by == "class":
        names = [category.name for category in load_truth(dataset, dataset.train).categories]
        return _by_class(arguments.classes, names)
    images = _images(dataset, "train")
    limit = arguments.limit or widest_gap_px(np.maximum(images.width_px, images.height_px).tolist())
    return (
        _Subset("small", SubsetRule(at_most_px=limit), None),
        _Subset("large", SubsetRule(above_px=limit), None),
    )


def _by_class(asked: str | None, names: Sequence[str]) -> tuple[_Subset, _Subset]:
    chosen = tuple(word.strip() for word in (asked or "").split(",") if word.strip())
    unknown = [name for name in chosen if name not in names]
    others = tuple(name for name in names if name not in chosen)
    if not chosen or unknown or not others:
        received = ", ".join(unknown) or asked or "no --classes"
        raise InputError("--classes names some of the classes", received, f"choose among {', '.join(names)}")
    return _Subset("chosen", SubsetRule(), chosen), _Subset("others", SubsetRule(), others)


def _source(dataset: Dataset, split: str) -> Source:
    return dataset.train if split == "train" else dataset.val


def _images(dataset: Dataset, split: str) -> Images:
    return images_from_coco(_source(dataset, split).annotations)


def _rows(subset: _Subset, dataset: Dataset, split: str) -> Sequence[int]:
    held: list[int] = images_of_subset(subset.rule, _images(dataset, split), _source(dataset, split).images).tolist()
    return held


def _write(subset: _Subset, dataset: Dataset, out: Path, rows: Mapping[tuple[str, str], Sequence[int]]) -> Path:
    """The subset's files; the path of its data set file."""
    paths = {split: out / f"{subset.name}_{split}.json" for split in ("train", "val")}
    for split, path in paths.items():
        whole = read_annotation_file(_source(dataset, split).annotations)
        images = [whole.images[row] for row in rows[subset.name, split]]
        ids = {row["id"] for row in images}
        kept = [row for row in whole.annotations if row["image_id"] in ids]
        write_annotation_file(path, whole.with_rows(images, kept))
    file = out / f"{subset.name}.yaml"
    like = replace(
        dataset,
        val=Source(paths["val"], dataset.val.images),
        subset=subset.rule,
        classes=subset.classes or dataset.classes,
    )
    write_next_dataset(file, like, paths["train"], dataset.train.images)
    return file


def _json(subsets: Sequence[_Subset], counts: Mapping[str, Mapping[str, int]], written: Mapping[str, Path]) -> str:
    content = {
        one.name: {"rule": one.rule.to_dict(), "classes": one.classes, "images": counts[one.name]} for one in subsets
    }
    files = {name: str(path) for name, path in written.items()}
    return json.dumps({"subsets": content, "files": files}, ensure_ascii=False)


def _text(subsets: Sequence[_Subset], counts: Mapping[str, Mapping[str, int]], written: Mapping[str, Path]) -> str:
    lines = []
    for one in subsets:
        rule = ", ".join(f"{key} {value}" for key, value in one.rule.to_dict().items()) or "all images"
        classes = f"; classes {', '.join(one.classes)}" if one.classes else ""
        images = counts[one.name]
        lines.append(f"{one.name:<7} {images['train']} train, {images['val']} val images ({rule}{classes})")
        lines.append(f"        {written[one.name]}")
    return "\n".join(lines)
