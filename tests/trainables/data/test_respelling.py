"""What a repair converts, and what it refuses to throw away: ids, iscrowd and boxes in other spellings."""

import json
from pathlib import Path
from typing import Any

import pytest
from planted import NAN, Copy, sound_data

from results.boxes import truth_from_coco
from results.commands import run_command
from results.errors import InputError
from trainables.data.id_numbers import id_numbers
from trainables.data.prepare import main
from trainables.data.respelling import outline_box


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return sound_data(tmp_path / "data")


def fix(copy: Copy, *flags: object) -> int:
    fixed = copy.folder / "fixed.json"
    return run_command(main, [str(one) for one in ("check", copy.write(), "--fix", fixed, *flags)])


def fixed_rows(copy: Copy, table: str = "annotations") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((copy.folder / "fixed.json").read_text(encoding="utf-8"))[table]
    return rows


@pytest.mark.parametrize(
    ("key", "spelling", "meant"),
    [("iscrowd", False, 0), ("iscrowd", None, 0), ("iscrowd", 0.0, 0), ("iscrowd", True, 1), ("id", 7.0, 7)],
)
def test_readers_take_what_standard_tools_write(copy: Copy, key: str, spelling: object, meant: int) -> None:
    copy.box(3)[key] = spelling
    path = copy.write()
    truth = truth_from_coco(path)
    assert int({"iscrowd": truth.is_crowd, "id": truth.annotation_id}[key][6]) == meant
    assert run_command(main, ["check", str(path)]) == 0


@pytest.mark.parametrize("spelling", ["false", "0", 0.5, [], "no"])
def test_readers_refuse_what_is_no_crowd_flag(copy: Copy, spelling: object) -> None:
    copy.box(3)["iscrowd"] = spelling
    with pytest.raises(InputError, match="row 6"):
        truth_from_coco(copy.write())


SPELLINGS = {
    "text": str,
    "floats": float,
    "float text": lambda id_: f"{id_}.0",
    "padded": lambda id_: f"{id_:08}",
    "stems": lambda id_: f"IMG_{id_:03}",
    "large": lambda id_: 2**63 + id_,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_ids_in_any_spelling_keep_every_box(copy: Copy, spelling: str) -> None:
    spelt = SPELLINGS[spelling]
    for row in copy.rows["images"]:
        row["id"] = spelt(row["id"])
    for row in copy.rows["categories"]:
        row["id"] = spelt(row["id"])
    for row in copy.rows["annotations"]:
        row.update({key: spelt(row[key]) for key in ("id", "image_id", "category_id")}, iscrowd=False)
    assert fix(copy) == 0
    before = sound_data(copy.folder / "again").rows["annotations"]
    assert [row["bbox"] for row in fixed_rows(copy)] == [row["bbox"] for row in before]
    assert [row["image_id"] for row in fixed_rows(copy)] == [row["image_id"] for row in before]
    assert [row["category_id"] for row in fixed_rows(copy)] == [row["category_id"] for row in before]
    assert (copy.folder / "fixed.ids.json").exists() == (spelling in ("stems", "large"))


def test_references_alone_may_be_text_numbers_or_names(copy: Copy) -> None:
    copy.box(3)["image_id"] = "4"
    copy.box(4)["image_id"] = "瓶 04.png"
    copy.box(5)["image_id"] = "瓶 05"
    copy.box(6)["category_id"] = "瓶盖破损"
    assert fix(copy) == 0
    rows = {row["id"]: row for row in fixed_rows(copy)}
    assert [rows[id_]["image_id"] for id_ in (7, 9, 11)] == [4, 5, 6]
    assert rows[13]["category_id"] == 1 and len(rows) == 140


def test_the_map_of_new_ids_stands_beside(copy: Copy) -> None:
    copy.image(3)["id"] = copy.box(3)["image_id"] = copy.box(3, 1)["image_id"] = "IMG_001"
    assert fix(copy) == 0
    assert json.loads((copy.folder / "fixed.ids.json").read_text(encoding="utf-8")) == {"images": {"IMG_001": 4}}
    assert [row["image_id"] for row in fixed_rows(copy)][6:8] == [4, 4]


def test_numbers_that_are_taken_are_not_given_twice() -> None:
    numbers = id_numbers([{"id": 7}, {"id": "7"}, {"id": "007"}, {"id": "a"}, {"id": -3}, {"id": None}], "name")
    assert [numbers.of(value) for value in (7, 7.0, -3, None, True, [])] == [7, 7, -3, None, None, None]
    assert len({numbers.of(value) for value in (7, "7", "007", "a", -3)}) == 5


@pytest.mark.parametrize(
    ("segmentation", "box"),
    [
        ([[5, 5, 25, 5, 25, 17]], [5, 5, 20, 12]),
        ([5, 5, 25, 5, 25, 17], [5, 5, 20, 12]),
        ([["5", 5, 25, 5, 25, "17"], [1, 2, 3, 2, 3, 4]], [1, 2, 24, 15]),
        ({"size": [4, 3], "counts": [5, 2, 5]}, [1, 1, 1, 2]),
        ({"size": [4, 3], "counts": "522"}, [1, 1, 1, 2]),
        ({"size": [4, 3], "counts": [5, 2]}, None),
        ({"size": [4, 0], "counts": [0]}, None),
        ([[5, 5, 25]], None),
        ([[5, 5, 25, 5, 25, NAN]], None),
        ([], None),
        ("polygon", None),
    ],
)
def test_an_outline_gives_the_box(segmentation: object, box: list[float] | None) -> None:
    assert outline_box(segmentation) == box


def test_polygons_without_boxes_stay(copy: Copy) -> None:
    for row in copy.rows["annotations"]:
        x, y, w, h = row.pop("bbox")
        row["segmentation"] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    assert fix(copy) == 0
    assert len(fixed_rows(copy)) == 140 and fixed_rows(copy)[1]["bbox"] == [30.5, 10, 15, 20.25]


def test_a_repair_that_drops_too_much_writes_nothing(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(30):
        copy.box(number)["bbox"] = [NAN, 1, 2, 3]
    assert fix(copy) == 2
    shown = capsys.readouterr()
    assert "box-not-finite" in shown.out
    assert "30 of 140 boxes" in shown.err and "--drop" in shown.err and len(shown.err.strip()) <= 300
    assert sorted(path.name for path in copy.folder.glob("fixed*")) == []


@pytest.mark.parametrize(("flags", "code"), [(["--drop"], 0), (["--drop", "0.3"], 0), (["--drop", "0.1"], 2)])
def test_the_share_that_may_be_dropped_is_asked_for(copy: Copy, flags: list[str], code: int) -> None:
    for number in range(30):
        copy.box(number)["bbox"] = [NAN, 1, 2, 3]
    assert fix(copy, *flags) == code
    assert (copy.folder / "fixed.json").exists() == (code == 0)


def test_pictures_that_are_dropped_count_too(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        copy.picture(number).unlink()
    assert fix(copy, "--images", copy.folder / "images") == 2
    assert "20 of 70 images" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [["--drop", "2"], ["--drop", "many"]])
def test_a_share_that_is_none_is_refused(copy: Copy, flags: list[str]) -> None:
    assert fix(copy, *flags) == 2
