import numpy as np
import pytest
from drawn_boxes import detections_of, draw
from hypothesis import given, settings
from hypothesis import strategies as st

from results.boxes import Detections
from results.errors import InputError
from results.postprocess import (
    NMS_KINDS,
    NmsSetting,
    PostSpec,
    Suppressor,
    apply_nms,
    best_per_image,
    default_settings,
)
from results.prepared import group

BOX = [10.0, 10.0, 20.0, 20.0]


def iou(first: list[float], second: list[float]) -> float:
    """Plain IoU of two xywh boxes."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (first[2] * first[3] + second[2] * second[3] - width * height)


def plain_nms(boxes: list[list[float]], scores: list[float], setting: NmsSetting) -> list[tuple[int, float]]:
    """Suppression as a textbook has it: row and score of what is left, best first."""
    left = {row: score for row, score in enumerate(scores) if score >= setting.min_score}
    result = []
    while left:
        best = max(left, key=lambda row: (left[row], scores[row], -row))
        result.append((best, left.pop(best)))
        for row in list(left):
            value = iou(boxes[best], boxes[row])
            exceeds = value > setting.iou_threshold
            factor = {
                "hard": 0.0 if exceeds else 1.0,
                "soft_linear": 1 - value if exceeds else 1.0,
                "soft_gaussian": float(np.exp(-value * value / setting.sigma)),
            }[setting.kind]
            left[row] *= factor
            if left[row] < setting.min_score:
                del left[row]
    return result


SOME_BOX = st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(0, 10)] * 2).map(lambda box: [float(v) for v in box])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(SOME_BOX, st.integers(0, 20)), max_size=25),
    kind=st.sampled_from(NMS_KINDS),
    threshold=st.sampled_from([0.0, 0.3, 0.5, 0.95]),
)
def test_suppression_is_the_textbook_one(rows: list[tuple[list[float], int]], kind: str, threshold: float) -> None:
    boxes, scores = [box for box, _ in rows], [value / 20 for _, value in rows]
    setting = NmsSetting(kind, iou_threshold=threshold, sigma=0.1 + threshold)  # type: ignore[arg-type]
    expected = plain_nms(boxes, scores, setting)
    found = apply_nms(detections_of(boxes, scores), setting, None)
    assert found.scores.tolist() == pytest.approx([score for _, score in expected])
    assert sorted(map(tuple, found.boxes_xywh.tolist())) == sorted(tuple(boxes[row]) for row, _ in expected)


def test_classes_and_images_do_not_suppress_each_other() -> None:
    ids = np.array([1, 1, 2, 2])
    raw = Detections(np.array([1, 2, 1, 2]), ids, np.array([BOX] * 4), np.full(4, 0.5))
    assert len(apply_nms(raw, NmsSetting(), None)) == 4


def test_each_class_gets_its_own_setting() -> None:
    near = [12.0, 10.0, 20.0, 20.0]
    raw = Detections(np.ones(4, dtype=np.int64), np.array([1, 1, 2, 2]), np.array([BOX, near] * 2), np.full(4, 0.5))
    settings_of = {1: NmsSetting(iou_threshold=0.9), 2: NmsSetting(iou_threshold=0.3)}
    assert apply_nms(raw, settings_of, None).category_id.tolist() == [1, 1, 2]
    with pytest.raises(InputError, match=r"\[2\]"):
        apply_nms(raw, {1: NmsSetting()}, None)


def test_all_hard_thresholds_in_one_walk_equal_one_by_one() -> None:
    _, raw = draw(5, rows=800)
    grouped = group(raw, np.unique(raw.category_id), np.unique(raw.image_id))
    grid = [NmsSetting(iou_threshold=value) for value in np.linspace(0, 1, 70)]
    together = dict(Suppressor(grouped).run_all(grid))
    for place, setting in enumerate(grid):
        assert together[place].rows.tolist() == Suppressor(grouped).run(setting).rows.tolist()


@pytest.mark.parametrize("kind", NMS_KINDS)
def test_the_cap_per_class_keeps_the_best(kind: str) -> None:
    _, raw = draw(9, rows=800)
    grouped = group(raw, np.unique(raw.category_id), np.unique(raw.image_id))
    setting = NmsSetting(kind)  # type: ignore[arg-type]
    free, capped = Suppressor(grouped).run(setting), Suppressor(grouped, cap=3).run(setting)
    cells = np.stack(
        [grouped.image[free.rows], np.repeat(np.arange(len(free.class_start) - 1), np.diff(free.class_start))]
    )
    _, first, sizes = np.unique(cells[::-1], axis=1, return_index=True, return_counts=True)
    expected = np.concatenate([np.arange(at, at + min(size, 3)) for at, size in zip(first, sizes, strict=True)])
    assert capped.rows.tolist() == free.rows[np.sort(expected)].tolist()


def test_the_cap_across_classes_comes_last() -> None:
    rows = np.arange(6)
    raw = Detections(np.array([1, 1, 1, 2, 2, 2]), np.array([1, 2, 3] * 2), np.array([BOX] * 6), 0.1 + rows / 10)
    assert apply_nms(raw, NmsSetting(), 2).scores.tolist() == pytest.approx([0.2, 0.5, 0.3, 0.6])
    assert best_per_image(np.array([1, 1, 1]), np.array([0.5, 0.5, 0.5]), 2).tolist() == [True, True, False]


def test_nothing_in_nothing_out_and_bad_rows() -> None:
    assert len(apply_nms(Detections.empty(), NmsSetting(), 100)) == 0
    assert len(apply_nms(Detections.empty(), {}, None)) == 0
    with pytest.raises(InputError, match="row 0"):
        apply_nms(detections_of([[0.0, 0.0, -1.0, 1.0]], [0.5]), NmsSetting(), None)
    with pytest.raises(InputError, match="row 0"):
        apply_nms(detections_of([BOX], [np.nan]), NmsSetting(), None)


def test_the_grid_has_62_distinct_settings() -> None:
    grid = default_settings()
    assert len(grid) == len(set(grid)) == len({setting.label() for setting in grid}) == 62
    assert {setting.kind for setting in default_settings(["hard"])} == {"hard"}


def test_wrong_settings_are_refused() -> None:
    for change in ({"kind": "hart"}, {"iou_threshold": 1.5}, {"sigma": 0.0}, {"min_score": float("nan")}):
        with pytest.raises(InputError):
            NmsSetting(**change)
    for wrong in (
        {"nms": ()},
        {"per_class": "best"},
        {"cutoffs": "x"},
        {"search": "x"},
        {"suppress": "x"},
        {"max_per_image": 0},
    ):
        with pytest.raises(InputError):
            PostSpec(**wrong)


def test_hard_nms_keeps_what_torchvision_keeps() -> None:
    torch, ops = pytest.importorskip("torch"), pytest.importorskip("torchvision.ops")
    rng = np.random.default_rng(0)
    boxes = np.concatenate([rng.uniform(0, 60, (400, 2)), rng.uniform(4, 40, (400, 2))], axis=1)
    scores = rng.permutation(400) / 400 + 0.01
    corners = torch.tensor(np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1))
    for threshold in (0.3, 0.5, 0.8):
        expected = ops.nms(corners, torch.tensor(scores), threshold).numpy()
        found = apply_nms(detections_of(boxes.tolist(), scores.tolist()), NmsSetting(iou_threshold=threshold), None)
        np.testing.assert_array_equal(found.scores, scores[expected])


@pytest.mark.parametrize(("kind", "method"), [("soft_linear", "linear"), ("soft_gaussian", "gaussian")])
def test_soft_nms_gives_mmcv_s_scores(kind: str, method: str) -> None:
    torch, ops = pytest.importorskip("torch"), pytest.importorskip("mmcv.ops")
    rng = np.random.default_rng(1)
    boxes = np.concatenate([rng.uniform(0, 60, (300, 2)), rng.uniform(4, 40, (300, 2))], axis=1).astype(np.float32)
    scores = rng.uniform(0.01, 1, 300).astype(np.float32)
    corners = torch.tensor(np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1))
    expected, _ = ops.soft_nms(corners, torch.tensor(scores), 0.3, sigma=0.5, min_score=1e-3, method=method)
    setting = NmsSetting(kind, iou_threshold=0.3, sigma=0.5)  # type: ignore[arg-type]
    found = apply_nms(detections_of(boxes.tolist(), scores.tolist()), setting, None)
    np.testing.assert_allclose(found.scores, np.sort(expected.numpy()[:, 4])[::-1], atol=1e-5)
