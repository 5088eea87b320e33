"""Modules that a configuration brings along are imported where something is built from it, and count by content."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from tiny_config import write_tiny_config

from results.errors import InputError
from trainables.catalogue import DETECTORS
from trainables.config_file import config_about, config_tree
from trainables.custom_imports import KEY, import_modules
from trainables.effective import TrainingData, effective_config, trial_hash
from trainables.jobs import TrialJob
from trainables.predict import View

ROOT = Path(__file__).parents[2]
LOSS = """
from mmdet.registry import MODELS
from torch import nn

@MODELS.register_module()
class HalfL1Loss(nn.Module):
    def __init__(self, loss_weight=1.0):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, pred, target, weight=None, avg_factor=None, **options):
        loss = 0.5 * (pred - target).abs() * (1 if weight is None else weight)
        return self.loss_weight * loss.sum() / (avg_factor or 1)
"""
MORE = """
custom_imports = dict(imports=["planted_parts.half_l1"], allow_failed_imports=False)
model["roi_head"]["bbox_head"]["loss_bbox"] = dict(type="HalfL1Loss", loss_weight=1.0)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration whose loss lies in a package beside it."""
    package = tmp_path / "planted_parts"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "half_l1.py").write_text(LOSS)
    return write_tiny_config(tmp_path, MORE)


def effective(file: Path) -> dict[str, object]:
    defaults = {name: one.default for name, one in DETECTORS["config"].train.items()}
    data = TrainingData("train.json", "images", (1, 2), ("dot", "dash"))
    return effective_config("config", {**defaults, "config": str(file)}, data, seed=1)


def test_modules_beside_the_file_are_told_with_their_folder(file: Path) -> None:
    about = config_about(str(file))
    assert list(about["modules"]) == ["planted_parts.half_l1"] and about["places"] == [str(file.parent)]
    assert config_tree(str(file))["model"]["roi_head"]["bbox_head"]["loss_bbox"]["type"] == "HalfL1Loss"


def test_configurations_without_any_are_what_they_were(tmp_path: Path) -> None:
    file = write_tiny_config(tmp_path)
    assert config_about(str(file))["modules"] == {} and KEY not in effective(file)


def test_another_process_builds_what_they_register(file: Path, tmp_path: Path) -> None:
    (tmp_path / "effective.json").write_text(json.dumps(effective(file)))
    code = (
        "import json, sys; from trainables.training import build_model\n"
        "model = build_model(json.load(open(sys.argv[1])))\n"
        "print(type(model.roi_head.bbox_head.loss_bbox).__module__)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "effective.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "planted_parts.half_l1", done.stderr


def test_what_a_module_holds_is_part_of_a_trial_and_where_it_lies_is_not(file: Path, tmp_path: Path) -> None:
    def digest(at: Path) -> str:
        defaults = {name: one.default for name, one in DETECTORS["config"].train.items()}
        params = {**defaults, "config": str(at)}
        job = TrialJob(0, "config", params, (asdict(View("96x72")),), {}, (1,), "", "coco50", 1, "")
        return trial_hash(job, TrainingData("train.json", "images", (1, 2), ("dot", "dash")))

    first = digest(file)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (file.parent / "planted_parts").rename(elsewhere / "planted_parts")
    file.rename(elsewhere / file.name)
    assert digest(elsewhere / file.name) == first
    (elsewhere / "planted_parts" / "half_l1.py").write_text(LOSS.replace("0.5", "0.6"))
    (elsewhere / file.name).touch()
    assert digest(elsewhere / file.name) != first


def test_a_module_that_is_not_there_is_named_at_load(file: Path) -> None:
    (file.parent / "planted_parts" / "half_l1.py").unlink()
    with pytest.raises(InputError, match=r"planted_parts\.half_l1"):
        config_tree(str(file))


def test_a_module_that_is_gone_where_it_is_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent_parts") as caught:
        import_modules({KEY: {"modules": {"absent_parts.one": ""}, "places": [str(tmp_path)]}})
    assert len(caught.value.line()) <= 300
