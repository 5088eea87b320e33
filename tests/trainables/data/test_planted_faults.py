"""Sixty planted faults, alone and together: each is named with its ids, and `--fix` leaves no error."""

from collections import Counter
from pathlib import Path

import pytest
from planted import IMAGES, NAMES, PLANTS, Copy, Plant, copy_of, sound_data

from trainables.data.annotation_file import AnnotationFile, read_faulty_file, write_annotation_file
from trainables.data.check_report import ids_of
from trainables.data.checking import Check, check, look_at_pictures
from trainables.data.fault_kinds import KINDS
from trainables.data.mending import mend

CONTEST = {name: id_ for id_, name in enumerate(NAMES, start=1)}
FIRST_OWN = 2  # plants refer to the images before it


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return sound_data(tmp_path_factory.mktemp("planted") / "sound")


def checked(path: Path, folder: Path) -> tuple[AnnotationFile, Check]:
    annotation_file = read_faulty_file(path)
    pictures = look_at_pictures(annotation_file, folder / "images", (folder / "test.json", folder / "test"))
    return annotation_file, check(annotation_file, pictures, CONTEST)


def found_ids(found: Check) -> dict[str, Counter[int | None]]:
    none: dict[str, Counter[int | None]] = {kind.name: Counter() for kind in KINDS}
    return none | {fault.kind.name: Counter(ids_of(fault, found.columns)) for fault in found.faults}


def errors_after_mending(annotation_file: AnnotationFile, found: Check, folder: Path) -> list[str]:
    mended, _ = mend(annotation_file, found, CONTEST)
    write_annotation_file(folder / "mended.json", mended)
    _, left = checked(folder / "mended.json", folder)
    return [fault.kind.name for fault in left.errors]


def test_there_are_sixty_of_every_kind() -> None:
    assert len(PLANTS) == 60
    of_whole_files = {"boxes-as-shares", "boxes-as-corners"}  # test_search_faults plants those
    assert {plant.kind for plant in PLANTS} == {kind.name for kind in KINDS} - of_whole_files


def test_sound_data_has_no_fault(sound: Copy) -> None:
    assert checked(sound.write(), sound.folder)[1].faults == ()


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.kind)
def test_each_fault_alone_is_named_and_mended(sound: Copy, tmp_path: Path, plant: Plant) -> None:
    copy = copy_of(sound, tmp_path / "copy")
    expected = plant.plant(copy, FIRST_OWN)
    path = copy.write()
    delivered = path.read_bytes()
    annotation_file, found = checked(path, copy.folder)
    assert found_ids(found)[plant.kind] == Counter(expected)
    assert errors_after_mending(annotation_file, found, copy.folder) == []
    assert path.read_bytes() == delivered


def test_all_together_are_named_and_mended(sound: Copy, tmp_path: Path) -> None:
    copy = copy_of(sound, tmp_path / "copy")
    expected: dict[str, Counter[int | None]] = {kind.name: Counter() for kind in KINDS}
    for own, plant in enumerate(PLANTS, start=FIRST_OWN):
        expected[plant.kind].update(plant.plant(copy, own))
    path = copy.write()
    delivered = path.read_bytes()
    annotation_file, found = checked(path, copy.folder)
    reported = found_ids(found)
    assert {kind: ids - reported[kind] for kind, ids in expected.items() if ids - reported[kind]} == {}
    assert errors_after_mending(annotation_file, found, copy.folder) == []
    assert path.read_bytes() == delivered


def test_mending_leaves_untouched_what_is_sound(sound: Copy, tmp_path: Path) -> None:
    copy = copy_of(sound, tmp_path / "copy")
    for own, plant in enumerate(PLANTS, start=FIRST_OWN):
        plant.plant(copy, own)
    annotation_file, found = checked(copy.write(), copy.folder)
    mended, changes = mend(annotation_file, found, CONTEST)
    touched = {change.row for change in changes if change.table == "annotations"}
    rest = [row for number, row in enumerate(sound.rows["annotations"]) if number >= 2 * (FIRST_OWN + len(PLANTS))]
    assert len(rest) == 2 * (IMAGES - FIRST_OWN - len(PLANTS))
    assert [row for row in mended.annotations if row in rest] == rest
    assert not touched & set(range(2 * (FIRST_OWN + len(PLANTS)), 2 * IMAGES))
