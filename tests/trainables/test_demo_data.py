"""The rendered demonstration: deterministic, complete or absent, every class present, boxes on what was drawn."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from results.boxes import truth_from_coco
from results.errors import InputError
from results.rules import load_rule
from trainables.data.cache_folder import user_cache
from trainables.data.dataset import check_dataset, load_dataset
from trainables.data.demo import VERSION, DemoSizes, demo_dataset, render_demo
from trainables.data.demo_canvas import Frame, box_of, polygon
from trainables.data.demo_recipes import recipes
from trainables.data.demo_scene import CATEGORY_NAMES, Scene, cap_scene, label_scene
from trainables.data.render_cache import write_manifest

TINY = DemoSizes(train=20, val=8, test=2)
SOURCES = ("train.json", "val.json", "test_truth.json", "test_images.json")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("demo") / "first"
    render_demo(folder, TINY)
    yield folder


def pixel_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted((folder / "images").iterdir()):
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert image is not None
        digest.update(image.tobytes())
    return digest.hexdigest()


def test_rendering_twice_gives_the_same_bytes(rendered: Path, tmp_path: Path) -> None:
    render_demo(tmp_path / "second", TINY)
    for name in SOURCES:
        assert (rendered / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert pixel_digest(rendered) == pixel_digest(tmp_path / "second")


def test_the_boxes_are_frozen(rendered: Path) -> None:
    """Scores on the demonstration are compared over time: whoever changes what is drawn raises VERSION, then this."""
    digest = hashlib.sha256((rendered / "train.json").read_bytes() + (rendered / "val.json").read_bytes())
    assert (VERSION, digest.hexdigest()[:16]) == ("demo-v1", "47ef18a16e65e012")


def test_the_recipes_of_the_frozen_data_set_hold_every_class() -> None:
    sizes = DemoSizes()
    least = {sizes.train: 30, sizes.val: 12, sizes.test: 5}
    for images, minimum in least.items():
        mix = recipes(images, np.random.default_rng(0))
        counts = Counter(category for recipe in mix for category in recipe.category_ids)
        assert len(mix) == images
        assert set(counts) == set(CATEGORY_NAMES)
        assert min(counts.values()) >= minimum
        assert 0.1 <= sum(not recipe.category_ids for recipe in mix) / images <= 0.2


@pytest.mark.parametrize("images", [0, 1, 7])
def test_recipes_come_in_the_number_asked_for(images: int) -> None:
    assert len(recipes(images, np.random.default_rng(1))) == images


def test_the_data_set_passes_its_own_checks(rendered: Path) -> None:
    dataset = load_dataset(rendered / "dataset.yaml")
    summary = check_dataset(dataset)
    assert (summary.train.images, summary.val.images, summary.test_images) == (20, 8, 2)
    assert {category.id: category.name for category in summary.categories} == CATEGORY_NAMES
    assert dataset.rule == "bottle_round1"


def test_names_and_ids_are_the_rules(rendered: Path) -> None:
    rule = load_rule("bottle_round1")
    ours = {category.id: category.name for category in truth_from_coco(rendered / "val.json").categories}
    assert ours == {category.id: category.name for category in rule.categories}


def test_the_test_images_carry_no_truth(rendered: Path) -> None:
    assert "annotations" not in json.loads((rendered / "test_images.json").read_text(encoding="utf-8"))
    assert "test_truth" not in (rendered / "dataset.yaml").read_text(encoding="utf-8")


def test_boxes_lie_inside_their_images(rendered: Path) -> None:
    for name in ("train.json", "val.json", "test_truth.json"):
        truth = truth_from_coco(rendered / name)
        rows = np.searchsorted(truth.images.image_id, truth.image_id)
        ends = truth.boxes_xywh[:, :2] + truth.boxes_xywh[:, 2:]
        assert (truth.boxes_xywh[:, :2] >= 0).all()
        assert (truth.boxes_xywh[:, 2:].min(axis=1) >= 10).all()
        assert (ends <= np.stack([truth.images.width_px, truth.images.height_px], axis=1)[rows]).all()


@pytest.mark.parametrize("category", [1, 3, 5, 9, 10])
def test_a_cap_defect_changes_its_box_and_little_else(category: int) -> None:
    sound, damaged = (cap_scene(ids, np.random.default_rng(3)) for ids in ((), (category,)))
    inside, outside = differences(sound, damaged)
    assert inside > 20
    assert outside < 6


@pytest.mark.parametrize("category", [7, 8])
def test_a_label_defect_changes_its_box_and_little_else(category: int) -> None:
    sound, damaged = (label_scene(ids, np.random.default_rng(5)) for ids in ((), (category,)))
    inside, outside = differences(sound, damaged)
    assert inside > 15
    assert outside < 8


def differences(sound: Scene, damaged: Scene) -> tuple[float, float]:
    """Mean absolute difference of grey levels inside the damaged scene's box and outside it."""
    change = np.abs(sound.pixels.astype(float) - damaged.pixels.astype(float))
    change = change if change.ndim == 2 else change.mean(axis=2)
    x, y, width, height = damaged.marks[0].box_xywh
    inside = np.zeros(change.shape, bool)
    inside[int(y) : int(y + height), int(x) : int(x + width)] = True
    return float(change[inside].mean()), float(change[~inside].mean())


