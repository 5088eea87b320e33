import numpy as np
import numpy.typing as npt
import pytest
from ensemble_boxes import weighted_boxes_fusion
from hypothesis import given, settings
from hypothesis import strategies as st

from ensembles.fusion import fuse
from results.boxes import Detections

SIDE_PX = 1000.0


def _detections(rows: list[tuple[int, int, list[float], float]]) -> Detections:
    if not rows:
        return Detections.empty()
    image_id, category_id, boxes, scores = zip(*rows, strict=True)
    return Detections(np.array(image_id), np.array(category_id), np.array(boxes, dtype=float), np.array(scores))


def _model(seed: int, objects: int = 12, images: int = 3) -> Detections:
    """Jittered views of the same objects: what models of one scene see. Seed 0 is the scene."""
    scene = np.random.default_rng(99)
    corner = scene.uniform(100, 600, (objects * images, 2))
    size = scene.uniform(20, 200, (objects * images, 2))
    draw = np.random.default_rng(seed)
    twice = np.repeat(np.hstack([corner, size]), 2, axis=0)
    boxes = twice * draw.uniform(0.9, 1.1, twice.shape)
    image_id = np.repeat(np.arange(images), objects * 2) * 7 + 3
    category_id = np.tile(np.repeat([5, 2, 9], objects * 2 // 3), images)
    return Detections(image_id, category_id, boxes, draw.uniform(0.01, 1.0, len(boxes)))


def _sorted_rows(category_id: npt.ArrayLike, scores: npt.ArrayLike, xyxy: npt.ArrayLike) -> npt.NDArray[np.float64]:
    rows = np.column_stack([np.asarray(category_id), np.asarray(scores), np.asarray(xyxy)])
    return rows[np.lexsort((rows[:, 1].round(4), rows[:, 2].round(4), rows[:, 0]))]


def _reference(models: list[Detections], image_id: int, **options: object) -> npt.NDArray[np.float64]:
    parts = [model.select(model.image_id == image_id) for model in models]
    boxes = [np.hstack([b[:, :2], b[:, :2] + b[:, 2:]]) / SIDE_PX for b in (part.boxes_xywh for part in parts)]
    fused = weighted_boxes_fusion(boxes, [p.scores for p in parts], [p.category_id for p in parts], **options)
    return _sorted_rows(fused[2], fused[1], fused[0])


def _ours(fused: Detections, image_id: int) -> npt.NDArray[np.float64]:
    part = fused.select(fused.image_id == image_id)
    xyxy = np.hstack([part.boxes_xywh[:, :2], part.boxes_xywh[:, :2] + part.boxes_xywh[:, 2:]]) / SIDE_PX
    return _sorted_rows(part.category_id, part.scores, xyxy)


def _single(seed: int) -> Detections:
    """A view that holds each object once, and no two that touch: one vote a model and the original are the same."""
    draw = np.random.default_rng(seed)
    place = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2) * 100.0
    boxes = np.hstack([place + 10, np.full_like(place, 60.0)]) + draw.uniform(-8, 8, (36, 4))
    return Detections(np.repeat([3, 10, 17], 12), np.tile([5, 2, 9], 12), boxes, draw.uniform(0.01, 1.0, 36))


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("iou_threshold", [0.4, 0.55, 0.8])
def test_equal_weights_match_ensemble_boxes_where_no_model_repeats_itself(count: int, iou_threshold: float) -> None:
    models = [_single(seed) for seed in range(count)]
    fused = fuse(models, iou_threshold=iou_threshold, min_score=0.1)
    for image_id in np.unique(models[0].image_id):
        expected = _reference(models, image_id, iou_thr=iou_threshold, skip_box_thr=0.1)
        np.testing.assert_allclose(_ours(fused, image_id), expected, rtol=0, atol=1e-6)
    assert 0 < len(fused) <= sum(map(len, models))
    assert count == 1 or len(fused) < sum(map(len, models))


def test_boxes_of_one_model_never_merge() -> None:
    model = _model(3)
    fused = fuse([model])
    order = np.lexsort((model.scores, model.category_id, model.image_id))
    again = np.lexsort((fused.scores, fused.category_id, fused.image_id))
    assert fused.boxes_xywh[again].tolist() == model.boxes_xywh[order].tolist()  # to the last bit
    assert fused.scores[again].tolist() == model.scores[order].tolist()


def test_a_model_votes_once_in_a_cluster() -> None:
    box, near = [0.0, 0.0, 10.0, 10.0], [0.5, 0.0, 10.0, 10.0]
    repeats, silent = _detections([(1, 1, box, 0.8), (1, 1, near, 0.8)]), Detections.empty()
    assert fuse([repeats, silent]).scores.tolist() == [0.4, 0.4]
    assert sorted(fuse([repeats, _detections([(1, 1, box, 0.8)])]).scores.tolist()) == [0.4, 0.8]


def test_a_box_joins_the_next_best_cluster_where_its_model_has_voted_in_the_best() -> None:
    left, right, between = [0.0, 0.0, 10.0, 10.0], [3.0, 0.0, 10.0, 10.0], [1.0, 0.0, 10.0, 10.0]
    one = _detections([(1, 1, left, 0.9), (1, 1, right, 0.8)])
    two = _detections([(1, 1, left, 0.7), (1, 1, between, 0.6)])
    fused = fuse([one, two], iou_threshold=0.5)
    assert sorted(fused.scores.tolist()) == pytest.approx([0.7, 0.8])


def test_unequal_weights_match_ensemble_boxes_where_no_model_repeats_itself() -> None:
    models = [model.select(np.arange(0, len(model), 2)) for model in map(_model, range(3))]
    weights = [1.0, 2.5, 0.5]
    fused = fuse(models, weights, iou_threshold=0.6)
    for image_id in np.unique(models[0].image_id):
        expected = _reference(models, image_id, weights=weights, iou_thr=0.6)
        np.testing.assert_allclose(_ours(fused, image_id), expected, rtol=0, atol=1e-6)


def test_agreement_averages_boxes_by_score_and_absence_lowers_scores() -> None:
    one = _detections([(1, 1, [0, 0, 10, 10], 0.9), (1, 1, [50, 50, 10, 10], 0.8)])
    two = _detections([(1, 1, [2, 0, 10, 10], 0.3)])
    fused = fuse([one, two])
    assert fused.boxes_xywh == pytest.approx(np.array([[0.5, 0.0, 10.0, 10.0], [50.0, 50.0, 10.0, 10.0]]))
    assert fused.scores == pytest.approx(np.array([0.6, 0.4]))


def test_a_score_never_exceeds_one_whatever_the_weights() -> None:
    same = [(1, 1, [0.0, 0.0, 10.0, 10.0], 1.0)] * 3
    fused = fuse([_detections(same), _detections(same)], weights=[0.1, 5.0])
    assert fused.scores.tolist() == [1.0] * 3


def test_classes_and_images_do_not_mix_and_ids_stay() -> None:
    box = [0.0, 0.0, 10.0, 10.0]
    fused = fuse([_detections([(9, 1, box, 0.5), (4, 1, box, 0.5), (4, 7, box, 0.5)])])
    assert list(zip(fused.image_id.tolist(), fused.category_id.tolist(), strict=True)) == [(4, 1), (4, 7), (9, 1)]


def test_only_an_iou_above_the_threshold_joins() -> None:
    rows = [(1, 1, [0.0, 0.0, 10.0, 10.0], 0.9), (1, 1, [0.0, 0.0, 10.0, 5.0], 0.8)]
    models = [_detections(rows[:1]), _detections(rows[1:])]
    assert len(fuse(models, iou_threshold=0.5)) == 2
    assert len(fuse(models, iou_threshold=0.49)) == 1


def test_nothing_in_nothing_out() -> None:
    assert len(fuse([Detections.empty(), Detections.empty()])) == 0
    one = _detections([(1, 1, [0, 0, 10, 10], 0.5)])
    assert fuse([one, Detections.empty()]).scores.tolist() == [0.25]
    assert len(fuse([one], min_score=0.6)) == 0


def test_boxes_without_area_are_left_out_and_those_outside_kept() -> None:
    rows = [(1, 1, [0.0, 0.0, 0.0, 10.0], 0.9), (1, 1, [-50.0, -50.0, 10.0, 10.0], 0.5)]
    fused = fuse([_detections(rows)])
    assert fused.boxes_xywh.tolist() == [[-50.0, -50.0, 10.0, 10.0]]


def test_boxes_of_score_zero_keep_their_place_without_nan() -> None:
    fused = fuse([_detections([(1, 1, [0, 0, 10, 10], 0.0)]), _detections([(1, 1, [1, 0, 10, 10], 0.0)])])
    assert fused.boxes_xywh.tolist() == [[0, 0, 10, 10]]
    assert fused.scores.tolist() == [0.0]


@pytest.mark.parametrize("weights", [[0.0, 1.0], [-1.0, 1.0], [np.nan, 1.0], [np.inf, 1.0], [1.0], []])
def test_bad_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        fuse([_model(0), _model(1)], weights)


@pytest.mark.parametrize("box", [[np.nan, 0, 1, 1], [0, 0, -1, 1], [0, 0, np.inf, 1]])
def test_bad_boxes_are_refused(box: list[float]) -> None:
    with pytest.raises(ValueError, match="row 1"):
        fuse([_detections([(1, 1, [0, 0, 1, 1], 0.5), (1, 1, box, 0.5)])])


@pytest.mark.parametrize("score", [np.nan, -0.1, 1.1])
def test_bad_scores_are_refused(score: float) -> None:
    with pytest.raises(ValueError, match="row 0"):
        fuse([_detections([(1, 1, [0, 0, 1, 1], score)])])


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one model"):
        fuse([])
    with pytest.raises(ValueError, match="iou_threshold"):
        fuse([_model(0)], iou_threshold=float("nan"))


coordinate = st.floats(0, 50, allow_subnormal=False)
rows = st.lists(
    st.tuples(
        st.integers(1, 2), st.integers(1, 2), st.lists(coordinate, min_size=4, max_size=4), st.floats(0, 1, width=32)
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, min_size=1, max_size=3), st.sampled_from([0.0, 0.3, 0.55, 1.0]))
def test_any_input_gives_finite_boxes_within_the_hull(
    parts: list[list[tuple[int, int, list[float], float]]], iou: float
) -> None:
    models = [_detections(part) for part in parts]
    fused = fuse(models, [1.0, 3.0, 0.2][: len(models)], iou_threshold=iou)
    assert np.isfinite(fused.boxes_xywh).all()
    assert ((fused.scores >= 0) & (fused.scores <= 1)).all()
    assert (fused.boxes_xywh >= -1e-9).all()
    assert (fused.boxes_xywh[:, :2] + fused.boxes_xywh[:, 2:] <= 100 + 1e-9).all()
    assert len(fused) <= sum(map(len, models))
