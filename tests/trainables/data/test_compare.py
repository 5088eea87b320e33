"""Train against test: the statements tell a planted shift, and tell nothing where nothing is."""

import json
from pathlib import Path

import numpy as np
import pytest
from pictures import scene, write_coco, write_picture

from results.commands import run_command
from trainables.data.picture_measures import measure_pictures
from trainables.data.prepare import main
from trainables.data.two_samples import of_categories, of_numbers, of_several, together
from trainables.data.unlike import ranked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty training pictures, and forty test pictures alike."""
    for row in range(100):
        write_picture(tmp_path / "images" / f"{row}.png", scene(row))
    write_coco(tmp_path / "train.json", [f"{row}.png" for row in range(60)])
    write_coco(tmp_path / "test.json", [f"{row}.png" for row in range(60, 100)])
    return tmp_path


def compare(folder: Path, *more: str) -> int:
    files = (str(folder / "train.json"), str(folder / "test.json"))
    return run_command(main, ["compare", *files, "--images", str(folder / "images"), *more])


def found(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict:
    assert compare(folder, "--json", *more) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def differing(result: dict) -> list[str]:
    return [one["what"] for one in result["statements"] if one["differs"]]


def test_nothing_is_told_where_nothing_differs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = found(folder, capsys)
    assert result["images"] == {"train": 60, "test": 40}
    assert differing(result) == result["same_images"] == result["copies"] == []


def test_a_brighter_test_set_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for row in range(60, 100):
        bright = np.clip(scene(row) * 0.8 + 60, 0, 255).astype(np.uint8)
        write_picture(folder / "images" / f"{row}.png", bright)
    assert {"brightness", "all of these at once"} <= set(differing(found(folder, capsys)))


def test_a_picture_unlike_the_rest_comes_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_picture(folder / "images" / "77.png", (scene(77) // 8).astype(np.uint8))
    result = found(folder, capsys)
    assert result["unlike"][0]["file_name"] == "77.png"
    assert result["odd_images"] == 1


def test_a_size_that_train_has_not_comes_before_all(folder: Path) -> None:
    write_picture(folder / "images" / "big.png", scene(1, 120))
    measures = [
        measure_pictures(folder / "images", names) for names in ([f"{row}.png" for row in range(60)], ["big.png"])
    ]
    unlike, odd = ranked(*measures)
    assert odd == 1
    assert "120x120, grey" in unlike[0].reason


def test_images_of_both_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_picture(folder / "images" / "暗.jpg", scene(3), quality=70)
    write_picture(folder / "images" / "again.png", scene(4))
    write_coco(folder / "test.json", ["暗.jpg", "again.png", "60.png"])
    result = found(folder, capsys)
    assert result["same_images"] == [["4.png", "again.png"]]
    assert result["copies"] == [["3.png", "暗.jpg"]]


def test_predicted_boxes_are_compared_with_trains(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"image_id": row, "category_id": 1, "bbox": [1, 1, 9, 60], "score": score}
        for row in range(40)
        for score in (0.9, 0.1)
    ]
    (folder / "模型.json").write_text(json.dumps(rows))
    result = found(folder, capsys, "--predicted", str(folder / "模型.json"))
    assert differing(result) == ["short side of boxes (模型)"]


def test_detections_of_other_images_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "d.json").write_text(
        json.dumps([{"image_id": 9999, "category_id": 1, "bbox": [1, 1, 2, 2], "score": 1.0}])
    )
    assert compare(folder, "--predicted", str(folder / "d.json")) == 2
    assert "image_id 9999 is not listed" in capsys.readouterr().err


def test_images_that_cannot_be_decoded_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "images" / "61.png").write_bytes(b"no picture")
    assert compare(folder) == 0
    assert "1 images of test cannot be decoded, first 61.png" in capsys.readouterr().out


def test_a_missing_image_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "images" / "61.png").unlink()
    assert compare(folder) == 2
    assert "61.png" in capsys.readouterr().err


def test_the_page_shows_statements_plots_and_pictures(folder: Path) -> None:
    write_picture(folder / "images" / "暗.jpg", scene(3))
    write_coco(folder / "test.json", ["暗.jpg", "60.png"])
    assert compare(folder, "--page", str(folder / "page.html")) == 0
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert page.count("<img") == 1 + 2 + 5
    assert "暗.jpg" in page
    assert "energy distance" in page


def test_equal_distributions_are_seldom_told_apart() -> None:
    rng = np.random.default_rng(0)
    told = sum(of_several("x", rng.normal(size=(40, 3)), rng.normal(size=(30, 3)), seed).p < 0.05 for seed in range(20))
    assert told <= 4


def test_effects_run_from_nothing_to_one() -> None:
    low, high = np.linspace(0, 1, 200), np.linspace(2, 3, 200)
    assert of_numbers("x", low, low).effect == 0
    assert of_numbers("x", low, high).effect == of_numbers("x", low, high).higher == 1
    assert of_categories("x", ["a"] * 50, ["a"] * 20).effect == 0
    assert of_categories("x", ["a"] * 50, ["b"] * 50).effect == pytest.approx(1)
    assert of_several("x", np.zeros((20, 2)), np.ones((20, 2))).effect == pytest.approx(1)


def test_many_statements_need_a_smaller_p() -> None:
    rng = np.random.default_rng(1)
    statements = [of_numbers(str(row), rng.normal(size=30), rng.normal(size=30)) for row in range(8)]
    corrected = together(statements)
    assert min(one.corrected for one in corrected) == pytest.approx(min(1.0, 8 * min(one.p for one in statements)))
    assert [one.what for one in corrected] == [str(row) for row in range(8)]
