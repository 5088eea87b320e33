"""The dry run proves the predict tier's keys: weights by what they are made of, showings by what a prediction reads."""

from dataclasses import replace

import pytest
from proof_jobs import DATA
from tiny_detector import POST, TINY_DETECTOR

from results.rules import load_rule
from trainables.jobs import TrialJob
from trainables.proof.mmdet_bench import MmdetBench
from trainables.proof.verdicts import effects_between

pytestmark = pytest.mark.training
VIEW = {"scale": "96x72", "flip": False, "score_floor": 0.001, "max_raw_per_image": 100, "average": "none"}
JOB = TrialJob(0, "cascade_rcnn", TINY_DETECTOR, (VIEW,), POST, (1, 2, 3), "", "coco50", 5, "")


@pytest.fixture(scope="module")
def bench() -> MmdetBench:
    return MmdetBench(DATA, load_rule("coco50"))


def places(bench: MmdetBench, **change: object) -> dict[str, str | None]:
    found = effects_between(JOB, replace(JOB, views=({**VIEW, **change},)), bench)
    return {effect.place: effect.after for effect in found}


def test_averages_are_proved_by_how_much_each_epoch_counts(bench: MmdetBench) -> None:
    found = places(bench, average="last2/0.7")
    assert found["weights.epoch_2"] == "0.3000000"
    assert found["weights.epoch_3"] == "0.7000000"


@pytest.mark.parametrize("change", [{"tiles": "64x48"}, {"flip_vertical": True}])
def test_showings_are_proved_by_what_a_prediction_reads(bench: MmdetBench, change: dict[str, object]) -> None:
    assert list(places(bench, **change)) == [f"view.{name}" for name in change]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"crop": "min_iou"}, "min_ious"),
        ({"crop": "random"}, "crop_type"),
        ({"rotate_deg": 10.0}, "max_mag"),
        ({"translate": 0.2}, "max_mag"),
        ({"photometric": True}, "hue_delta"),
        ({"copy_paste": 0.5}, "donors"),
        ({"oversample_small": 2}, "small_repeats"),
        ({"lr_scaling": "linear"}, "lr"),
    ],
)
def test_what_is_done_to_training_images_is_built(bench: MmdetBench, change: dict[str, object], place: str) -> None:
    found = effects_between(JOB, replace(JOB, params={**TINY_DETECTOR, **change}), bench)
    assert {effect.place.rpartition(".")[2] for effect in found} >= {place}
    assert not any(effect.read for effect in found)
