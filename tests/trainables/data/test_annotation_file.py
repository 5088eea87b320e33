"""`trainables.data.annotation_file`: rows pass through whole, and a delivered file is never overwritten."""

import json
from pathlib import Path

import pytest

from results.errors import InputError
from trainables.data.annotation_file import read_annotation_file, write_annotation_file

CONTENT = {
    "info": {"made by": "瓶盖"},
    "images": [{"id": 1, "file_name": "a.jpg", "width": "wide"}],
    "annotations": [{"id": 1, "bbox": None, "segmentation": [[1, 2]]}],
    "categories": [{"id": 1, "name": "瓶盖破损", "supercategory": "cap"}],
}


def _file(folder: Path) -> Path:
    path = folder / "delivered.json"
    path.write_text(json.dumps(CONTENT), encoding="utf-8")
    return path


def test_everything_in_a_file_passes_through(tmp_path: Path) -> None:
    write_annotation_file(tmp_path / "again.json", read_annotation_file(_file(tmp_path)))
    assert json.loads((tmp_path / "again.json").read_text(encoding="utf-8")) == CONTENT


def test_a_delivered_file_is_never_overwritten(tmp_path: Path) -> None:
    path = _file(tmp_path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="never overwritten"):
        write_annotation_file(path, read_annotation_file(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("broken", ["{", "[]", '{"images": [], "annotations": []}', '{"images": [1]}'])
def test_what_is_no_annotation_file_is_refused(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(InputError):
        read_annotation_file(path)
