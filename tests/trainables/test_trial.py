"""A trial of the real detector, as small as it gets: one epoch on twelve images."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_detector import POST, TINY_DETECTOR

from results.boxes import read_detections, read_truth, truth_from_coco
from results.errors import InputError
from results.layout import TrialLayout
from results.prepared_file import found_set
from results.rules import load_rule
from results.scoring import score
from results.trial_manifest import damage, report_files
from trainables.data.dataset import load_dataset
from trainables.jobs import Finished, Rung, Started, TrialJob
from trainables.predict import ImageFile, image_files
from trainables.trained import load_trial
from trainables.trained_on import read_trained_on
from trainables.trial import run_trial

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def finished(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TrialJob, Finished, list]]:
    view = {"scale": "96x72", "flip": True, "score_floor": 0.001, "max_raw_per_image": 100}
    folder = str(tmp_path_factory.mktemp("trial") / "0003")
    params = {**TINY_DETECTOR, "epochs": 2}
    job = TrialJob(3, "cascade_rcnn", params, (view,), POST, (1, 2), str(tiny_dataset), "bottle_round1", 5, folder)
    reports: list[Started | Rung] = []
    yield job, run_trial(job, reports.append), reports


def test_reports_come_in_order(finished: tuple[TrialJob, Finished, list]) -> None:
    _, _, reports = finished
    assert isinstance(reports[0], Started)
    assert [report.epoch for report in reports[1:]] == [1, 2]


def test_the_score_is_that_of_the_written_detections(finished: tuple[TrialJob, Finished, list]) -> None:
    job, outcome, reports = finished
    detections, _ = read_detections(TrialLayout(Path(job.folder)).detections)
    truth = truth_from_coco(Path(job.dataset).parent / "val.json")
    assert outcome.score == pytest.approx(score(truth, detections, load_rule(job.rule)).score, abs=1e-12)
    assert reports[-1].score == outcome.score


def test_the_manifest_lists_files_that_are_there(finished: tuple[TrialJob, Finished, list]) -> None:
    layout = TrialLayout(Path(finished[0].folder))
    listed = json.loads(layout.manifest.read_text())["files"]
    assert all((layout.folder / name).stat().st_size == one["bytes"] for name, one in listed.items())
    assert {path.name for path in (*report_files(layout), layout.weights)} == {Path(name).name for name in listed}
    assert damage(layout) is None
    assert json.loads(layout.config.read_text())["config_hash"] == finished[2][0].config_hash


def test_its_weights_say_what_they_were_trained_on(finished: tuple[TrialJob, Finished, list]) -> None:
    seen = read_trained_on(TrialLayout(Path(finished[0].folder)).weights)
    train = truth_from_coco(Path(finished[0].dataset).parent / "train.json").images.file_name
    assert seen is not None
    assert (seen.images.file_names, seen.unknown_starts) == (train, ())


def test_what_its_raw_set_needs_lies_beside_it(finished: tuple[TrialJob, Finished, list]) -> None:
    layout = TrialLayout(Path(finished[0].folder))
    raw, _ = read_detections(layout.raw)
    assert found_set(layout.prepared, read_truth(layout.truth), raw, load_rule(finished[0].rule)) is not None
    assert len(list(layout.prepared.glob("sweep-*.arrow"))) == 1


def test_the_summary_fits_a_ledger_line(finished: tuple[TrialJob, Finished, list]) -> None:
    assert len(json.dumps(finished[1].to_metrics(), allow_nan=False)) < 4000
    assert finished[1].summary["param_m"] > 0


def test_a_finished_trial_predicts_as_it_did(finished: tuple[TrialJob, Finished, list]) -> None:
    layout = TrialLayout(Path(finished[0].folder))
    dataset = load_dataset(Path(finished[0].dataset))
    images = truth_from_coco(dataset.val.annotations).images
    again = load_trial(layout).predict(image_files(images, dataset.val.images))
    written, _ = read_detections(layout.detections)
    assert again.boxes_xywh == pytest.approx(written.boxes_xywh, abs=1e-3)
    assert again.scores == pytest.approx(written.scores, abs=1e-5)


def test_a_missing_test_image_is_named(finished: tuple[TrialJob, Finished, list]) -> None:
    trial = load_trial(TrialLayout(Path(finished[0].folder)))
    with pytest.raises(InputError, match=r"absent\.png"):
        trial.predict([ImageFile(1, Path("absent.png"))])


def test_no_training_scores_next_to_nothing(tiny_job: TrialJob) -> None:
    outcome = run_trial(replace(tiny_job, params={**tiny_job.params, "epochs": 0}, rungs=(0,)), lambda report: None)
    assert outcome.score is not None
    assert outcome.score < 0.05


def test_excluded_combinations_do_not_train(tiny_job: TrialJob) -> None:
    params = {**tiny_job.params, "dcn": "v2"}
    with pytest.raises(InputError, match="dcn"):
        run_trial(replace(tiny_job, params=params), lambda report: None)
    assert not Path(tiny_job.folder).exists()


def test_a_report_that_raises_ends_the_training(tiny_job: TrialJob) -> None:
    def stop(report: Started | Rung) -> None:
        if isinstance(report, Rung):
            raise SystemExit(0)

    with pytest.raises(SystemExit):
        run_trial(replace(tiny_job, params={**tiny_job.params, "epochs": 5}, rungs=(1, 5)), stop)
    assert not TrialLayout(Path(tiny_job.folder)).manifest.exists()
