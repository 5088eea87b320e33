import json
from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import detections_of, draw, truth_of

from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import keep_all, match
from results.tradeoff import main
from results.tradeoff_curve import tradeoff

BOX = [10.0, 10.0, 20.0, 20.0]


def test_by_hand() -> None:
    truth = truth_of([BOX], images=3)
    found = detections_of([BOX, [60.0, 60.0, 5.0, 5.0], [60.0, 60.0, 5.0, 5.0]], [0.9, 0.5, 0.2])
    found.image_id[1:] = [2, 3]
    prepared = prepare(prepare_truth(truth, load_rule("voc50")), found)
    rows = tradeoff(match(prepared, keep_all(prepared)), [0.0, 0.3, 0.6, 1.0])
    assert [(row.boxes_kept, row.false_alarms_per_clean_image, row.score) for row in rows] == [
        (3, 1.0, 1.0),
        (2, 0.5, 1.0),
        (1, 0.0, 1.0),
        (0, 0.0, 0.0),
    ]


def test_everything_falls_with_the_cutoff() -> None:
    for seed in range(20):
        truth, detections = draw(seed)
        prepared = prepare(prepare_truth(truth, load_rule("bottle_round1")), detections)
        rows = tradeoff(match(prepared, keep_all(prepared)))
        for name in ("boxes_kept", "score"):
            values = [getattr(row, name) or 0.0 for row in rows]
            assert (np.diff(values) <= 1e-12).all()
        clean = [row.false_alarms_per_clean_image for row in rows]
        assert (clean[0] is None) == bool((prepared.truth.count.sum(axis=0) > 0).all())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "a", "width": 100, "height": 100}],
                "categories": [{"id": 1, "name": "x"}],
                "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": BOX, "iscrowd": 0}],
            }
        )
    )
    (tmp_path / "d.json").write_text(json.dumps([{"image_id": 1, "category_id": 1, "bbox": BOX, "score": 0.5}]))
    files = ["--truth", str(tmp_path / "t.json"), "--detections", str(tmp_path / "d.json"), "--rule", "voc50"]
    assert main(files) == 0
    assert "boxes" in capsys.readouterr().out
    assert main([*files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["score"] == 1.0