def test_caps_are_colour_and_labels_grey() -> None:
    assert cap_scene((), np.random.default_rng(0)).pixels.shape == (150, 200, 3)
    assert label_scene((6,), np.random.default_rng(0)).pixels.shape == (240, 320)


def test_only_askew_labels_fill_their_box_askew() -> None:
    (mark,) = label_scene((6,), np.random.default_rng(0)).marks
    x, y, width, height = mark.box_xywh
    assert min(width, height) > 100
    assert x >= 0 and y >= 0 and x + width <= 320 and y + height <= 240


def test_a_box_is_tight_around_its_mask() -> None:
    frame = Frame(40, 30)
    assert box_of(polygon(frame, [(10, 5), (20, 5), (20, 17), (10, 17)])) == pytest.approx((10, 5, 10, 12), abs=0.5)
    with pytest.raises(ValueError, match="empty"):
        box_of(polygon(frame, [(60, 60), (70, 60), (70, 70)]))


def test_the_cache_is_rendered_once(tmp_path: Path) -> None:
    sizes = DemoSizes(1, 1, 1)
    first = demo_dataset(tmp_path, sizes)
    written = first.stat().st_mtime_ns
    assert demo_dataset(tmp_path, sizes) == first
    assert first.stat().st_mtime_ns == written


@pytest.mark.parametrize("lost", ["manifest.json", "val.json", "images/train_0000.png"])
def test_a_cut_off_cache_is_rendered_again(tmp_path: Path, lost: str) -> None:
    folder = demo_dataset(tmp_path, DemoSizes(1, 1, 1)).parent
    content = (folder / lost).read_bytes()
    (folder / lost).write_bytes(content[: len(content) // 2])
    demo_dataset(tmp_path, DemoSizes(1, 1, 1))
    assert (folder / lost).read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo-v1", "demo-v1.lock"]


def test_a_cache_that_is_older_than_a_key_is_brought_up_to_date_and_not_rendered(tmp_path: Path) -> None:
    file = demo_dataset(tmp_path, DemoSizes(1, 1, 1))
    text = file.read_text(encoding="utf-8")
    file.write_text("name: demo\n", encoding="utf-8")
    write_manifest(file.parent, "demo-v1")
    picture = (file.parent / "images" / "train_0000.png").stat()
    for _ in range(2):  # and stays whole
        assert demo_dataset(tmp_path, DemoSizes(1, 1, 1)).read_text(encoding="utf-8") == text
    assert (file.parent / "images" / "train_0000.png").stat().st_ino == picture.st_ino


def test_calls_at_the_same_time_share_one_cache(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: demo_dataset(tmp_path, DemoSizes(1, 1, 1)), range(4)))
    assert set(paths) == {tmp_path / "demo-v1" / "dataset.yaml"}
    listed = json.loads((tmp_path / "demo-v1" / "manifest.json").read_text())["files"]
    assert len(listed) == 3 + len(SOURCES) + 1
    assert all((tmp_path / "demo-v1" / name).stat().st_size == size for name, size in listed.items())


def test_a_cache_that_cannot_be_made_is_the_users_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="XDG_CACHE_HOME"):
        demo_dataset(tmp_path / "file" / "cache")


def test_the_cache_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "detection-search"
