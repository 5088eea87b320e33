"""`--data demo`: a small bottle-like data set, rendered once into the user's cache folder.

It is easy on purpose (a tiny detector trained on a CPU for minutes learns it) and frozen: scores on it stay comparable,
so any change to what is drawn takes a new `VERSION`. Test truth lies beside it as `test_truth.json` and no file refers
to it. A cache without its manifest, or with files missing, is rendered again; it never holds half a data set.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from trainables.data.cache_folder import user_cache
from trainables.data.demo_recipes import recipes
from trainables.data.demo_scene import CATEGORY_NAMES, Scene, cap_scene, label_scene
from trainables.data.render_cache import cached_folder, write_json, write_manifest

VERSION = "demo-v1"
_SEED = 20191218
_FILE = "dataset.yaml"
_DATASET_YAML = """\
# Rendered bottles with the ten classes of the round-1 contest; made by trainables.data.demo.
name: demo
rule: bottle_round1
train: {annotations: train.json, images: images}
val: {annotations: val.json, images: images}
test: {image_list: test_images.json, images: images}
unlabelled: {image_list: test_images.json, images: images}
"""


@dataclass(frozen=True)
class DemoSizes:
    """Number of pictures in each split."""

    train: int = 360
    val: int = 120
    test: int = 60


def demo_dataset(cache_root: Path | None = None, sizes: DemoSizes | None = None) -> Path:
    """The demonstration's dataset.yaml, rendered first when the cache does not hold it.

    Args:
        cache_root: where the folder `demo-v1` goes; the user's cache folder when left out.
        sizes: other sizes than the frozen ones, for tests; they need a `cache_root` of their own.

    Raises:
        InputError: the cache folder cannot be written.
    """
    root = cache_root or user_cache()
    texts = {_FILE: _DATASET_YAML}  # a cache may be older than a key of it
    return cached_folder(root, VERSION, lambda fresh: render_demo(fresh, sizes or DemoSizes()), texts) / _FILE


def render_demo(folder: Path, sizes: DemoSizes) -> None:
    """Writes the data set into an empty folder, the manifest last; the same sizes give the same pixels and boxes."""
    (folder / "images").mkdir(parents=True)
    for index, (split, images) in enumerate((("train", sizes.train), ("val", sizes.val), ("test", sizes.test))):
        content = _render_split(folder / "images", split, images, index)
        name = "test_truth" if split == "test" else split
        write_json(folder / f"{name}.json", content)
        if split == "test":
            write_json(folder / "test_images.json", {key: content[key] for key in ("images", "categories")})
    (folder / _FILE).write_text(_DATASET_YAML, encoding="utf-8")
    write_manifest(folder, VERSION)


def _render_split(images_folder: Path, split: str, images: int, index: int) -> dict[str, list[dict[str, object]]]:
    """Draws one split and gives its COCO content; every picture has its own random generator."""
    content: dict[str, list[dict[str, object]]] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": key, "name": name, "supercategory": name} for key, name in CATEGORY_NAMES.items()],
    }
    for number, recipe in enumerate(recipes(images, np.random.default_rng([_SEED, index]))):
        draw = label_scene if recipe.is_label else cap_scene
        scene = draw(recipe.category_ids, np.random.default_rng([_SEED, index, number]))
        name = f"{split}_{number:04d}.png"
        _write_png(images_folder / name, scene)
        _append(content, scene, name, index)
    return content


def _append(content: dict[str, list[dict[str, object]]], scene: Scene, file_name: str, index: int) -> None:
    """Adds one picture and its boxes; ids are distinct over all splits."""
    first_id = index * 10_000 + 1
    height, width = scene.pixels.shape[:2]
    image_id = first_id + len(content["images"])
    content["images"].append({"id": image_id, "file_name": file_name, "width": width, "height": height})
    for mark in scene.marks:
        box = [round(value, 2) for value in mark.box_xywh]
        content["annotations"].append(
            {
                "id": first_id + len(content["annotations"]),
                "image_id": image_id,
                "category_id": mark.category_id,
                "bbox": box,
                "area": round(box[2] * box[3], 2),
                "iscrowd": 0,
            }
        )


def _write_png(path: Path, scene: Scene) -> None:
    written, data = cv2.imencode(".png", scene.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not written:
        raise OSError(f"{path} could not be encoded")
    path.write_bytes(data.tobytes())
