"""A damaged image is named, in training and in prediction, and nothing else is blamed on it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from trainables.failures import CorruptImageError, PipelineError, failure_kind, failure_reason
from trainables.image_faults import image_fault, naming_image
from trainables.jobs import TrialJob
from trainables.trial import run_trial


@pytest.fixture
def copy(tiny_dataset: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_dataset.parent, tmp_path / "data") / tiny_dataset.name


def first_image(dataset: Path, split: str) -> Path:
    content = json.loads((dataset.parent / f"{split}.json").read_text())
    return dataset.parent / "images" / str(content["images"][0]["file_name"])


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n cut off"])
def test_faults_of_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert image_fault(tmp_path / "a.png") is not None
    assert image_fault(tmp_path / "absent.png") == "no such file"


def test_errors_beside_a_sound_image_name_it_too(copy: Path) -> None:
    path = first_image(copy, "val")
    with pytest.raises(PipelineError, match=f"{path.name}: KeyError") as caught, naming_image(path):
        raise KeyError("scale")
    assert isinstance(caught.value.__cause__, KeyError)


def test_errors_of_a_damaged_image_name_it(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(CorruptImageError, match=r"a\.png"), naming_image(tmp_path / "a.png"):
        raise AssertionError


@pytest.mark.training
@pytest.mark.parametrize(("split", "loader_workers"), [("train", 0), ("train", 1), ("val", 0)])
def test_a_trial_that_meets_one_fails_by_its_kind(
    tiny_job: TrialJob, copy: Path, split: str, loader_workers: int
) -> None:
    damaged = first_image(copy, split)
    damaged.write_bytes(b"no image")
    job = replace(tiny_job, dataset=str(copy), loader_workers=loader_workers)
    with pytest.raises(CorruptImageError) as caught:
        run_trial(job, lambda _: None)
    assert failure_kind(caught.value) == "corrupt image"
    assert str(damaged) in failure_reason(caught.value)
    assert len(failure_reason(caught.value)) < 300
