"""Images of rare classes, or of those that the score weighs most, are listed more often; the same every time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_steps import DATA
from tiny_detector import POST, TINY_DETECTOR

from results.rules import load_rule
from trainables.catalogue import DETECTORS
from trainables.class_balance import class_factors, image_repeats
from trainables.data.dataset import load_dataset
from trainables.effective import TrainingData, effective_config
from trainables.jobs import TrialJob
from trainables.proof.mmdet_bench import MmdetBench
from trainables.proof.verdicts import effects_between
from trainables.training import register_mmdet
from trainables.training_set import TruthDataset

# Class 0 on every image, 1 on each fourth, 2 on one of a hundred.
SHOWN = [{0} | ({1} if index % 4 == 0 else set()) | ({2} if index == 50 else set()) for index in range(100)]


def test_factors_are_those_of_lvis() -> None:
    assert class_factors(SHOWN, 0.25, ()) == pytest.approx({0: 1.0, 1: 1.0, 2: 5.0})
    assert class_factors(SHOWN, 1.0, ()) == pytest.approx({0: 1.0, 1: 2.0, 2: 10.0})


def test_a_weight_favours_a_class_that_is_not_rare_and_never_hides_one() -> None:
    assert class_factors(SHOWN, 0.25, (2.5, 0.1, 0.4)) == pytest.approx({0: 2.5, 1: 1.0, 2: 2.0})


def test_an_image_is_shown_as_its_rarest_class_asks_and_the_sum_is_kept() -> None:
    repeats = image_repeats(SHOWN, 0.25, ())
    assert repeats[50] == 5
    assert sum(repeats) == 104
    weighted = image_repeats(SHOWN, 0.25, (1.3, 1.0, 1.0))
    assert set(weighted) == {1, 2, 5}
    assert sum(weighted) == pytest.approx(99 * 1.3 + 5, abs=1)


def test_whole_factors_are_not_lost_to_rounding() -> None:
    assert image_repeats([{0}] * 3000, 0.0, (1.1,)).count(2) == 300
    assert set(image_repeats([{0}] * 3000, 0.0, (3.0,))) == {3}


def config(**changes: object) -> dict[str, Any]:
    found: Any = effective_config("cascade_rcnn", {**TINY_DETECTOR, **changes}, DATA, seed=0)
    dataset: dict[str, Any] = found["train_dataloader"]["dataset"]
    return {name: value for name, value in dataset.items() if name.startswith("balance")}


def test_the_configuration_says_so_and_nothing_where_it_is_off() -> None:
    assert config() == config(class_balance_by="rule") == {}
    assert config(class_balance=0.1) == {"balance_threshold": 0.1}
    assert config(class_balance=0.1, class_balance_by="rule") == {
        "balance_threshold": 0.1,
        "balance_weights": [1.5, 0.5],
    }


@pytest.mark.parametrize("detector", [name for name, one in DETECTORS.items() if one.reads_data])
def test_every_detector_takes_it(detector: str) -> None:
    assert {"class_balance", "class_balance_by"} <= set(DETECTORS[detector].train)


def loaded(dataset_yaml: Path, **changes: object) -> TruthDataset:
    register_mmdet()
    found, ids = load_dataset(dataset_yaml), tuple(range(1, 11))
    data = TrainingData(str(found.train.annotations), str(found.train.images), ids, tuple(map(str, ids)))
    options: Any = effective_config("cascade_rcnn", {**TINY_DETECTOR, **changes}, data, seed=5)["train_dataloader"]
    return TruthDataset(**{name: one for name, one in options["dataset"].items() if name != "type"})


@pytest.mark.training
def test_the_data_set_lists_them_more_often_and_alike_every_time(tiny_dataset: Path) -> None:
    def listed(**changes: object) -> list[int]:
        dataset = loaded(tiny_dataset, **changes)
        return [dataset.get_data_info(index)["img_id"] for index in range(len(dataset))]

    def shown(dataset: TruthDataset) -> list[set[int]]:
        entries = (dataset.get_data_info(index) for index in range(len(dataset)))
        return [{one["bbox_label"] for one in entry["instances"]} for entry in entries]

    plain, balanced = listed(), listed(class_balance=0.8)
    assert balanced == listed(class_balance=0.8)
    assert set(balanced) == set(plain) and len(balanced) > len(plain)
    repeats = image_repeats(shown(loaded(tiny_dataset)), 0.8, ())
    assert balanced == np.repeat(plain, repeats).tolist()
    assert len(listed(class_balance=0.8, oversample_small=2)) > len(balanced)


@pytest.mark.training
def test_the_dry_run_proves_both_keys() -> None:
    bench = MmdetBench(DATA, load_rule("coco50"))
    off = TrialJob(0, "cascade_rcnn", TINY_DETECTOR, ({"scale": "96x72"},), POST, (1,), "", "coco50", 5, "")
    rare = replace(off, params={**TINY_DETECTOR, "class_balance": 0.1})
    heavy = replace(off, params={**TINY_DETECTOR, "class_balance": 0.1, "class_balance_by": "rule"})
    assert {one.place for one in effects_between(off, rare, bench)} == {"dataset.balance_threshold"}
    assert {one.place.partition(".")[2] for one in effects_between(rare, heavy, bench)} >= {"balance_weights"}
