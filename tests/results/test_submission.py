import json
from pathlib import Path

import numpy as np
import pytest

from results.boxes import Detections, Images, detections_from_coco
from results.commands import run_command
from results.errors import InputError, InputErrors
from results.rules import load_rule
from results.submission import check_submission, write_submission
from results.validate import main

RULE = load_rule("bottle_round1")
IMAGES = Images(np.array([11, 12, 13]), ("a.jpg", "b.jpg", "瓶.jpg"), np.array([658] * 3), np.array([492] * 3))
DETECTIONS = Detections(
    np.array([12, 12, 11]),
    np.array([1, 10, 3]),
    np.array([[1.25, 2.0, 30.123456, 40.0], [0.0, 0.0, 658.0, 492.0], [5.0, 5.0, 0.0, 3.0]]),
    np.array([0.123456789, 0.123456788, 1.0]),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "out" / "submission.json"
    write_submission(path, IMAGES, DETECTIONS)
    return path


def _faults(path: Path, content: object) -> list[str]:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError) as caught:
        check_submission(path, IMAGES, RULE)
    return caught.value.line().splitlines()


def test_what_is_written_reads_back_unchanged_and_in_order(path: Path) -> None:
    read = detections_from_coco(path)
    for written, column in zip(vars(DETECTIONS).values(), vars(read).values(), strict=True):
        np.testing.assert_array_equal(written, column)


def test_every_image_is_listed_by_name(path: Path) -> None:
    content = json.loads(path.read_text())
    assert content["images"] == [
        {"file_name": name, "id": image_id} for name, image_id in [("a.jpg", 11), ("b.jpg", 12), ("瓶.jpg", 13)]
    ]
    count = check_submission(path, IMAGES, RULE)
    assert (count.images, count.boxes, count.images_without_box) == (3, 3, 1)
    assert count.boxes_of == {1: 1, 10: 1, 3: 1}


def test_a_coco_results_list_is_what_pycocotools_loads(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    write_submission(tmp_path / "coco.json", IMAGES, DETECTIONS, "coco")
    ids = zip(IMAGES.image_id.tolist(), IMAGES.file_name, strict=True)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": image_id, "file_name": name} for image_id, name in ids],
        "categories": [{"id": category.id} for category in RULE.categories],
        "annotations": [],
    }
    truth.createIndex()
    loaded = truth.loadRes(str(tmp_path / "coco.json"))
    assert [row["score"] for row in loaded.dataset["annotations"]] == DETECTIONS.scores.tolist()
    assert check_submission(tmp_path / "coco.json", IMAGES, RULE).line().startswith("valid as a COCO results list: 3")


def test_a_results_list_with_an_unknown_image_is_refused(path: Path) -> None:
    rows = [{"image_id": 99, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.5}]
    assert "image_id: 99" in _faults(path, rows)[0]


def test_a_submission_without_a_box_is_valid(tmp_path: Path) -> None:
    write_submission(tmp_path / "s.json", IMAGES, Detections.empty())
    assert check_submission(tmp_path / "s.json", IMAGES, RULE).images_without_box == 3


def test_images_are_joined_by_name_whatever_their_ids(path: Path) -> None:
    others = Images(np.array([1, 2, 3]), IMAGES.file_name[::-1], IMAGES.width_px, IMAGES.height_px)
    assert check_submission(path, others, RULE).boxes == 3


