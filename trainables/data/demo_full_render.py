"""Renders the pictures of `demo_full` in parallel processes and gives their marks.

Every picture has a random generator of its own, so neither their order nor the number of processes changes a pixel.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from trainables.data.demo_full_cap import draw_cap
from trainables.data.demo_full_label import draw_label
from trainables.data.demo_full_liquor import FRAMES, draw_liquor
from trainables.data.demo_full_patch import FinishedPicture
from trainables.data.demo_full_plan import PicturePlan
from trainables.data.demo_scene import Mark

CAPS, LABELS = 0, 1  # places in `Spread.modes`
_COLOUR_NOISE, _GREY_NOISE = 2.5, 2.0
_COLOUR_QUALITY, _GREY_QUALITY = 93, 88
_FEW = 40  # pictures that are not worth starting processes for


@dataclass(frozen=True)
class PictureTask:
    """One picture to draw, or one group of frames: `plan` is None for liquor.

    Attributes:
        names: of the files, one for a picture, five for a group.
        plan: its objects.
        seed: of its generator.
    """

    names: tuple[str, ...]
    plan: PicturePlan | None
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Drawn:
    """One finished picture: its file, its size in pixels, its boxes."""

    name: str
    size_px: tuple[int, int]
    marks: tuple[Mark, ...]


def render_pictures(folder: Path, tasks: Sequence[PictureTask]) -> list[Drawn]:
    """Draws every task into `folder`; the results come in the order of the tasks and their names."""
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or len(tasks) < _FEW:
        parts: Iterator[list[Drawn]] = (_render(folder, task) for task in tasks)
        return [one for part in parts for one in part]
    # Spawned: a copy of a process that has threads, as the driver of a search may, can hang.
    with ProcessPoolExecutor(
        cores, mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        return [one for part in pool.map(_render, [folder] * len(tasks), tasks, chunksize=4) for one in part]


def _render(folder: Path, task: PictureTask) -> list[Drawn]:
    rng = np.random.default_rng(task.seed)
    return [
        _write(folder / name, picture, marks, rng)
        for name, (picture, marks) in zip(task.names, _drawn(task, rng), strict=True)
    ]


def _drawn(task: PictureTask, rng: np.random.Generator) -> list[tuple[FinishedPicture, list[Mark]]]:
    if task.plan is None:
        assert len(task.names) == FRAMES
        return draw_liquor(rng)
    draw = draw_label if task.plan.mode == LABELS else draw_cap
    return [draw(task.plan.objects, rng)]


def _write(path: Path, picture: FinishedPicture, marks: Sequence[Mark], rng: np.random.Generator) -> Drawn:
    """Adds the sensor's noise and writes a JPEG file."""
    is_grey = picture.ndim == 2  # noqa: PLR2004  # grey pictures have two axes
    noise = rng.standard_normal(picture.shape[:2], dtype=np.float32) * np.float32(
        _GREY_NOISE if is_grey else _COLOUR_NOISE
    )
    pixels = np.clip(np.rint(picture + (noise if is_grey else noise[..., None])), 0, 255).astype(np.uint8)
    quality = _GREY_QUALITY if is_grey else _COLOUR_QUALITY
    written, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not written:
        raise OSError(f"{path} could not be encoded")
    path.write_bytes(data.tobytes())
    return Drawn(path.name, (pixels.shape[1], pixels.shape[0]), tuple(marks))
