"""A trial of a detector that a configuration file describes: trained, judged, and loaded again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_config import write_tiny_config

from results.errors import InputError
from results.layout import TrialLayout
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.jobs import TrialJob
from trainables.predict import image_files
from trainables.trained import load_trial
from trainables.trial import run_trial

pytestmark = pytest.mark.training


@pytest.fixture
def configured_job(tiny_job: TrialJob, tmp_path: Path) -> TrialJob:
    own = {"train_scale": "96x72", "batch_size": 4, "epochs": 1, "config": str(write_tiny_config(tmp_path))}
    defaults = {name: parameter.default for name, parameter in DETECTORS["config"].train.items()}
    scales = {"model.rpn_head.anchor_generator.scales": "[4]"}
    return replace(tiny_job, detector="config", params={**defaults, **own, **scales})


def test_it_trains_and_predicts_as_any_other(configured_job: TrialJob) -> None:
    finished = run_trial(configured_job, lambda report: None)
    assert finished.score is not None
    assert (finished.summary["model"], finished.summary["backbone"]) == ("tiny", "ResNet-18")
    layout = TrialLayout(Path(configured_job.folder))
    written = json.loads(layout.config.read_text())["mmengine"]["model"]
    assert written["rpn_head"]["anchor_generator"]["scales"] == [4]
    assert written["roi_head"]["bbox_head"]["num_classes"] == 10
    val = load_dataset(Path(configured_job.dataset)).val
    trial = load_trial(layout)
    from results.boxes import truth_from_coco

    images = truth_from_coco(val.annotations).images
    assert set(trial.predict(image_files(images, val.images)).category_id) <= set(trial.category_ids)


def test_a_setting_that_names_code_trains_nothing(configured_job: TrialJob, tmp_path: Path) -> None:
    params = {**configured_job.params, "model.backbone.type": "os.system"}
    with pytest.raises(InputError, match="registered word"):
        run_trial(replace(configured_job, params=params), lambda report: None)
    assert not Path(configured_job.folder).exists()