def test_detections_on_an_unlisted_image_are_not_written(tmp_path: Path) -> None:
    images = Images(np.array([11]), ("a.jpg",), np.array([9]), np.array([9]))
    with pytest.raises(ValueError, match="2 on others, first on id 12"):
        write_submission(tmp_path / "s.json", images, DETECTIONS)
    nan = Detections(np.array([11]), np.array([1]), np.array([[0.0, 0.0, np.nan, 1.0]]), np.array([0.5]))
    with pytest.raises(ValueError):
        write_submission(tmp_path / "s.json", images, nan)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"score": float("nan")}, "annotations[1].score: nan"),
        ({"score": 1.01}, "annotations[1].score: 1.01"),
        ({"score": True}, "annotations[1].score: True"),
        ({"score": None}, "annotations[1].score: None"),
        ({"image_id": 99}, "annotations[1].image_id: 99"),
        ({"image_id": "11"}, "annotations[1].image_id: '11'"),
        ({"category_id": 0}, "annotations[1].category_id: 0"),
        ({"category_id": [1]}, "annotations[1].category_id: [1]"),
        ({"bbox": [1, 2, -3, 4]}, "annotations[1].bbox: [1, 2, -3, 4]"),
        ({"bbox": [1, 2, float("nan"), 4]}, "annotations[1].bbox: [1, 2, nan, 4]"),
        ({"bbox": [1, 2, 3]}, "annotations[1].bbox: [1, 2, 3]"),
        ({"bbox": "box"}, "annotations[1].bbox: 'box'"),
        ({"bbox": [640, 2, 30, 4]}, "image of 658x492 px"),
        ({"bbox": [-5, 2, 30, 4]}, "image of 658x492 px"),
        ({"bbox": [1, 2, 10**400, 4]}, "four finite numbers"),
    ],
)
def test_a_faulty_box_is_named_with_its_place(path: Path, change: dict[str, object], place: str) -> None:
    content = json.loads(path.read_text())
    content["annotations"][1] |= change
    (line,) = _faults(path, content)
    assert place in line


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (["a.jpg", "b.jpg"], "exactly the images of the list; received missing: 瓶.jpg;"),
        (["a.jpg", "b.jpg", "瓶.jpg", "c.jpg"], "exactly the images of the list; received not in the list: c.jpg;"),
        (["x.jpg"], "received missing: a.jpg b.jpg 瓶.jpg, not in the list: x.jpg;"),
        (["a.jpg", "b.jpg", "瓶.jpg", "a.jpg"], "'a.jpg' 2 times"),
    ],
)
def test_a_wrong_image_list_is_refused(path: Path, images: list[str], says: str) -> None:
    listed = [{"file_name": name, "id": number} for number, name in enumerate(images)]
    (line,) = _faults(path, {"images": listed, "annotations": []})
    assert says in line


def test_one_id_for_two_images_is_refused(path: Path) -> None:
    listed = [{"file_name": name, "id": 1} for name in IMAGES.file_name]
    (line,) = _faults(path, {"images": listed, "annotations": []})
    assert "1 3 times" in line


@pytest.mark.parametrize("content", ['{"images": [', "[7]", "7", '{"images": []}', '{"images": {}, "annotations": []}'])
def test_what_is_no_submission_is_refused(path: Path, content: str) -> None:
    assert len(_faults(path, content)) == 1


def test_faults_come_together_up_to_a_limit(path: Path) -> None:
    bad = {"image_id": 11, "category_id": 0, "bbox": [0, 0, 1, 1], "score": 2}
    lines = _faults(path, {"images": [], "annotations": [bad] * 100})
    assert len(lines) == 21
    assert "more" in lines[-1]


def test_unknown_image_sizes_are_not_checked(path: Path) -> None:
    unknown = np.zeros(3, dtype=np.int64)
    small = Images(IMAGES.image_id, IMAGES.file_name, np.full(3, 9), np.full(3, 9))
    with pytest.raises(InputErrors):
        check_submission(path, small, RULE)
    assert check_submission(path, Images(IMAGES.image_id, IMAGES.file_name, unknown, unknown), RULE).boxes == 3


def test_the_command_says_valid_on_one_line_and_faults_with_two(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = zip(IMAGES.image_id.tolist(), IMAGES.file_name, strict=True)
    listed = {"images": [{"id": i, "file_name": name, "width": 658, "height": 492} for i, name in names]}
    test_json = path.with_name("test.json")
    test_json.write_text(json.dumps(listed))
    command = [str(path), "--images", str(test_json), "--rule", "bottle_round1"]
    assert run_command(main, command) == 0
    assert capsys.readouterr().out.startswith("valid: 3 images, 3 boxes, 1 images without a box")
    path.write_text("{}")
    assert run_command(main, command) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
