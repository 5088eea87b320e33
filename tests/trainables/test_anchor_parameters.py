"""`anchor_ratios: kmeans`: numbers of the training boxes, equal for driver and worker, part of what is built."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_detector import TINY_DETECTOR

from results.errors import InputError
from trainables.catalogue import DETECTORS
from trainables.effective import TrainingData, config_hash, effective_config

PARAMS = {**TINY_DETECTOR, "anchor_ratios": "kmeans"}


def data_of(folder: Path, heights: list[int], name: str = "train.json") -> TrainingData:
    rows = [{"id": n, "image_id": 1, "category_id": 1, "bbox": [0, 0, 20, high]} for n, high in enumerate(heights)]
    images = [{"id": 1, "file_name": "a.jpg", "width": 800, "height": 600}]
    path = folder / name
    path.write_text(json.dumps({"images": images, "annotations": rows, "categories": [{"id": 1, "name": "a"}]}))
    return TrainingData(str(path), "images", (1,), ("a",), str(path))


def ratios(data: TrainingData) -> list[float]:
    found: list[float] = effective_config("cascade_rcnn", PARAMS, data, 0)["model"]["rpn_head"]["anchor_generator"][
        "ratios"
    ]
    return found


def test_the_word_becomes_numbers_that_follow_the_boxes(tmp_path: Path) -> None:
    tall, flat = data_of(tmp_path, [200, 180, 220], "tall.json"), data_of(tmp_path, [4, 5, 6], "flat.json")
    assert len(ratios(tall)) == 5 and max(ratios(tall)) > 5
    assert min(ratios(flat)) < 0.5


def test_a_changed_file_and_another_rule_are_fitted_anew(tmp_path: Path) -> None:
    data = data_of(tmp_path, [200, 180])
    before = config_hash(effective_config("cascade_rcnn", PARAMS, data, 0))
    assert config_hash(effective_config("cascade_rcnn", PARAMS, data, 0)) == before
    again = data_of(tmp_path, [10, 200, 13, 5])
    assert config_hash(effective_config("cascade_rcnn", PARAMS, again, 0)) != before


def test_a_class_without_boxes_has_no_anchors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="write ratios in numbers"):
        ratios(replace(data_of(tmp_path, [10]), category_ids=(2,)))


def test_a_space_may_say_kmeans() -> None:
    parameter = DETECTORS["cascade_rcnn"].train["anchor_ratios"]
    assert parameter.fault("kmeans") is None
    assert "kmeans" in str(parameter.fault("k-means"))
