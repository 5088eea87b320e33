"""Random edits of an annotation file: a check says everything in plain JSON, and mending always leaves a sound file."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from planted import NAMES, Copy, sound_data

from results.boxes import truth_from_coco
from trainables.data.annotation_file import read_faulty_file, write_annotation_file
from trainables.data.check_report import report_dict
from trainables.data.checking import check, look_at_pictures
from trainables.data.mending import mend

CONTEST = {name: id_ for id_, name in enumerate(NAMES, start=1)}
NAN = float("nan")
VALUES = [None, True, 0, 1, 2, -1, 2.5, NAN, 1e308, 10**25, 2**63 - 1, "", "1", "瓶 03.png", "../x", [], {}, NAMES[0]]
BOXES = [[1, 2, 3, 4], [0, 0, 0, 0], [1, 1, 1e308, 1], [-5, -5, 1e300, 1e300], [NAN] * 4, [1, 2, 3]]
EDITS = 15


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return sound_data(tmp_path_factory.mktemp("random") / "sound")


def edit(rows: dict[str, list[Any]], chance: random.Random) -> None:
    table = rows[chance.choice(sorted(rows))]
    number = chance.randrange(len(table))
    if chance.random() < 0.2:
        table.append(copy.deepcopy(chance.choice(table)))
    elif not isinstance(table[number], dict) or chance.random() < 0.1:
        table[number] = chance.choice(VALUES)
    elif table[number]:
        key = chance.choice(sorted(table[number]))
        table[number][key] = copy.deepcopy(chance.choice(BOXES if key == "bbox" else VALUES))


@pytest.mark.parametrize("seed", range(30))
def test_random_edits_are_reported_and_mended(sound: Copy, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows = copy.deepcopy(sound.rows) | {"images": copy.deepcopy(sound.rows["images"][:12])}
    rows["annotations"] = rows["annotations"][:24]
    for _ in range(EDITS):
        edit(rows, chance)
    path = Copy(rows, tmp_path).write()
    annotation_file = read_faulty_file(path)
    found = check(annotation_file, look_at_pictures(annotation_file, sound.folder / "images"), CONTEST)
    assert found.errors and json.dumps(report_dict(found, path, []), allow_nan=False)
    write_annotation_file(tmp_path / "mended.json", mend(annotation_file, found, CONTEST)[0])
    again = read_faulty_file(tmp_path / "mended.json")
    assert check(again, look_at_pictures(again, sound.folder / "images"), CONTEST).errors == ()
    truth_from_coco(tmp_path / "mended.json")
