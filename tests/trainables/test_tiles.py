"""Where tiles lie, which boxes in them are dropped, and what a view is to a trial's identity."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from results.errors import InputError
from trainables.catalogue import DETECTORS
from trainables.effective import TrainingData, trial_hash
from trainables.jobs import TrialJob
from trainables.tiles import Window, parse_tiling, windows

CASCADE = DETECTORS["cascade_rcnn"]


def along(tiles: Sequence[Window]) -> list[int]:
    return sorted({one.left_px for one in tiles})


def test_a_large_image_is_shown_whole_and_in_tiles_that_cover_it_with_overlap() -> None:
    whole, *tiles = windows(4096, 3000, parse_tiling("1024x768/0.2"))
    assert whole == Window(0, 0, 4096, 3000)
    assert {(one.width_px, one.height_px) for one in tiles} == {(1024, 768)}
    assert all(right - left <= 1024 - 0.2 * 1024 + 1 for left, right in pairwise(along(tiles)))
    assert (along(tiles)[0], along(tiles)[-1]) == (0, 4096 - 1024)
    assert max(one.top_px for one in tiles) == 3000 - 768


def test_only_borders_inside_the_image_cut() -> None:
    _, first, *_, last = windows(200, 100, parse_tiling("120x100/0"))
    assert first.cuts == (False, False, True, False)
    assert last.cuts == (True, False, False, False)


def test_a_tile_lies_as_the_image_does() -> None:
    upright = windows(3000, 4096, parse_tiling("1024x768"))
    assert {(one.width_px, one.height_px) for one in upright[1:]} == {(768, 1024)}


def test_an_image_that_fits_into_a_tile_is_shown_once() -> None:
    assert len(windows(658, 492, parse_tiling("1024x768"))) == 1
    assert len(windows(4096, 3000, parse_tiling("none"))) == 1


def test_the_overlap_has_a_default() -> None:
    assert parse_tiling("1024x768") == parse_tiling("1024x768/0.2")


@pytest.mark.parametrize("text", ["1024", "768x1024", "1024x768/", "1024x768/0.9", "1024x768/nan", "1024x768/x", ""])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"write for example"):
        parse_tiling(text)
    assert CASCADE.predict["tiles"].fault(text) is not None


STOCK_VIEW = {"scale": "1333x800", "flip": False, "score_floor": 0.001, "max_raw_per_image": 1000}


def identity(view: dict[str, object]) -> str:
    params = {name: parameter.default for name, parameter in CASCADE.train.items()}
    job = TrialJob(0, "cascade_rcnn", params, (), {"nms": ["hard"]}, (12,), "", "coco50", 5, "")
    data = TrainingData("train.json", "images", (1, 2), ("dot", "dash"))
    return trial_hash(replace(job, views=(view,)), data)


def test_settings_that_came_later_leave_the_identity_of_trials_without_them() -> None:
    filled_in = {**{name: one.default for name, one in CASCADE.predict.items()}, **STOCK_VIEW}
    assert identity(STOCK_VIEW) == identity(filled_in) == "b57b015d94000246"  # of the first release


@pytest.mark.parametrize("change", [{"flip_vertical": True}, {"tiles": "1024x768"}, {"scale": "1333x800|658x492"}])
def test_settings_that_are_used_make_another_trial(change: dict[str, object]) -> None:
    assert identity({**STOCK_VIEW, **change}) != identity(STOCK_VIEW)
