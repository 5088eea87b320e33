"""Every reader of files that strangers write: whatever the bytes, it reads them or says in one line why not.

A valid file is cut, flipped, repeated and filled with nonsense, as bytes and as its own structure. 112 cases a reader;
`ANY_BYTES_MINUTES=10` gives each reader that long.
"""

import copy
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results.boxes import (
    Category,
    Detections,
    Images,
    Truth,
    detections_from_coco,
    images_from_coco,
    read_detections,
    read_truth,
    truth_from_coco,
    write_detections,
    write_truth,
)
from results.errors import MAX_LINE_CHARACTERS, DetectionSearchError, InputError, one_line
from results.ledger import read_events
from results.online import read_online
from results.rules import load_rule
from results.submission import check_submission
from results.trial_records import trials_of
from search_spaces.loading import load_space
from trainables.catalogue import DETECTORS
from trainables.data.annotation_file import read_annotation_file
from trainables.data.dataset import load_dataset
from trainables.data.label_sidecar import NAME, read_sidecar
from trainables.data.labelme_json import labelme_text, read_labelme
from trainables.data.voc_xml import read_voc, voc_text
from trainables.data.yolo_txt import read_names, read_yolo, yolo_text
from trainables.trained_on import read_trained_on
from trainables.weights import read_start

MINUTES = float(os.environ.get("ANY_BYTES_MINUTES", "0"))
CASES = 112

COCO = {
    "images": [
        {"id": 1, "file_name": "a.jpg", "width": 64, "height": 48},
        {"id": 2, "file_name": "sub/b.jpg", "width": 64, "height": 48},
    ],
    "categories": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 12], "area": 120, "iscrowd": 0, "score": 0.5},
        {"id": 2, "image_id": 2, "category_id": 2, "bbox": [3.5, 2, 9, 9], "iscrowd": 0, "score": 0.25},
    ],
}
IMAGES = Images(np.array([1, 2]), ("a.jpg", "sub/b.jpg"), np.array([64, 64]), np.array([48, 48]))
TRUTH = Truth(
    IMAGES,
    (Category(1, "one"), Category(2, "two")),
    np.array([1, 2]),
    np.array([1, 2]),
    np.array([1, 2]),
    np.array([[1.0, 2, 10, 12], [3.5, 2, 9, 9]]),
    np.array([False, True]),
)
DETECTIONS = Detections(TRUTH.image_id, TRUTH.category_id, TRUTH.boxes_xywh, np.array([0.5, 0.25]))
LABELME = {
    "version": "5.5.0",
    "imagePath": "a.jpg",
    "imageWidth": 64,
    "imageHeight": 48,
    "shapes": [{"label": "one", "points": [[1, 2], [11, 14]], "shape_type": "rectangle", "annotation_id": 4}],
}
DATASET = """name: bottles
train: {annotations: train.json, images: images}
val: {annotations: val.json, images: images}
test: {image_list: test.json, images: test}
unlabelled: {images: more}
rule: coco50
classes: [one, two]
group_by: "imgs_(\\\\d+)_"
allow_overlap: true
subset: {at_most_px: 1000, mode: grey}
"""
RULE = """name: mine
categories: [{id: 1, name: scratch, weight: 0.7}, {id: 2, name: dent, weight: 0.3}]
requirement: {short_side_px: [{below: 40, divisor: 80, offset: 0.2}, {iou: 0.5}]}
ap: coco101
bad_rows: drop
measure: {image_accuracy: 0.2}
"""
SPACE = """detector: fake
rule: coco50
train: {problem: sphere, x: {range: [0.0, 1.0]}}
search: {sampler: random, pruner: none, epochs: 2, trials: 3}
profiles: {demo: {search: {trials: 2}}}
"""
LEDGER = (
    {"event": "run", "schema": 2, "time": 1.0, "name": "x", "trials": 3, "epochs": 2, "rule": "coco50", "seed": 0},
    {"time": 2, "event": "asked", "number": 0, "params": {"x": 0.5}, "from": "sampler", "identity": "a"},
    {"time": 3, "event": "started", "number": 0, "config_hash": "h", "epoch": 0},
    {"time": 4, "event": "rung", "number": 0, "epoch": 1, "score": 0.3, "peak_gib": 1.0},
    {"time": 5, "event": "lost", "number": 0, "reason": "r", "epoch": 1},
    {"time": 6, "event": "finished", "number": 0, "state": "COMPLETE", "score": 0.5, "summary": {"fps": 1.0}},
    {"time": 7, "event": "answered", "number": 1, "params": {"x": 0.5}, "as": 0},
    {"time": 8, "event": "stopped", "reason": "done"},
)
YAML_NONSENSE = (
    *("!!omap", "*a", "&a [*a]", "[1, 2", "{", "2801-99-99", "<<: {a: 1}", ".nan", "? [a]", "|", "%YAML 9", "---"),
    *(
        "!!python/name:os.system",
        "'",
        '"\\x1b[31m"',
        "~",
        "[]",
        "{}",
        "yes",
        "0x10",
        "1e999",
        "9" * 400,
        "- - -",
        ": :",
    ),
    *(
        "\t",
        "#",
        "@",
        "`",
        "!!timestamp x",
        "!!binary 1",
        "!!set {a}",
        "[[[[[[[[[[[[[[1]]]]]]]]]]]]]]",
        "\ufeff",
        "(",
        "\\",
    ),
)
JSON_NONSENSE = (
    *(None, True, False, -1, 0, 2**31, 2**63, 10**400, 1e308, -1e308, float("nan"), float("inf"), "", "x", "x" * 500),
    *("\ud800", "\x1b[2J", "../../x", "/x", "a\x00b", "12", [], {}, [[]], [None], {"": None}, [1, 2, 3], [[1, 2], [3]]),
    *([1e308] * 4, ["a"] * 4, {"id": []}, [1, 2, -3, -4], [True] * 4, "finished", "asked"),
)


