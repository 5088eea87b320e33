"""Anchor shapes, their fitting and the command `anchors`: known figures, known optima, odd boxes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from results.boxes import Truth, truth_from_coco
from results.errors import InputError
from results.rules import Requirement, load_rule
from trainables.data.anchor_fitting import Target, fitted_grid, fitted_ratios, kmeans_ratios, kmeans_sizes
from trainables.data.anchor_shapes import AnchorGrid, best_ious, box_shapes, centred_ious, recall
from trainables.data.prepare import main
from trainables.data.size_histogram import area_histogram, side_histogram
from trainables.notation import parse_scale

REAL = Path("../shared/data/bottle_round1/annotations.json")
needs_real = pytest.mark.skipif(not REAL.is_file(), reason="../shared/data is not there")
STRIDES = (4, 8, 16, 32, 64)
GRID = AnchorGrid(STRIDES, 8.0, (0.5, 1.0, 2.0))


def washed() -> Truth:
    truth = truth_from_coco(REAL)
    return truth.select(truth.category_id != 0)


def coco_file(folder: Path, boxes: list[list[float]]) -> Path:
    rows = [{"id": 1, "image_id": 1, "category_id": 7, "bbox": box} for box in boxes]
    images = [{"id": 1, "file_name": "a.jpg", "width": 800, "height": 600}]
    path = folder / "made.json"
    path.write_text(json.dumps({"images": images, "annotations": rows, "categories": [{"id": 7, "name": "孔"}]}))
    return path


def targets(seed: int, ratios: tuple[float, ...], iou: float) -> Target:
    """Boxes that anchors of these ratios fit, give or take a few percent."""
    random = np.random.default_rng(seed)
    sizes = AnchorGrid(STRIDES, 8.0, ratios).sizes()
    boxes = sizes[random.integers(len(sizes), size=800)] * random.uniform(0.95, 1.05, (800, 2))
    return Target(boxes, np.full((1, 800), iou))


@needs_real
@pytest.mark.parametrize(("ratios", "share"), [((0.5, 1, 2), 0.7896), ((0.2, 0.5, 1, 2, 5), 0.9242)])
def test_known_shares_of_the_real_file(ratios: tuple[float, ...], share: float) -> None:
    boxes = box_shapes(washed()).resized(parse_scale("1333x800"))
    best = best_ious(boxes, replace(GRID, ratios=ratios).sizes())
    assert len(best) == 5775
    assert round(float((best >= 0.5).mean()), 4) == share


@needs_real
def test_known_counts_of_the_real_file() -> None:
    assert side_histogram(washed()).counts == (3239, 1900, 403, 233)
    assert sum(area_histogram(washed()).counts) == 5775


@needs_real
def test_fitted_anchors_reach_more_of_the_real_boxes() -> None:
    shapes, rule = box_shapes(washed()), load_rule("bottle_round1")
    target = Target(shapes.resized(parse_scale("1333x800")), shapes.required_ious(rule.requirement))
    stock = target.recall_of(replace(GRID, ratios=(0.2, 0.5, 1.0, 2.0, 5.0)).sizes())
    assert target.recall_of(fitted_ratios(target, GRID, 5, seed=0).sizes()) > stock + 0.01
    assert target.recall_of(fitted_grid(target, GRID, 5, seed=0).sizes()) > stock + 0.03


def test_ious_with_centres_together() -> None:
    ious = centred_ious(np.array([[10.0, 20.0], [4.0, 4.0]]), np.array([[10.0, 10.0], [4.0, 4.0]]))
    assert ious.tolist() == [[0.5, 0.08], [0.16, 1.0]]
    assert best_ious(np.zeros((0, 2)), np.ones((1, 2))).shape == (0,)
    assert recall(np.zeros(0), np.zeros((1, 0))) == 0.0


def test_a_grid_is_that_of_mmdets_generator() -> None:
    from mmdet.models.task_modules.prior_generators import AnchorGenerator

    made = AnchorGenerator(strides=list(STRIDES), ratios=[0.5, 1.0, 3.0], scales=[8.0]).base_anchors
    theirs = np.concatenate([(level[:, 2:] - level[:, :2]).numpy() for level in made])
    np.testing.assert_allclose(replace(GRID, ratios=(0.5, 1.0, 3.0)).sizes(), theirs, rtol=1e-6)


def test_planted_ratios_are_found() -> None:
    ratios = (0.125, 1.0, 6.0)
    target = targets(3, ratios, iou=0.85)
    np.testing.assert_allclose(kmeans_ratios(target.boxes_wh, 3, seed=0), ratios, rtol=0.05)
    found = fitted_ratios(target, GRID, 3, seed=0)
    assert target.recall_of(found.sizes()) == 1.0
    assert target.recall_of(GRID.sizes()) < 0.5


def test_equal_seeds_fit_equal_anchors_and_more_boxes_change_nothing_else() -> None:
    target = targets(4, (0.3, 2.0), iou=0.9)
    assert fitted_ratios(target, GRID, 4, seed=5) == fitted_ratios(target, GRID, 4, seed=5)
    many = Target(np.tile(target.boxes_wh, (40, 1)), np.tile(target.required, (1, 40)))
    assert len(many.thinned(0).boxes_wh) == 20_000
    assert many.recall_of(fitted_grid(many, GRID, 2, seed=5).sizes()) > 0.95


@pytest.mark.parametrize("boxes", [[[3.0, 5.0]], [[3.0, 5.0]] * 4, [[1e-3, 1e5], [1e5, 1e-3]]])
def test_few_and_extreme_boxes_have_anchors(boxes: list[list[float]]) -> None:
    sizes = kmeans_sizes(np.array(boxes), 3, seed=1)
    assert sizes.shape == (3, 2) and np.isfinite(sizes).all() and (sizes > 0).all()


def test_required_ious_are_those_of_the_original_box(tmp_path: Path) -> None:
    requirement = load_rule("bottle_round1").requirement
    truth = truth_from_coco(coco_file(tmp_path, [[0, 0, 30, 500], [0, 0, 100, 100], [0, 0, 500, 600]]))
    assert box_shapes(truth).required_ious(requirement).tolist() == [[0.2, 0.5, 0.8]]
    assert box_shapes(truth).required_ious(Requirement(ious=(0.5, 0.75))).shape == (2, 3)


def test_the_command_says_everything_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, page = coco_file(tmp_path, [[0, 0, 10, 90], [5, 5, 50, 200], [9, 9, 0, 5]]), tmp_path / "page.html"
    assert main(["anchors", str(path), "--scale", "800x600,400x300", "--json", "--page", str(page)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["rule"], said["boxes"], said["boxes_without_area"]) == ("coco50", 3, 1)
    assert [one["scale"] for one in said["scales"]] == ["800x600", "400x300"]
    assert "孔" in page.read_text(encoding="utf-8")


def test_the_table_names_what_a_space_file_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = coco_file(tmp_path, [[0, 0, 10, 90], [5, 5, 50, 200]])
    assert main(["anchors", str(path), "--scale", "800x600", "--rule", "voc50"]) == 0
    assert "anchor_ratios" in capsys.readouterr().out


@pytest.mark.parametrize("boxes", [[], [[1, 1, 0, 5]]])
def test_a_file_without_boxes_is_refused(tmp_path: Path, boxes: list[list[float]]) -> None:
    with pytest.raises(InputError, match="a box with an area"):
        main(["anchors", str(coco_file(tmp_path, boxes)), "--scale", "800x600"])
