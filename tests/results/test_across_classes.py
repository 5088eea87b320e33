import json
from dataclasses import replace

import numpy as np
import pytest
from drawn_boxes import draw

from results.across_classes import AcrossClasses, apply_nms_across_classes
from results.boxes import Detections
from results.errors import InputError
from results.post_settings import NMS_KINDS, NmsSetting, PostSpec, default_settings
from results.postprocess import apply_nms
from results.prepared import group, prepare, prepare_truth
from results.rules import load_rule
from results.scoring import score
from results.solution import Solution, apply_solution
from results.solve import solve
from results.sweep import sweep

SPEC = PostSpec(suppress="across_classes", per_class="global")


@pytest.mark.parametrize("kind", NMS_KINDS)
def test_it_is_suppression_of_one_class_with_the_classes_kept(kind: str) -> None:
    _, raw = draw(7, rows=500)
    setting = NmsSetting(kind)  # type: ignore[arg-type]
    one = Detections(raw.image_id, np.ones_like(raw.category_id), raw.boxes_xywh, raw.scores)
    found, expected = apply_nms_across_classes(raw, setting), apply_nms(one, setting, None)
    assert len(set(found.category_id)) > 1
    by_image = found.select(np.lexsort((-found.scores, found.image_id)))
    np.testing.assert_array_equal(by_image.scores, expected.scores)
    assert sorted(map(tuple, found.boxes_xywh)) == sorted(map(tuple, expected.boxes_xywh))
    assert len(apply_nms_across_classes(Detections.empty(), setting)) == 0


@pytest.mark.parametrize("kind", NMS_KINDS)
def test_a_sweep_keeps_what_applying_keeps(kind: str) -> None:
    _, raw = draw(9, rows=600)
    grouped = group(raw, np.unique(raw.category_id), np.unique(raw.image_id))
    setting = NmsSetting(kind)  # type: ignore[arg-type]
    kept, applied = AcrossClasses(grouped).run(setting), apply_nms_across_classes(raw, setting)
    np.testing.assert_array_equal(kept.scores, applied.scores)
    np.testing.assert_array_equal(raw.boxes_xywh[grouped.row[kept.rows]], applied.boxes_xywh)
    assert np.diff(kept.class_start).tolist() == [
        int((applied.category_id == id_).sum()) for id_ in grouped.category_id
    ]


def test_the_cap_per_class_and_image_keeps_the_best() -> None:
    _, raw = draw(9, rows=600)
    grouped = group(raw, np.unique(raw.category_id), np.unique(raw.image_id))
    free, capped = (AcrossClasses(grouped, cap).run(NmsSetting(iou_threshold=0.9)) for cap in (None, 2))
    cell = np.searchsorted(grouped.start, free.rows, side="right")
    assert capped.rows.tolist() == free.rows[np.arange(len(cell)) - np.searchsorted(cell, cell) < 2].tolist()


@pytest.mark.parametrize(
    "change", [{}, {"cutoffs": "none", "max_per_image": 3}, {"search": "optuna", "nms": ("hard",)}]
)
def test_the_applied_solution_scores_what_it_says(change: dict) -> None:
    for seed, name in enumerate(("coco50", "bottle_round1", "voc50")):
        truth, raw = draw(seed + 20, rows=800)
        solution = solve(truth, raw, load_rule(name), replace(SPEC, **change), seed)
        assert score(truth, apply_solution(raw, solution), load_rule(name)) == solution.score
        assert set(solution.setting_of.values()) == {solution.global_setting}
        assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


def test_one_class_alone_is_solved_alike_within_and_across() -> None:
    truth, raw = draw(3, rows=800, most_classes=1)
    prepared = prepare(prepare_truth(truth, load_rule("voc50")), raw)
    across = sweep(prepared, default_settings(), AcrossClasses(prepared.detections))
    np.testing.assert_array_equal(across.table.ap, sweep(prepared, default_settings()).table.ap)


def test_classes_that_are_coupled_have_no_settings_of_their_own() -> None:
    with pytest.raises(InputError, match="per_class: global"):
        PostSpec(suppress="across_classes")
