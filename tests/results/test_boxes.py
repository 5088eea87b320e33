import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import draw, truth_of

from results.boxes import (
    Detections,
    detections_from_coco,
    images_from_coco,
    read_detections,
    read_truth,
    truth_from_coco,
    write_detections,
    write_truth,
)
from results.errors import DamagedFileError, InputError

ROW = {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}
COCO = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 10}],
    "categories": [{"id": 2, "name": "scratch"}],
    "annotations": [{"id": 7, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "iscrowd": 0}],
}


def written(folder: Path, content: object) -> Path:
    path = folder / "file.json"
    path.write_text(json.dumps(content))
    return path


def test_result_list_and_submission_read_the_same(tmp_path: Path) -> None:
    listed = detections_from_coco(written(tmp_path, [ROW, ROW]))
    submitted = detections_from_coco(written(tmp_path, {"images": [], "annotations": [ROW, ROW]}))
    assert listed.boxes_xywh.tolist() == submitted.boxes_xywh.tolist() == [[1, 2, 3, 4]] * 2
    assert listed.category_id.tolist() == submitted.category_id.tolist() == [2, 2]


def test_no_detections(tmp_path: Path) -> None:
    assert len(detections_from_coco(written(tmp_path, []))) == len(Detections.empty()) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"bbox": [1, 2, 3]},
        {"bbox": [1, 2, -3, 4]},
        {"bbox": [1, float("nan"), 3, 4]},
        {"bbox": [1, float("inf"), 3, 4]},
        {"bbox": None},
        {"score": float("nan")},
        {"score": "0.5"},
        {"score": 10**400},
        {"image_id": 1.5},
        {"image_id": True},
        {"category_id": None},
    ],
)
def test_a_bad_row_is_refused_by_its_number(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"row 1|too large"):
        detections_from_coco(written(tmp_path, [ROW, {**ROW, **change}]))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    row = {key: value for key, value in ROW.items() if key != "score"}
    with pytest.raises(InputError, match=r'"score".*row 0'):
        detections_from_coco(written(tmp_path, [row]))


@pytest.mark.parametrize("text", ["", "[1, 2", "[[]]", "3", "{}", "\xff", "[" * 100_000])
def test_malformed_files_are_input_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError):
        detections_from_coco(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="can be read"):
            truth_from_coco(path)


def test_truth_is_read(tmp_path: Path) -> None:
    truth = truth_from_coco(written(tmp_path, COCO))
    assert truth.categories[0].name == "scratch"
    assert truth.images.file_name == ("a.jpg",)
    assert truth.is_crowd.tolist() == [False]
    assert images_from_coco(written(tmp_path, {"images": COCO["images"]})).width_px.tolist() == [10]


@pytest.mark.parametrize("change", [{"image_id": 5}, {"category_id": 5}, {"bbox": [0, 0, -1, 1]}])
def test_truth_with_unknown_ids_or_bad_boxes_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    bad = {**COCO, "annotations": [{**COCO["annotations"][0], **change}]}
    with pytest.raises(InputError, match="row 0"):
        truth_from_coco(written(tmp_path, bad))


@pytest.mark.parametrize("key", ["images", "categories", "annotations"])
def test_truth_lacking_a_part_or_with_double_ids_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(InputError, match=key):
        truth_from_coco(written(tmp_path, {k: v for k, v in COCO.items() if k != key}))
    if key != "annotations":
        with pytest.raises(InputError, match="distinct"):
            truth_from_coco(written(tmp_path, {**COCO, key: [*COCO[key], *COCO[key]]}))


def test_arrow_round_trip(tmp_path: Path) -> None:
    truth, detections = draw(3)
    write_truth(tmp_path / "truth.arrow", truth)
    write_detections(tmp_path / "raw.arrow", detections, {"seed": "3"})
    again, metadata = read_detections(tmp_path / "raw.arrow")
    assert metadata == {"seed": "3"}
    np.testing.assert_array_equal(again.boxes_xywh, detections.boxes_xywh)
    np.testing.assert_array_equal(again.scores, detections.scores)
    truth_again = read_truth(tmp_path / "truth.arrow")
    assert truth_again.categories == truth.categories
    np.testing.assert_array_equal(truth_again.is_crowd, truth.is_crowd)


def test_arrow_round_trip_of_nothing(tmp_path: Path) -> None:
    write_detections(tmp_path / "none.arrow", Detections.empty(), {})
    write_truth(tmp_path / "truth.arrow", truth_of([]))
    assert len(read_detections(tmp_path / "none.arrow")[0]) == 0
    assert len(read_truth(tmp_path / "truth.arrow").images) == 1


def test_a_cut_off_or_foreign_arrow_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "raw.arrow"
    write_detections(path, draw(1)[1], {})
    whole = path.read_bytes()
    for content in (whole[:-20], whole[: len(whole) // 2], b"", b"hello"):
        path.write_bytes(content)
        with pytest.raises(DamagedFileError):
            read_detections(path)
    write_truth(path, draw(1)[0])
    with pytest.raises(DamagedFileError, match="schema"):
        read_detections(path)
    with pytest.raises(DamagedFileError):
        read_truth(tmp_path / "none.arrow")


def test_columns_of_different_length_are_refused() -> None:
    one = np.ones(1, dtype=np.int64)
    with pytest.raises(ValueError, match="one length"):
        Detections(one, one, np.zeros((2, 4)), np.zeros(1))


def test_any_flipped_bit_of_an_arrow_file_is_read_or_refused(tmp_path: Path) -> None:
    truth, detections = draw(1)
    write_truth(tmp_path / "truth.arrow", truth)
    write_detections(tmp_path / "raw.arrow", detections, {"seed": "3"})
    for name, read in (("truth.arrow", read_truth), ("raw.arrow", read_detections)):
        content = (tmp_path / name).read_bytes()
        for bit in range(0, 8 * len(content), 8 * len(content) // 500):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            path = tmp_path / f"{bit}-{name}"  # a mapped file must not change under its reader
            path.write_bytes(flipped)
            with contextlib.suppress(DamagedFileError):
                read(path)
