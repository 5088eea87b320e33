"""The table of docs/DETECTORS.md: whole, up to date, and every row that claims something has a test."""

from pathlib import Path

import pytest

from trainables.catalogue import DETECTORS
from trainables.points import ALL_POINTS, POINTS, Point, page

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_rows_say() -> None:
    assert (ROOT / "docs" / "DETECTORS.md").read_text(encoding="utf-8") == page()


def test_every_point_and_every_detector_has_a_row() -> None:
    assert {number for point in POINTS for number in point.numbers} == set(ALL_POINTS)
    named = {point.switch.removeprefix("detector: ") for point in POINTS}
    assert {name for name, one in DETECTORS.items() if one.reads_data} <= named


@pytest.mark.parametrize("point", [one for one in POINTS if one.switch or one.test], ids=lambda point: point.what)
def test_what_a_row_claims_is_tested(point: Point) -> None:
    path, _, function = point.test.partition("::")
    assert point.switch
    assert f"def {function}(" in (ROOT / "tests" / path).read_text(encoding="utf-8")
