"""The inputs of `shared/bench`, as this project's columns and as the arrays that other tools take.

Measures nothing. The generator stands beside the repository (`../shared/bench/make_detections.py`) and is used as is.
"""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from results.boxes import Category, Detections, FloatArray, Images, IntArray, Truth

GENERATOR = Path(__file__).resolve().parents[2] / "shared" / "bench" / "make_detections.py"


@dataclass(frozen=True)
class Inputs:
    """One benchmark set.

    Attributes:
        model: (N,) which of several models a detection comes from; zeros where there is one.
    """

    truth: Truth
    detections: Detections
    model: IntArray


def inputs(name: str) -> Inputs:
    """`comp`, `coco` or `fusion`, always the same."""
    generator = _generator()
    return _columns(*(generator.make_fusion() if name == "fusion" else generator.make(name)))


def raw_draw(seed: int, images: int = 450, boxes: int = 700) -> Inputs:
    """A fresh draw of raw (pre-NMS) detections from one population."""
    return _columns(*_generator().make_raw(seed, images, boxes))


def two_systems(seed: int, images: int, boxes: int, classes: int) -> tuple[Truth, Detections, Detections]:
    """A fresh set seen by two systems that share its scenes; the second is a little better."""
    generator = _generator()
    frequencies = np.full(classes, 1 / classes)
    rng = np.random.default_rng([seed, 78])
    truth = generator.gt_set(images, boxes, classes, rng, frequencies=frequencies)
    found = [
        _columns(
            truth, generator.detections(truth, np.random.default_rng([seed, place]), 20, quality=quality, scene=seed)
        )
        for place, quality in enumerate((0.9, 1.0))
    ]
    return found[0].truth, found[0].detections, found[1].detections


def corners(boxes_xywh: FloatArray) -> FloatArray:
    """Boxes (N, 4) as x1, y1, x2, y2."""
    return np.concatenate([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], axis=1)


@cache
def _generator() -> ModuleType:
    if not GENERATOR.is_file():
        raise SystemExit(f"the benchmark inputs need {GENERATOR}")
    spec = importlib.util.spec_from_file_location("make_detections", GENERATOR)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{GENERATOR} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _columns(truth: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> Inputs:
    images, side = int(truth["n_img"]), np.ones(int(truth["n_img"]), dtype=np.int64)
    names = tuple(f"{place + 1:06d}.jpg" for place in range(images))
    listed = Images(np.arange(1, images + 1), names, side * int(truth["W"]), side * int(truth["H"]))
    categories = tuple(Category(place + 1, f"c{place + 1}") for place in range(int(truth["n_cls"])))
    boxes = np.asarray(truth["box"], dtype=np.float64)
    columns = (np.arange(1, len(boxes) + 1), truth["img"] + 1, truth["cls"] + 1, boxes, truth["crowd"] != 0)
    detections = Detections(
        found["img"] + 1,
        found["cls"] + 1,
        np.asarray(found["box"], dtype=np.float64),
        np.asarray(found["score"], dtype=np.float64),
    )
    model = np.asarray(found.get("model", np.zeros(len(detections), dtype=np.int64)))
    return Inputs(Truth(listed, categories, *columns), detections, model)
