from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import draw, truth_of

from results.boxes import Detections
from results.errors import DamagedFileError, InputError
from results.postprocess import default_settings
from results.prepared import PreparedSet, prepare, prepare_truth
from results.prepared_file import open_prepared, prepared_set, write_prepared
from results.rules import load_rule, rule_from_dict
from results.sweep import sweep

RULE = load_rule("coco")


def made(seed: int) -> PreparedSet:
    truth, raw = draw(seed, rows=800)
    return prepare(prepare_truth(truth, RULE), raw)


def test_a_set_comes_back_as_it_was(tmp_path: Path) -> None:
    prepared = made(4)
    write_prepared(tmp_path / "set", prepared)
    found = open_prepared(tmp_path / "set", verify=True)
    assert found.truth.rule == RULE
    assert found.unscored == prepared.unscored
    for one, other in ((found.detections, prepared.detections), (found.candidates, prepared.candidates)):
        for field in fields(one):
            np.testing.assert_equal(getattr(one, field.name), getattr(other, field.name))
    swept = [sweep(part, default_settings()).table.ap for part in (found, prepared)]
    np.testing.assert_array_equal(*swept)


def test_writing_into_an_opened_set_does_not_reach_the_file(tmp_path: Path) -> None:
    write_prepared(tmp_path, made(4))
    open_prepared(tmp_path).detections.scores[:] = 0
    assert open_prepared(tmp_path, verify=True).detections.scores.max() > 0


def test_a_set_is_used_again_only_for_the_same_inputs(tmp_path: Path) -> None:
    truth, raw = draw(4, rows=800)
    prepared_set(tmp_path, truth, raw, RULE)
    stamp = (tmp_path / "set.arrow").stat().st_mtime_ns
    prepared_set(tmp_path, truth, raw, RULE)
    assert (tmp_path / "set.arrow").stat().st_mtime_ns == stamp
    for other in ((truth, raw.select(raw.scores > 0.5), RULE), (truth, raw, load_rule("voc50"))):
        found = prepared_set(tmp_path, *other)
        expected = prepare(prepare_truth(other[0], other[2]), other[1])
        np.testing.assert_array_equal(found.detections.scores, expected.detections.scores)
        assert found.truth.rule == other[2]


def test_an_empty_set(tmp_path: Path) -> None:
    prepared_set(tmp_path, truth_of([]), Detections.empty(), RULE)
    assert len(open_prepared(tmp_path, verify=True)) == 0


@pytest.mark.parametrize("name", ["sorted", "set", "graph"])
def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path, name: str) -> None:
    write_prepared(tmp_path, made(4))
    path = tmp_path / f"{name}.arrow"
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 255
    other = (tmp_path / ("set.arrow" if name != "set" else "graph.arrow")).read_bytes()
    for content in (
        whole[: len(whole) // 2],
        b"",
        b"not arrow",
        other,
        whole.replace(b"prepared-set/1", b"prepared-set/9"),
    ):
        path.write_bytes(content)
        with pytest.raises(DamagedFileError, match=name):
            open_prepared(tmp_path)
    path.write_bytes(bytes(flipped))
    with pytest.raises(DamagedFileError):
        open_prepared(tmp_path, verify=True)


def test_parts_of_two_sets_do_not_fit(tmp_path: Path) -> None:
    write_prepared(tmp_path / "a", made(4))
    write_prepared(tmp_path / "b", made(6))
    (tmp_path / "a" / "graph.arrow").write_bytes((tmp_path / "b" / "graph.arrow").read_bytes())
    with pytest.raises(DamagedFileError, match="detections"):
        open_prepared(tmp_path / "a")


def test_no_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="prepare"):
        open_prepared(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["bottle_round1", "bottle_round2", "coco", "voc50"])
def test_a_rule_comes_back_from_plain_values(name: str) -> None:
    import json
    from dataclasses import asdict

    assert rule_from_dict(json.loads(json.dumps(asdict(load_rule(name))))) == load_rule(name)