@dataclass(frozen=True)
class Reader:
    """A kind of file: what a valid one holds, what a case is made of, and what reads it."""

    name: str
    valid: bytes
    read: Callable[[Path], object]
    content: object = None  # of json
    is_yaml: bool = False


def _voc() -> bytes:
    return voc_text(read_labelme(json.dumps(LABELME).encode(), "a"), "edges").encode()


def _written(write: Callable[[Path], object]) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "x")
        return (Path(folder) / "x").read_bytes()


def _json(content: object) -> bytes:
    return json.dumps(content).encode()


def _lines(events: object) -> bytes:
    return b"".join(_json(event) + b"\n" for event in (events if isinstance(events, list | tuple) else [events]))


def _yolo(path: Path) -> object:
    return read_yolo(path.read_bytes(), str(path), ("a.jpg", (64, 48)), ["one", "two"])


def _voc_and_back(path: Path) -> object:
    return voc_text(read_voc(path.read_bytes(), "a", "inclusive"), "edges")


def _labelme_and_back(path: Path) -> object:
    image = read_labelme(path.read_bytes(), "a")
    return labelme_text(image), yolo_text(image, sorted({box.name for box in image.boxes})) if image.size_px else None


def _weights(path: Path) -> None:
    torch.save({"state_dict": {"a.weight": torch.ones(2, 2)}, "meta": {"dataset_meta": {"classes": ["one"]}}}, path)


READERS = (
    Reader("space", SPACE.encode(), lambda path: load_space(str(path), DETECTORS), is_yaml=True),
    Reader("dataset", DATASET.encode(), load_dataset, is_yaml=True),
    Reader("rule", RULE.encode(), lambda path: load_rule(str(path)), is_yaml=True),
    Reader(
        "yolo_names.data.yaml",
        b"path: x\ntrain: images\nnames:\n  0: one\n  1: two\n",
        lambda path: read_names(path.read_bytes(), str(path)),
        is_yaml=True,
    ),
    Reader("yolo", b"0 0.5 0.5 0.25 0.25\n1 0.1 0.2 0.1 0.1\n", _yolo),
    Reader("voc", _voc(), _voc_and_back),
    Reader("labelme", _json(LABELME), _labelme_and_back, LABELME),
    Reader("truth", _json(COCO), truth_from_coco, COCO),
    Reader("results", _json(COCO["annotations"]), detections_from_coco, COCO["annotations"]),
    Reader("images", _json(COCO), images_from_coco, COCO),
    Reader("annotations", _json(COCO), read_annotation_file, COCO),
    Reader("submission", _json(COCO), lambda path: check_submission(path, IMAGES, load_rule("coco50")), COCO),
    Reader(
        NAME,
        _json({"pixels": "edges", "coco": COCO}),
        lambda path: read_sidecar(path.parent),
        {"pixels": "edges", "coco": COCO},
    ),
    Reader("weights", _written(_weights), lambda path: (read_start(path), read_trained_on(path))),
    Reader("online", _lines([{"time": 1.0, "file": "a", "sha256": "ab", "score": 0.5}]), read_online),
)
RECORDS = (
    Reader("ledger", _lines(LEDGER), lambda path: trials_of(read_events(path)), LEDGER),
    Reader("detections", _written(lambda path: write_detections(path, DETECTIONS, {"a": "b"})), read_detections),
    Reader("truth_arrow", _written(lambda path: write_truth(path, TRUTH)), read_truth),
)


