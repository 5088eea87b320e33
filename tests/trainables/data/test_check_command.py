"""The commands `prepare check` and `prepare clean`: exit codes, what is printed, what is written, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from planted import NAN, Copy, box_key, sound_data

from results.commands import run_command
from trainables.data.prepare import main


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return sound_data(tmp_path / "data")


def run(*arguments: object) -> int:
    return run_command(main, [str(argument) for argument in arguments])


def add_background(copy: Copy, *images: int, id_: int = 0, name: str = "背景") -> None:
    copy.rows["categories"].append({"id": id_, "name": name})
    for image in images:
        copy.box(image)["category_id"] = id_


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_sound_file_and_notices_end_with_0(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    copy.rows["categories"].reverse()
    assert run("check", copy.write(), "--images", copy.folder / "images", "--json") == 0
    found = report(capsys)
    assert (found["errors"], found["notices"]) == (0, 4)
    assert found["figures"]["image_sizes"][0]["mode"] == "colour"


def test_errors_end_with_2_after_the_report(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    box_key("bbox", [NAN, 1, 2, 3])(copy, 3)
    assert run("check", copy.write()) == 2
    shown = capsys.readouterr()
    assert "box-not-finite" in shown.out and "id 7 (row 6)" in shown.out
    assert "1 box-not-finite" in shown.err and "--fix FIXED.json" in shown.err


def test_a_fix_writes_a_file_and_a_list_beside_it(copy: Copy) -> None:
    box_key("bbox", [50, 1, 20, 3])(copy, 3)
    path, fixed = copy.write(), copy.folder / "fixed.json"
    assert run("check", path, "--fix", fixed) == 0
    assert json.loads(fixed.read_text(encoding="utf-8"))["annotations"][6]["bbox"] == [50.0, 1.0, 10.0, 3.0]
    changes = json.loads((copy.folder / "fixed.changes.json").read_text(encoding="utf-8"))["changes"]
    cut = {
        "kind": "box-out-of-bounds",
        "table": "annotations",
        "row": 6,
        "id": 7,
        "did": "cut to [50.0, 1.0, 10.0, 3.0]",
    }
    assert changes == [cut]
    assert run("check", fixed) == 0


@pytest.mark.parametrize("flag", ["--fix", "--page"])
def test_the_delivered_file_is_never_written_to(copy: Copy, flag: str) -> None:
    path = copy.write()
    before = path.read_bytes()
    assert run("check", path, flag, copy.folder / "images" / ".." / path.name) == 2
    assert path.read_bytes() == before


def test_a_page_shows_what_was_found(copy: Copy) -> None:
    box_key("bbox", [50, 1, 20, 3])(copy, 3)
    page = copy.folder / "page.html"
    assert run("check", copy.write(), "--images", copy.folder / "images", "--page", page) == 2
    text = page.read_text(encoding="utf-8")
    assert "瓶盖破损" in text and "box-out-of-bounds: id 7, 瓶 03.png" in text
    assert text.count("data:image/png") == 3  # classes, sizes, one thumbnail


@pytest.mark.parametrize("flags", [("--test", "test.json"), ("--images", "nowhere"), ("--rule", "nobodys")])
def test_wrong_flags_are_refused(copy: Copy, flags: tuple[str, str]) -> None:
    assert run("check", copy.write(), *flags) == 2


def test_a_file_without_any_box_is_reported(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    copy.rows.update(annotations=[], images=[], categories=[])
    assert run("check", copy.write(), "--json", "--page", copy.folder / "page.html") == 0
    assert report(capsys)["figures"]["short_side_px"] is None


def test_clean_keeps_images_that_hold_defects_too(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    add_background(copy, 3, 4)
    copy.box(4, 1)["category_id"] = 0
    copy.box(9)["id"] = 1  # repeated ids are no obstacle
    out = copy.folder / "clean.json"
    assert run("clean", copy.write(), "--out", out, "--json") == 0
    found = report(capsys)
    assert (found["images_left_out"], found["images"], found["boxes"]) == ([5], 69, 137)
    clean = json.loads(out.read_text(encoding="utf-8"))
    assert [row["id"] for row in clean["annotations"]] == list(range(1, 138))
    assert [row["id"] for row in clean["categories"]] == [1, 2, 3, 4, 5]


def test_id_0_is_background_only_if_it_is_called_so(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    add_background(copy, 3, name="scratch")
    path, out = copy.write(), copy.folder / "clean.json"
    assert run("clean", path, "--out", out) == 0
    assert "0 scratch counts as a class" in capsys.readouterr().out
    assert run("clean", path, "--out", out, "--background", "0", "--json") == 0
    assert report(capsys)["boxes"] == 139


def test_background_that_is_no_category_is_refused(copy: Copy) -> None:
    assert run("clean", copy.write(), "--out", copy.folder / "clean.json", "--background", "7") == 2


def test_clean_refuses_other_errors_and_writes_nothing(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    box_key("bbox", [NAN, 1, 2, 3])(copy, 3)
    out = copy.folder / "clean.json"
    assert run("clean", copy.write(), "--out", out) == 2
    assert "--fix" in capsys.readouterr().err and not out.exists()
