"""The data set with the contest's spread: frozen, complete, boxes on what was drawn, three data sets in one."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from orchestrator.settings import dataset_path
from results.boxes import truth_from_coco
from results.errors import InputError
from trainables.data.dataset import check_dataset, load_dataset
from trainables.data.demo_canvas import Box
from trainables.data.demo_full import FILE_OF, VERSION, DemoFullSizes, SplitSizes, demo_full_dataset, render_demo_full
from trainables.data.demo_full_cap import draw_cap
from trainables.data.demo_full_label import draw_label
from trainables.data.demo_full_plan import Planned

TINY = DemoFullSizes(SplitSizes(30, 2, 2), SplitSizes(16, 1, 1), SplitSizes(4, 1, 1))
TRUTHS = ("train.json", "val.json", "test_truth.json", "train_round2.json", "val_round2.json", "test_truth_round2.json")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder that holds the data set."""
    root = tmp_path_factory.mktemp("cache") / "detection-search"
    demo_full_dataset(cache_root=root, sizes=TINY)
    yield root


@pytest.fixture
def folder(cache: Path) -> Path:
    return cache / VERSION


def test_the_boxes_are_frozen(folder: Path) -> None:
    """Scores on it are compared over time: whoever changes what is drawn raises VERSION, then this."""
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in TRUTHS))
    assert (VERSION, digest.hexdigest()[:16]) == ("demo-full-v1", "3be16c77517fb29e")


def test_rendering_in_processes_gives_the_same_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.data.demo_full_render._FEW", 1)
    render_demo_full(tmp_path / "again", TINY)
    for path in folder.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(folder)).read_bytes(), path.name


@pytest.mark.parametrize("name", list(FILE_OF))
def test_each_data_set_passes_the_checks_of_a_search(cache: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    dataset = load_dataset(dataset_path(name, {}))
    assert dataset.name == name
    summary = check_dataset(dataset)
    assert summary.test_images == (9 if name == "demo-full-round2" else 5)


def test_another_demo_is_refused() -> None:
    with pytest.raises(InputError, match="demo-full-noisy"):
        dataset_path("demo-full-noise", {})


def test_test_truth_is_held_back(folder: Path) -> None:
    for name in FILE_OF.values():
        assert "truth" not in (folder / name).read_text(encoding="utf-8")
    for suffix in ("", "_round2"):
        listed = json.loads((folder / f"test_images{suffix}.json").read_text(encoding="utf-8"))
        assert "annotations" not in listed
        held = truth_from_coco(folder / f"test_truth{suffix}.json").images.file_name
        assert [row["file_name"] for row in listed["images"]] == list(held)


@pytest.mark.parametrize("name", TRUTHS)
def test_boxes_lie_inside_pictures_of_the_stated_size(folder: Path, name: str) -> None:
    truth = truth_from_coco(folder / name)
    sizes = np.stack([truth.images.width_px, truth.images.height_px], axis=1)
    rows = {image: row for row, image in enumerate(truth.images.image_id.tolist())}
    ends = truth.boxes_xywh[:, :2] + truth.boxes_xywh[:, 2:]
    assert (truth.boxes_xywh[:, :2] >= 0).all()
    assert (ends <= sizes[[rows[image] for image in truth.image_id.tolist()]]).all()
    picture = cv2.imread(str(folder / "images" / truth.images.file_name[0]), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape[:2] == (sizes[0, 1], sizes[0, 0])
    assert (picture.ndim == 2) == (sizes[0, 0] > 2000)


def test_frames_of_liquor_come_in_fives_and_stay_together(folder: Path) -> None:
    splits = [set(truth_from_coco(folder / f"{name}_round2.json").images.file_name) for name in ("train", "val")]
    groups = [{name[:12] for name in split if name.startswith("imgs_")} for split in splits]
    assert [len(group) for group in groups] == [2, 1]
    assert not groups[0] & groups[1]
    assert all(f"{group}_{frame}.jpg" in splits[0] for group in groups[0] for frame in range(5))
    assert {6, 7, 8}.isdisjoint(truth_from_coco(folder / "train_round2.json").category_id.tolist())


@pytest.mark.parametrize("category", [1, 2, 3, 5, 9, 10])
@pytest.mark.parametrize("size", [(18.0, 16.0), (90.5, 31.25), (16.0, 60.0)])
def test_a_cap_defect_fills_a_box_of_the_planned_size(category: int, size: tuple[float, float]) -> None:
    sound, damaged, box = drawn_pair(draw_cap, Planned(category, *size))
    assert box[2:] == size
    inside, outside = changes(sound, damaged, box)
    assert inside > 10
    assert outside < 2


@pytest.mark.parametrize("category", [7, 8])
@pytest.mark.parametrize("size", [(60.0, 57.0), (110.0, 800.0), (700.0, 130.0)])
def test_a_label_defect_fills_a_box_of_the_planned_size(category: int, size: tuple[float, float]) -> None:
    sound, damaged, box = drawn_pair(draw_label, Planned(category, *size))
    assert box[2:] == size
    inside, outside = changes(sound, damaged, box)
    assert inside > 4
    assert outside < 8  # of 255: a shade fades out


@pytest.mark.parametrize(
    ("draw", "planned"), [(draw_cap, Planned(4, 358.0, 115.0)), (draw_label, Planned(6, 2267.0, 1617.0))]
)
def test_what_is_drawn_to_size_has_the_planned_box(draw: object, planned: Planned) -> None:
    _, marks = draw((planned,), np.random.default_rng(2))  # type: ignore[operator]
    assert marks[0].box_xywh[2:] == pytest.approx((planned.width_px, planned.height_px), rel=0.01)


def drawn_pair(draw, planned: Planned) -> tuple[np.ndarray, np.ndarray, Box]:  # type: ignore[no-untyped-def]
    sound, _ = draw((), np.random.default_rng(2))
    damaged, marks = draw((planned,), np.random.default_rng(2))
    return sound, damaged, marks[0].box_xywh


def changes(sound: np.ndarray, damaged: np.ndarray, box: Box) -> tuple[float, float]:
    """Mean change inside the box, and the largest more than four pixels outside of it."""
    x, y, width, height = box
    changed = np.abs(damaged.astype(np.float64) - sound)
    changed = changed.reshape(*changed.shape[:2], -1).max(axis=2)
    inside = changed[int(y) : round(y + height), int(x) : round(x + width)].mean()
    far = 4 + round(0.1 * min(width, height))
    changed[max(int(y) - far, 0) : round(y + height) + far, max(int(x) - far, 0) : round(x + width) + far] = 0
    return float(inside), float(changed.max())
