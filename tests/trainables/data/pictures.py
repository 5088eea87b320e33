"""Pictures and small data sets for tests of what compares images."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]


def scene(seed: int, size_px: int = 96) -> Grey:
    """A smooth grey picture with some grain, another one for each seed."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (9, 9)).astype(np.uint8)
    smooth = cv2.resize(rough, (size_px, size_px), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def write_picture(path: Path, pixels: Grey, quality: int = 95) -> None:
    """Encodes by the path's ending; the quality is JPEG's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written, content = cv2.imencode(path.suffix, pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert written
    path.write_bytes(content.tobytes())


def side_px(path: Path) -> int:
    """The width of a square picture; 96 where there is no file."""
    return int(cv2.imread(str(path)).shape[1]) if path.exists() else 96


def write_coco(path: Path, names: Sequence[str]) -> None:
    """An annotation file with one box of category 1 on every image; sizes are those of the files beside it."""
    rows = [
        {"id": row, "file_name": name, "width": side, "height": side}
        for row, (name, side) in enumerate((name, side_px(path.parent / "images" / name)) for name in names)
    ]
    box = {"category_id": 1, "bbox": [8, 8, 30, 20], "area": 600, "iscrowd": 0}
    boxes = [{"id": row, "image_id": row, **box} for row in range(len(names))]
    content = {"images": rows, "annotations": boxes, "categories": [{"id": 1, "name": "气泡"}]}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_dataset(folder: Path, train: Sequence[str], val: Sequence[str], more: str = "") -> Path:
    """DATASET.yaml over pictures in `folder/images`; those that are not there yet are drawn, each another one."""
    for seed, name in enumerate([*train, *val]):
        if not (folder / "images" / name).exists():
            write_picture(folder / "images" / name, scene(seed))
    for split, names in (("train", train), ("val", val)):
        write_coco(folder / f"{split}.json", names)
    sources = "".join(f"{split}: {{annotations: {split}.json, images: images}}\n" for split in ("train", "val"))
    (folder / "dataset.yaml").write_text(f"{sources}rule: coco50\n{more}", encoding="utf-8")
    return folder / "dataset.yaml"