@st.composite
def cases(draw: st.DrawFn, reader: Reader) -> bytes:
    """A file like the reader's valid one, spoilt in one to three places."""
    content = reader.valid
    if reader.content is not None and draw(st.booleans()):
        spoilt = _spoilt(draw, copy.deepcopy(reader.content))
        content = _lines(spoilt) if isinstance(reader.content, tuple) else _json(spoilt)
    elif reader.is_yaml and draw(st.booleans()):
        content = _spoilt_yaml(draw, content.decode()).encode()
    else:
        for _ in range(draw(st.integers(1, 3))):
            content = _spoilt_bytes(draw, content)
    return content


def _spoilt(draw: st.DrawFn, content: object) -> object:
    """The json with one value, at any depth, replaced by nonsense, left out, or given twice."""
    if not isinstance(content, dict | list | tuple) or not content or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(JSON_NONSENSE))
    inner: dict[object, object] = dict(content) if isinstance(content, dict) else dict(enumerate(content))
    key = draw(st.sampled_from(list(inner)))
    change = draw(st.integers(0, 5))
    if change == 0:
        del inner[key]
    elif change == 1:
        inner["again"] = inner[key]
    else:
        inner[key] = _spoilt(draw, inner[key])
    return {str(k): v for k, v in inner.items()} if isinstance(content, dict) else list(inner.values())


def _spoilt_yaml(draw: st.DrawFn, text: str) -> str:
    words = text.replace("\n", " \n ").split(" ")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(words) - 1))
        words[place] = draw(st.sampled_from((*YAML_NONSENSE, *words)))
    return " ".join(words)


def _spoilt_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(start + 40, len(content))))
    match draw(st.sampled_from(("flip", "cut", "insert", "leave out", "repeat"))):
        case "flip" if start < len(content):
            bit = 1 << draw(st.integers(0, 7))
            return content[:start] + bytes([content[start] ^ bit]) + content[start + 1 :]
        case "cut":
            return content[:start]
        case "insert":
            return content[:start] + draw(st.binary(max_size=12)) + content[start:]
        case "leave out":
            return content[:start] + content[end:]
        case _:
            return content[:end] + content[start:end] * draw(st.integers(1, 30)) + content[end:]


def _check(reader: Reader, content: bytes, folder: Path) -> None:
    path = folder / reader.name
    path.write_bytes(content)
    try:
        reader.read(path)
    except DetectionSearchError as error:
        lines = error.line().splitlines() if isinstance(error, InputError) else [one_line(str(error))]
        assert lines and all(0 < len(line) <= MAX_LINE_CHARACTERS for line in lines)


@pytest.mark.parametrize("reader", [*READERS, *RECORDS], ids=lambda reader: reader.name)
def test_any_bytes_are_read_or_refused_in_one_line(reader: Reader, tmp_path: Path) -> None:
    @settings(
        max_examples=CASES, deadline=None, database=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )
    @given(content=cases(reader))
    def check(content: bytes) -> None:
        _check(reader, content, tmp_path)

    _check(reader, reader.valid, tmp_path)
    end = time.monotonic() + MINUTES * 60
    check()
    while time.monotonic() < end:
        check()


@pytest.mark.parametrize("reader", [*READERS, *RECORDS], ids=lambda reader: reader.name)
def test_a_valid_file_is_read(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / reader.name).write_bytes(reader.valid)
    assert reader.read(tmp_path / reader.name) is not None


BOMB = "a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nnames: [*b, *b, *b]\n"


@pytest.mark.parametrize("reader", [one for one in READERS if one.is_yaml], ids=lambda reader: reader.name)
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (BOMB, "no YAML aliases"),
        ("a: " + "[" * 5000, "nests at most"),
        ("a: " + "{b: " * 50 + "1" + "}" * 50, "nests at most"),
        ("a: 1\n" * 100_000, "has at most"),
    ],
)
def test_alias_bombs_are_refused_wherever_yaml_is_read(
    reader: Reader, content: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / reader.name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=complaint):
        reader.read(tmp_path / reader.name)


@pytest.mark.parametrize(
    "reader", [one for one in READERS if one.name not in ("weights", "online")], ids=lambda reader: reader.name
)
def test_text_of_a_chinese_windows_is_named_as_such(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / reader.name).write_bytes("name: 机器\n".encode("gbk"))
    with pytest.raises(DetectionSearchError, match="GBK"):
        reader.read(tmp_path / reader.name)
