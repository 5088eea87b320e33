"""`prepare labels merge`: what a person changed comes back, what they did not touch stays, ids are kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile, read_annotation_file
from trainables.data.label_changes import Terms, merged
from trainables.data.label_conversion import write_labels
from trainables.data.labelled_image import LabelledBox, LabelledImage
from trainables.data.prepare import main

FIRST = {"id": 3, "image_id": 1, "category_id": 5, "bbox": [10.5, 10.25, 40.0, 30.0], "area": 1200.0, "by": "me"}
SECOND = {
    "id": 9,
    "image_id": 1,
    "category_id": 2,
    "bbox": [100.0, 50.0, 20.0, 20.0],
    "segmentation": [[1, 2, 3, 4, 5, 6]],
}
OTHER = {"id": 4, "image_id": 2, "category_id": 2, "bbox": [1.0, 1.0, 5.0, 5.0]}
BASE = AnnotationFile(
    Path("base.json"),
    [
        {"id": 1, "file_name": "a.jpg", "width": 200, "height": 100},
        {"id": 2, "file_name": "b.jpg", "width": 9, "height": 9},
    ],
    [FIRST, OTHER, SECOND],
    [{"id": 5, "name": "破损"}, {"id": 2, "name": "dent"}],
    {},
)
A, B = LabelledBox("破损", (10.5, 10.25, 40.0, 30.0)), LabelledBox("dent", (100.0, 50.0, 20.0, 20.0))


def after(*boxes: LabelledBox, **terms: Any) -> tuple[list[dict[str, Any]], list[str]]:
    whole, changes = merged(BASE, [LabelledImage("a.jpg", (200, 100), boxes)], Terms("voc", **terms))
    return [dict(row) for row in whole.annotations], [change.kind for change in changes]


def box(name: str, *xywh: float, id_: int | None = None) -> LabelledBox:
    return LabelledBox(name, xywh, id_)  # type: ignore[arg-type]


def test_untouched_labels_change_nothing_whatever_their_order() -> None:
    assert after(B, A) == ([FIRST, OTHER, SECOND], [])
    assert after(box("破损", 10, 10, 40, 30), B, tolerance_px=1.0) == ([FIRST, OTHER, SECOND], [])


def test_a_moved_box_keeps_its_id_and_its_other_fields() -> None:
    rows, kinds = after(box("破损", 20, 12, 30, 30), B)
    assert kinds == ["moved"]
    assert rows[0] == {**FIRST, "bbox": [20, 12, 30, 30], "area": 900}


def test_a_renamed_box_keeps_its_id_and_its_outline_and_a_moved_one_loses_the_outline() -> None:
    rows, kinds = after(A, box("破损", 100, 50, 20, 20))
    assert (kinds, rows[2]) == (["renamed"], {**SECOND, "category_id": 5})
    rows, _ = after(A, box("dent", 101, 55, 20, 20))
    assert rows[2] == {"id": 9, "image_id": 1, "category_id": 2, "bbox": [101, 55, 20, 20]}


def test_removed_and_added_boxes() -> None:
    rows, kinds = after(B, box("dent", 0, 80, 5, 5))
    assert sorted(kinds) == ["added", "removed"]
    assert [row["id"] for row in rows] == [4, 9, 10]
    assert after() == ([OTHER], ["removed", "removed"])


def test_an_id_finds_a_box_that_went_far_unless_the_tool_copied_it() -> None:
    rows, kinds = after(box("破损", 150, 60, 9, 9, id_=3), B)
    assert (kinds, rows[0]["bbox"], rows[0]["id"]) == (["moved"], [150, 60, 9, 9], 3)
    _, kinds = after(box("破损", 150, 60, 9, 9, id_=3), box("破损", *A.xywh, id_=3), B)
    assert kinds == ["added"]


def test_new_images_come_with_their_source() -> None:
    new = LabelledImage("t/c.jpg", (50, 60), (box("dent", 1, 2, 3, 4),))
    whole, changes = merged(BASE, [new], Terms("voc", source="by hand", prefix="../test/"))
    assert whole.images[2] == {"id": 3, "file_name": "../test/t/c.jpg", "width": 50, "height": 60, "source": "by hand"}
    assert whole.annotations[3]["image_id"] == 3 and whole.annotations[3]["id"] == 10
    assert [change.kind for change in changes] == ["image added", "added"]
    again, changes = merged(whole, [new], Terms("voc", source="by hand", prefix="../test/"))
    assert (again, changes) == (whole, [])


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ([LabelledImage("a.jpg", None, (box("dnt", 1, 1, 1, 1),))], "write dent"),
        ([LabelledImage("a.jpg", None, ()), LabelledImage("a.png", None, ())], "one label file"),
        ([LabelledImage("new.jpg", None, ())], "says? (its|the) size|say its size"),
    ],
)
def test_what_cannot_be_merged_is_refused(labels: list[LabelledImage], why: str) -> None:
    with pytest.raises(InputError, match=why):
        merged(BASE, labels, Terms("voc"))


def test_labels_that_labelimg_saved_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It cuts all corners of a file to whole pixels and drops what it does not know; one box was drawn anew."""
    source = tmp_path / "base.json"
    source.write_text(
        json.dumps({"images": BASE.images, "annotations": BASE.annotations, "categories": BASE.categories})
    )
    write_labels(tmp_path / "xml", "voc", read_annotation_file(source), "edges")
    saved = tmp_path / "xml/a.xml"
    text = saved.read_text(encoding="utf-8").replace("<annotation_id>", "<gone>").replace("</annotation_id>", "</gone>")
    text = text.replace("10.5<", "10<").replace("10.25<", "10<").replace("50.5<", "50<").replace("40.25<", "40<")
    saved.write_text(text.replace("<xmin>100<", "<xmin>93<"), encoding="utf-8", newline="\r\n")
    (tmp_path / "xml/b.xml").unlink()
    arguments = [
        "labels",
        "merge",
        str(source),
        str(tmp_path / "xml"),
        "--out",
        str(tmp_path / "merged.json"),
        "--json",
    ]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"moved": 1}
    rows = json.loads((tmp_path / "merged.json").read_bytes())["annotations"]
    assert rows[:2] == [FIRST, OTHER] and (rows[2]["id"], rows[2]["bbox"]) == (9, [93, 50, 27, 20])
    (change,) = json.loads((tmp_path / "merged.changes.json").read_bytes())
    assert (change["kind"], change["annotation_id"], change["before"][0]) == ("moved", 9, "dent")
