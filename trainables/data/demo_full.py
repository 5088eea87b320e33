"""`--data demo-full`: a rendered data set with the contest's spread, once in the user's cache folder.

Two sizes of images, ten classes as frequent as they are, box sizes and lengths by their quantiles (`spread`), images of
background alone. Beside it in the same folder: the second round with its groups of five frames, and training labels
with faults. It is frozen: any change to what is drawn takes a new `VERSION`. No data set file refers to `test_truth*`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.data.cache_folder import user_cache
from trainables.data.demo_full_cap import CAP_SIZE_PX
from trainables.data.demo_full_liquor import FRAMES, LIQUOR_NAMES
from trainables.data.demo_full_plan import plan_pictures
from trainables.data.demo_full_render import CAPS, LABELS, Drawn, PictureTask, render_pictures
from trainables.data.demo_scene import (
    ASKEW,
    BAD_EDGE,
    BAD_PRINT,
    BREAK_POINT,
    BROKEN,
    BUBBLE,
    CATEGORY_NAMES,
    DEFORMED,
    PRINT,
    WRINKLED,
)
from trainables.data.label_noise import with_noise
from trainables.data.render_cache import cached_folder, write_json, write_manifest
from trainables.data.spread import bottle_round1_spread

VERSION = "demo-full-v1"
FILE_OF = {
    "demo-full": "dataset.yaml",
    "demo-full-round2": "dataset_round2.yaml",
    "demo-full-noisy": "dataset_noisy.yaml",
}
_SEED = 20200218
_NOISE_SEED = 9
_LABEL_IDS = (ASKEW, WRINKLED, BUBBLE)  # they fall away in round 2
_CONFUSED = ((BROKEN, DEFORMED, BAD_EDGE, BREAK_POINT), _LABEL_IDS, (PRINT, BAD_PRINT))
_IDS_OF_SPLIT = 100_000
_Content = dict[str, list[dict[str, object]]]


@dataclass(frozen=True)
class SplitSizes:
    """What one split holds: pictures of caps and labels, and bottles of liquor (five frames each) for round 2."""

    caps: int
    labels: int
    liquor: int

    @property
    def by_mode(self) -> tuple[int, int]:
        """Pictures of each of `Spread.modes`."""
        counts = {CAPS: self.caps, LABELS: self.labels}
        return counts[0], counts[1]


@dataclass(frozen=True)
class DemoFullSizes:
    """The sizes of all splits; ten caps to a label, as in the contest."""

    train: SplitSizes = SplitSizes(900, 90, 60)
    val: SplitSizes = SplitSizes(300, 30, 20)
    test: SplitSizes = SplitSizes(150, 15, 10)


@dataclass(frozen=True)
class _Split:
    """The pictures of one split: those of round 1, and the frames of liquor."""

    name: str
    round1: Sequence[Drawn]
    liquor: Sequence[Drawn]


def demo_full_dataset(
    name: str = "demo-full", cache_root: Path | None = None, sizes: DemoFullSizes | None = None
) -> Path:
    """A data set file of the rendered folder, which is rendered first when the cache does not hold it.

    Args:
        name: one of `FILE_OF`.
        cache_root: where the folder goes; the user's cache folder when left out.
        sizes: other sizes than the frozen ones, for tests; they need a `cache_root` of their own.

    Raises:
        InputError: the cache folder cannot be written.
    """
    chosen = sizes or DemoFullSizes()
    folder = cached_folder(cache_root or user_cache(), VERSION, lambda fresh: render_demo_full(fresh, chosen))
    return folder / FILE_OF[name]


def render_demo_full(folder: Path, sizes: DemoFullSizes) -> None:
    """Writes the folder, the manifest last; the same sizes give the same pixels and boxes."""
    (folder / "images").mkdir(parents=True)
    splits = {"train": sizes.train, "val": sizes.val, "test": sizes.test}
    tasks = {name: _tasks(name, size, number) for number, (name, size) in enumerate(splits.items())}
    drawn = render_pictures(folder / "images", [task for of_split in tasks.values() for task in of_split])
    by_name = {one.name: one for one in drawn}
    for number, (name, of_split) in enumerate(tasks.items()):
        round1, liquor = (
            [by_name[file] for task in of_split if (task.plan is None) == is_liquor for file in task.names]
            for is_liquor in (False, True)
        )
        _write_split(folder, _Split(name, round1, liquor), first_id=number * _IDS_OF_SPLIT + 1)
    for file, text in _dataset_files().items():
        (folder / file).write_text(text, encoding="utf-8")
    write_manifest(folder, VERSION)


def _tasks(split: str, sizes: SplitSizes, number: int) -> list[PictureTask]:
    """Every picture of a split."""
    plans = plan_pictures(bottle_round1_spread(), sizes.by_mode, np.random.default_rng([_SEED, number]))
    pictures = [
        PictureTask((f"{split}_{place:04d}.jpg",), plan, (_SEED, number, place)) for place, plan in enumerate(plans)
    ]
    groups = [number * 1_000 + place for place in range(sizes.liquor)]
    liquor = [
        PictureTask(tuple(f"imgs_{group:07d}_{frame}.jpg" for frame in range(FRAMES)), None, (_SEED, 7, group))
        for group in groups
    ]
    return pictures + liquor


def _write_split(folder: Path, split: _Split, first_id: int) -> None:
    """The annotation files of one split: of round 1, of round 2, and for train with faulty labels."""
    round1 = _content(split.round1, CATEGORY_NAMES, first_id)
    names2 = {key: name for key, name in CATEGORY_NAMES.items() if key not in _LABEL_IDS} | LIQUOR_NAMES
    caps = [one for one in split.round1 if one.size_px == CAP_SIZE_PX]
    round2 = _content([*caps, *split.liquor], names2, first_id)
    for content, suffix in ((round1, ""), (round2, "_round2")):
        if split.name == "test":
            write_json(folder / f"test_truth{suffix}.json", content)
            listed = {key: content[key] for key in ("images", "categories")}
            write_json(folder / f"test_images{suffix}.json", listed)
        else:
            write_json(folder / f"{split.name}{suffix}.json", content)
    if split.name == "train":
        noisy = with_noise(round1, _CONFUSED, np.random.default_rng([_SEED, _NOISE_SEED]))
        write_json(folder / "train_noisy.json", {**round1, "annotations": noisy.annotations})
        write_json(folder / "noise.json", noisy.changes)


def _content(pictures: Sequence[Drawn], names: Mapping[int, str], first_id: int) -> _Content:
    """COCO content; ids are distinct over all splits."""
    content: _Content = {
        "images": [],
        "annotations": [],
        "categories": [{"id": key, "name": name, "supercategory": name} for key, name in names.items()],
    }
    for place, picture in enumerate(pictures):
        width, height = picture.size_px
        content["images"].append({"id": first_id + place, "file_name": picture.name, "width": width, "height": height})
        for mark in picture.marks:
            box = [round(value, 2) for value in mark.box_xywh]
            content["annotations"].append(
                {
                    "id": first_id + len(content["annotations"]),
                    "image_id": first_id + place,
                    "category_id": mark.category_id,
                    "bbox": box,
                    "area": round(box[2] * box[3], 2),
                    "iscrowd": 0,
                }
            )
    return content


def _dataset_files() -> dict[str, str]:
    """The text of each data set file by its name."""
    return {
        FILE_OF["demo-full"]: _yaml("demo-full", "bottle_round1", "train.json", ""),
        FILE_OF["demo-full-noisy"]: _yaml("demo-full-noisy", "bottle_round1", "train_noisy.json", ""),
        FILE_OF["demo-full-round2"]: _yaml("demo-full-round2", "bottle_round2", "train_round2.json", "_round2")
        + "group_by: 'imgs_(\\d+)_\\d\\.jpg$'\n",
    }


def _yaml(name: str, rule: str, train: str, suffix: str) -> str:
    return (
        f"# Rendered bottles with the spread of the contest; made by trainables.data.demo_full.\n"
        f"name: {name}\n"
        f"rule: {rule}\n"
        f"train: {{annotations: {train}, images: images}}\n"
        f"val: {{annotations: val{suffix}.json, images: images}}\n"
        f"test: {{image_list: test_images{suffix}.json, images: images}}\n"
    )
