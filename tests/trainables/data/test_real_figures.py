"""The competition's real annotations: every figure that is known of them comes out of `check` and `clean`."""

import json
from pathlib import Path
from typing import Any

import pytest

from results.boxes import truth_from_coco
from results.commands import run_command
from trainables.data.prepare import main

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "bottle_round1" / "annotations.json"
pytestmark = pytest.mark.skipif(not REAL.is_file(), reason=f"the real annotations are not here: {REAL}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    run_command(main, [*map(str, arguments), "--json"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    found: dict[str, Any] = json.loads(lines[0])
    return found


def test_check_gives_the_figures_of_the_delivered_file(capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "check", REAL)
    figures, counts = found["figures"], found["counts"]
    assert (figures["images"], figures["annotations"], figures["distinct_annotation_ids"]) == (4516, 6945, 2011)
    assert [(one["width_px"], one["height_px"], one["images"]) for one in figures["image_sizes"]] == [
        (658, 492, 4105),
        (4096, 3000, 411),
    ]
    assert figures["image_sizes"][1]["category_ids"] == [6, 7, 8]
    assert figures["category_order"] == [1, 9, 5, 3, 4, 0, 2, 8, 6, 10, 7]
    assert (counts["exact-duplicate"], counts["box-out-of-bounds"], figures["most_boxes_in_an_image"]) == (3, 0, 21)


def test_the_boxes_of_each_class(capsys: pytest.CaptureFixture[str]) -> None:
    classes = printed(capsys, "check", REAL)["figures"]["classes"]
    boxes = {1: 1619, 2: 705, 3: 656, 4: 480, 5: 614, 6: 186, 7: 384, 8: 443, 9: 489, 10: 199, 0: 1170}
    assert {one["id"]: one["boxes"] for one in classes} == boxes


def test_the_sizes_of_boxes(capsys: pytest.CaptureFixture[str]) -> None:
    figures = printed(capsys, "check", REAL)["figures"]
    assert [round(figures["short_side_px"][key]) for key in ("p10", "p50", "p90")] == [13, 37, 122]
    assert list(figures["short_side_counts"].values()) == [3239, 1900, 403, 233]
    assert [round(figures["aspect_ratio"][key], 1) for key in ("p50", "p90", "max")] == [1.8, 5.4, 24.8]


def test_a_random_tenth_has_few_boxes_of_its_rarest_class(capsys: pytest.CaptureFixture[str]) -> None:
    fewest = printed(capsys, "check", REAL)["figures"]["fewest_validation_boxes"]
    assert fewest["least"] <= 16 <= fewest["median"] + 1


def test_background_and_what_the_circulated_loop_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    background = printed(capsys, "check", REAL)["figures"]["background"]
    assert background == {
        "category_ids": [0],
        "boxes": 1170,
        "images_with_background_only": 1146,
        "images_with_both": 22,
        "images_kept": 3370,
        "boxes_kept": 5775,
        "images_kept_by_the_loop": 3348,
        "boxes_without_image_by_the_loop": 23,
    }


def test_which_class_each_printed_name_really_was(capsys: pytest.CaptureFixture[str]) -> None:
    rows = printed(capsys, "check", REAL)["figures"]["mislabelled_rows"]
    assert {row["printed"]: row["really"] for row in rows} == {
        "喷码正常": "瓶盖变形",
        "瓶盖断点": "瓶盖坏边",
        "瓶盖坏边": "瓶盖打旋",
        "瓶盖打旋": "瓶盖断点",
        "瓶盖变形": "标贴歪斜",
        "标贴气泡": "标贴起皱",
        "标贴歪斜": "标贴气泡",
        "喷码异常": "喷码正常",
        "标贴起皱": "喷码异常",
    }


def test_clean_keeps_3370_images_and_5775_boxes(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    before = REAL.read_bytes()
    found = printed(capsys, "clean", REAL, "--out", folder / "clean.json")
    assert (found["images"], found["boxes"], found["exact_duplicates_kept"]) == (3370, 5775, 3)
    truth = truth_from_coco(folder / "clean.json")
    assert (len(truth.images), len(truth)) == (3370, 5775)
    assert [category.id for category in truth.categories] == [1, 9, 5, 3, 4, 2, 8, 6, 10, 7]
    assert truth.annotation_id.tolist() == list(range(1, 5776))
    assert REAL.read_bytes() == before


def test_the_fixed_file_has_every_box_and_no_error(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    found = printed(capsys, "check", REAL, "--fix", folder / "fixed.json")
    assert (len(found["changes"]), found["fixed"]["errors"]) == (4934, 0)
    again = printed(capsys, "check", folder / "fixed.json")
    assert (again["errors"], again["figures"]["distinct_annotation_ids"], again["figures"]["boxes"]) == (0, 6945, 6945)
