"""The kernels against a textbook in plain Python: ranks, matches and AP of any small set, scores tied or not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_boxes import category_list, image_list  # isort: skip

from results.boxes import Detections, Truth
from results.prepared import prepare, prepare_truth
from results.rules import Measure, Requirement, Rule
from results.scoring import Kept, keep_all, match, score

IOUS = (0.3, 0.5, 0.75)
BOX = st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(0, 8)] * 2).map(lambda box: [float(value) for value in box])
PLACE = st.tuples(st.integers(1, 3), st.integers(1, 2))
TRUTH = st.lists(st.tuples(PLACE, BOX, st.booleans()), max_size=8)
FOUND = st.lists(st.tuples(PLACE, BOX, st.integers(0, 4)), max_size=14)


def sets(truth: list, found: list) -> tuple[Truth, Detections]:
    """Columns of drawn rows."""
    image, category = np.array([place for place, *_ in truth], dtype=np.int64).reshape(-1, 2).T
    boxes = np.array([box for _, box, _ in truth]).reshape(-1, 4)
    crowd = np.array([crowd for *_, crowd in truth], dtype=np.bool_)
    one = Truth(image_list(3), category_list(2), np.arange(len(truth)), image, category, boxes, crowd)
    image, category = np.array([place for place, *_ in found], dtype=np.int64).reshape(-1, 2).T
    boxes = np.array([box for _, box, _ in found]).reshape(-1, 4)
    return one, Detections(image, category, boxes, np.array([value / 4 for *_, value in found], dtype=np.float64))


def iou(first: list[float], second: list[float], crowd: bool) -> float:
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    own, other = first[2] * first[3], second[2] * second[3]
    return width * height / (own if crowd else own + other - width * height)


def textbook_ap(truth: list, found: list, category: int, level: float, strict: bool) -> float | None:
    """All-point AP of one class at one IoU."""
    boxes = [(image, box, crowd) for (image, class_), box, crowd in truth if class_ == category]
    total = sum(not crowd for *_, crowd in boxes)
    if not total:
        return None
    rows = [(image, box, value) for (image, class_), box, value in found if class_ == category]
    rows.sort(key=lambda row: (-row[2], row[0]))
    taken: set[int] = set()
    outcome = []
    for image, box, _ in rows:
        near = []
        for place, (image_, box_, crowd) in enumerate(boxes):
            value = iou(box, box_, crowd) if image_ == image else 0.0
            if (value > level if strict else value >= level) and value > 0 and (crowd or place not in taken):
                near.append((not crowd, value, place))
        if near and max(near)[0]:
            taken.add(max(near)[2])
            outcome.append(1)
        elif not near:
            outcome.append(0)
    precision = [sum(outcome[: place + 1]) / (place + 1) for place in range(len(outcome))]
    return sum(max(precision[place:]) for place, hit in enumerate(outcome) if hit) / total


@settings(max_examples=300, deadline=None)
@given(truth=TRUTH, found=FOUND, strict=st.booleans())
def test_match_and_ap_are_the_textbook_s(truth: list, found: list, strict: bool) -> None:
    rule = Rule("t", Requirement(IOUS), strict=strict)
    aps = score(*sets(truth, found), rule).ap
    for category in (1, 2):
        expected = [textbook_ap(truth, found, category, level, strict) for level in IOUS]
        if expected[0] is None:
            assert aps[category] is None
        else:
            assert abs((aps[category] or 0.0) - np.mean(expected)) < 1e-12


@settings(max_examples=150, deadline=None)
@given(truth=TRUTH, found=FOUND, seed=st.integers(0, 99))
def test_all_ways_to_an_ap_agree(truth: list, found: list, seed: int) -> None:
    rule = Rule("t", Requirement(IOUS))
    columns = sets(truth, found)
    prepared = prepare(prepare_truth(columns[0], rule), columns[1])
    everything = keep_all(prepared)
    warm = match(prepared, everything).class_ap()
    anew = match(prepared, Kept(everything.rows, everything.scores, everything.class_start, decayed=True)).class_ap()
    order = np.random.default_rng(seed).permutation(len(found))
    scores = np.random.default_rng(seed).permutation(len(found)) / 10
    distinct = Detections(columns[1].image_id, columns[1].category_id, columns[1].boxes_xywh, scores)
    np.testing.assert_array_equal(warm, anew)
    np.testing.assert_array_equal(warm, [np.nan if ap is None else ap for ap in score(*columns, rule).ap.values()])
    assert score(columns[0], distinct, rule) == score(columns[0], distinct.select(order), rule)


@settings(max_examples=100, deadline=None)
@given(truth=TRUTH, found=FOUND)
def test_row_bits_hold_what_was_matched(truth: list, found: list) -> None:
    rule = Rule("t", Requirement(IOUS), measure=Measure("f_macro"))
    columns = sets(truth, found)
    prepared = prepare(prepare_truth(columns[0], rule), columns[1])
    matched = match(prepared, keep_all(prepared))
    hit, ignored = matched.row_bits().levels(len(IOUS))
    assert not (hit & ignored).any()
    assert hit.sum() == sum(int(bits).bit_count() for bits in matched.hit.tolist())
    assert (hit.sum(axis=1) <= prepared.truth.class_count.sum()).all()
    assert (np.diff(hit.sum(axis=1)) <= 0).all()
