"""A search whose trials may have a teacher: unlabelled images are there, known again, and part of what a trial is."""

import json
from pathlib import Path

import pytest
from PIL import Image
from tiny_search import write_data

from orchestrator.identity import identity_of, terms_of
from orchestrator.options import parse_options
from orchestrator.settings import Settings, resolve
from results.commands import run_command
from results.errors import InputError
from results.layout import RunLayout, write_atomically

TAUGHT = "{teacher: {choice: [none, mean]}}"


def resolved(folder: Path, train: str = TAUGHT, resumed: RunLayout | None = None) -> Settings:
    space = folder / "space.yaml"
    space.write_text(f"detector: fcos\nrule: coco50\ntrain: {train}\n")
    if not (folder / "dataset.yaml").exists():
        write_data(folder)
    return resolve(parse_options(["--space", str(space), "--data", str(folder / "dataset.yaml")]), resumed)


def begun(folder: Path, record: dict[str, object]) -> RunLayout:
    """A run that has these settings on record."""
    layout = RunLayout(folder / "run")
    write_atomically(layout.settings, json.dumps(record))
    return layout


def add_unlabelled(folder: Path, grey: int = 200) -> None:
    (folder / "more").mkdir(exist_ok=True)
    Image.new("RGB", (8, 8), (grey, 0, 0)).save(folder / "more" / "a.png")
    if not (folder / "dataset.yaml").exists():
        write_data(folder)
    text = (folder / "dataset.yaml").read_text()
    if "unlabelled" not in text:
        (folder / "dataset.yaml").write_text(f"{text}unlabelled: {{images: more}}\n")


@pytest.mark.parametrize("train", ["{teacher: mean}", TAUGHT])
def test_a_teacher_without_unlabelled_images_is_refused_when_the_space_is_loaded(tmp_path: Path, train: str) -> None:
    with pytest.raises(InputError, match=r"unlabelled: \{images: FOLDER\}"):
        resolved(tmp_path, train)


def test_the_command_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def command(_arguments: object) -> int:
        resolved(tmp_path)
        return 0

    assert run_command(command, []) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_teacher_none_are_asked_for(tmp_path: Path) -> None:
    assert resolved(tmp_path, "{teacher: none, lr: {log: [0.001, 0.1]}}").data is not None


def test_only_a_taught_trial_is_another_on_other_unlabelled_images(tmp_path: Path) -> None:
    add_unlabelled(tmp_path, 200)
    first = resolved(tmp_path)
    add_unlabelled(tmp_path, 90)
    second = resolved(tmp_path)
    plain, mean = ({"teacher": word} for word in ("none", "mean"))
    assert identity_of(first)(plain) == identity_of(second)(plain)
    assert identity_of(first)(mean) != identity_of(second)(mean)
    assert terms_of(first) == terms_of(second)


def test_unlabelled_images_change_nothing_without_a_teacher(tmp_path: Path) -> None:
    space = "{lr: {log: [0.001, 0.1]}}"
    without = identity_of(resolved(tmp_path, space))({})
    add_unlabelled(tmp_path)
    assert identity_of(resolved(tmp_path, space))({}) == without


def test_what_a_teacher_has_is_no_trial_of_its_own_without_one(tmp_path: Path) -> None:
    add_unlabelled(tmp_path)
    identity = identity_of(resolved(tmp_path))
    assert identity({"teacher": "none", "teacher_score": 0.3}) == identity({"teacher": "none"})
    assert identity({"teacher": "mean", "teacher_score": 0.3}) != identity({"teacher": "mean"})


def test_a_resumed_search_keeps_its_unlabelled_images(tmp_path: Path) -> None:
    add_unlabelled(tmp_path, 200)
    run = begun(tmp_path, resolved(tmp_path).record())
    resolved(tmp_path, resumed=run)
    add_unlabelled(tmp_path, 90)
    with pytest.raises(InputError, match="another set of unlabelled images"):
        resolved(tmp_path, resumed=run)


def test_without_a_teacher_more_unlabelled_images_do_not_stop_a_resume(tmp_path: Path) -> None:
    add_unlabelled(tmp_path, 200)
    space = "{lr: {log: [0.001, 0.1]}}"
    run = begun(tmp_path, resolved(tmp_path, space).record())
    add_unlabelled(tmp_path, 90)
    resolved(tmp_path, space, resumed=run)


def test_a_run_that_is_older_than_such_images_is_resumed(tmp_path: Path) -> None:
    add_unlabelled(tmp_path)
    record = resolved(tmp_path).record()
    del record["unlabelled_digest"]
    resolved(tmp_path, resumed=begun(tmp_path, record))
