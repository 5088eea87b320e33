"""Label formats: what is written reads back the same; strangers' files in every dress; hostile ones are refused."""

import json

import pytest

from results.errors import InputError
from trainables.data.labelled_image import LabelledBox, LabelledImage, check_stem, stem_of
from trainables.data.labelme_json import labelme_text, read_labelme
from trainables.data.safe_xml import decoded, parse_xml
from trainables.data.voc_xml import read_voc, voc_text
from trainables.data.yolo_txt import names_text, read_names, read_yolo, yolo_text

BOXES = (
    LabelledBox("瓶盖 破损", (165.14, 53.71, 39.860000000000014, 63.29), 7),
    LabelledBox(' a <b> & "c" ', (0.0, 0.0, 657.999, 1e-9)),
    LabelledBox("𝔘nicode", (-3.5, 2.0, 0.0, 0.0), -1),
)
IMAGE = LabelledImage("第一 批/img 1.b.jpg", (658, 492), BOXES)
NAMES = [box.name for box in BOXES]
VOC = "<annotation><filename>a.jpg</filename><object><name>x</name><bndbox>{}</bndbox></object></annotation>"
CORNERS = "<xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>20</ymax>"


def assert_same(read: LabelledImage, ids: bool = True) -> None:
    assert (read.file_name, read.size_px, [box.name for box in read.boxes]) == (IMAGE.file_name, (658, 492), NAMES)
    for found, box in zip(read.boxes, BOXES, strict=True):
        assert found.xywh == pytest.approx(box.xywh, abs=1e-9)
        assert found.annotation_id == (box.annotation_id if ids else None)


@pytest.mark.parametrize("dress", ["", "\ufeff", "\r\n"])
@pytest.mark.parametrize("pixels", ["edges", "inclusive"])
def test_voc_reads_back_what_it_writes(dress: str, pixels: str) -> None:
    text = voc_text(IMAGE, pixels)  # type: ignore[arg-type]
    text = text.replace("\n", dress) if dress == "\r\n" else dress + text
    assert_same(read_voc(text.encode(), "第一 批/img 1.b", pixels))  # type: ignore[arg-type]


@pytest.mark.parametrize("dress", ["", "\ufeff"])
def test_yolo_reads_back_what_it_writes(dress: str) -> None:
    content = (dress + yolo_text(IMAGE, NAMES).replace("\n", "\r\n")).encode()
    assert_same(read_yolo(content, "a.txt", (IMAGE.file_name, (658, 492)), NAMES), ids=False)
    assert read_names((dress + names_text(NAMES).replace("\n", "\r\n")).encode(), "classes.txt") == NAMES


def test_labelme_reads_back_what_it_writes() -> None:
    assert_same(read_labelme(labelme_text(IMAGE).replace("\n", "\r\n").encode("utf-8-sig"), "第一 批/img 1.b"))


def test_the_two_conventions_of_voc() -> None:
    content = VOC.format(CORNERS).encode()
    assert read_voc(content, "a", "edges").boxes[0].xywh == (1, 2, 9, 18)
    assert read_voc(content, "a", "inclusive").boxes[0].xywh == (0, 1, 10, 19)


def test_labelme_outlines_become_boxes_and_corners_may_be_in_any_order() -> None:
    shapes = [
        {"label": "a", "shape_type": "polygon", "points": [[5, 1], [9, 4], [2, 8.5]]},
        {"label": "b", "shape_type": "rectangle", "points": [[9, 9], [1, 2]], "group_id": 4},
    ]
    read = read_labelme(json.dumps({"shapes": shapes, "imagePath": "..\\x\\a.png"}).encode(), "a")
    assert [box.xywh for box in read.boxes] == [(2, 1, 7, 7.5), (1, 2, 8, 7)]
    assert (read.file_name, read.boxes[1].extras) == ("a.png", {"group_id": 4})


def test_names_from_ultralytics_and_gbk() -> None:
    assert read_names(b"names:\n  0: a\n  1: b c\n", "data.yaml") == ["a", "b c"]
    assert read_names(b"names: [a, b]\r\n", "data.yaml") == ["a", "b"]
    text = '<?xml version="1.0" encoding="GBK"?><annotation><x>瓶盖</x></annotation>'
    assert parse_xml(text.encode("gbk"), "a").findtext("x") == "瓶盖"
    assert decoded("瓶盖".encode("utf-16"), "a") == "瓶盖"


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><annotation>&c;</annotation>'
FETCH = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation>&b;</annotation>'
REMOTE = '<!DOCTYPE a SYSTEM "https://example.org/a.dtd"><annotation/>'


@pytest.mark.parametrize("text", [BOMB, FETCH, REMOTE, '<?xml version="1.0"?>\n' + FETCH, "\ufeff" + BOMB])
def test_documents_that_expand_or_fetch_are_refused(text: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        with pytest.raises(InputError, match="document type"):
            read_voc(text.encode(encoding), "a", "edges")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<a>" * 100_000, "nested at most"),
        (b"<annotation>&undefined;</annotation>", "the file is XML"),
        (b"<annotation>", "the file is XML"),
        (b"", "the file is XML"),
        (b"<annotation>\xff</annotation>", "UTF-8"),
        (b'<?xml version="1.0" encoding="utf-7"?><annotation/>', "UTF-8"),
        (b" " * (17 * 1024 * 1024), "at most"),
        (b"<svg/>", "root is <annotation>"),
        (VOC.format("<xmin>1</xmin>").encode(), "a number"),
        (VOC.format(CORNERS.replace("10", "nan")).encode(), "finite"),
        (VOC.format(CORNERS.replace("10", "0")).encode(), "right and bottom"),
        (b"<annotation><object><name>x</name></object></annotation>", "<bndbox>"),
    ],
)
def test_what_is_no_voc_file_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_voc(content, "a", "edges")


@pytest.mark.parametrize(
    "line", ["0 .1 .1 .1", "0 .1 .1 .1 .1 .9", "a .1 .1 .1 .1", "0 nan 1 1 1", "0 1 1 -1 1", "3 .1 .1 .1 .1"]
)
def test_lines_that_are_no_boxes_are_refused(line: str) -> None:
    with pytest.raises(InputError):
        read_yolo(line.encode(), "a.txt", ("a.jpg", (10, 10)), ["x", "y"])


@pytest.mark.parametrize(
    "shape", [{}, {"label": "a"}, {"label": "a", "shape_type": "circle", "points": [[1, 1], [2, 2]]}]
)
def test_shapes_that_are_no_boxes_are_refused(shape: dict[str, object]) -> None:
    with pytest.raises(InputError):
        read_labelme(json.dumps({"shapes": [shape]}).encode(), "a")


def test_stems_are_one_whatever_wrote_them() -> None:
    assert stem_of("cafe\u0301\\b.jpg") == stem_of("caf\u00e9/b.PNG")
    assert check_stem("a/b.c.jpg") == "a/b.c"


@pytest.mark.parametrize("name", ["", "/etc/a.jpg", "../a.jpg", "a/../../b.jpg", "C:\\a.jpg", "a\n.jpg", "a\x00.jpg"])
def test_label_files_stay_below_their_folder(name: str) -> None:
    with pytest.raises(InputError):
        check_stem(name)
