import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tiny_search import Driven, fake_space

from orchestrator.jobs import complete_params
from orchestrator.memory_guard import Forecast, MemoryGuard, attempts
from orchestrator.memory_model import LEAST_OUT, LEAST_PEAKS, Seen, fit
from results.ledger import read_events
from results.trial_records import COMPLETE, FAIL, PRUNED, TrialRecord
from search_spaces.space import Space

CASCADE = Space("cascade", "cascade_rcnn", "coco50", ())
DEVICE_GIB = 24.0
SCALES = {"2048x1000..2048x1200": 2048 * 1200, "1333x800": 1333 * 800, "658x460..658x520": 658 * 520}
DEPTHS = {"resnet50": 1.0, "resnet101": 1.4, "resnext101_32x4d": 1.9}
MEMORY = "{memory_per_image_gib: {log: [0.5, 16.0]}, batch_size: {choice: [1, 3, 5, 9, 15]}, x: {range: [0.0, 1.0]}}"


def _fake_point(rng: random.Random) -> dict[str, object]:
    per_image = math.exp(rng.uniform(math.log(0.5), math.log(16)))
    return {"x": rng.random(), "batch_size": rng.choice([1, 2, 4, 8, 16]), "memory_per_image_gib": per_image}


def _fake_need_gib(point: Mapping[str, object], parts: int = 1) -> float:
    return 0.5 + float(str(point["batch_size"])) * float(str(point["memory_per_image_gib"])) / parts


def _cascade_point(rng: random.Random) -> dict[str, object]:
    own = {"backbone": rng.choice(list(DEPTHS)), "train_scale": rng.choice(list(SCALES)), "lr": rng.random() / 100}
    return complete_params(CASCADE, {**own, "batch_size": rng.choice([1, 2, 4, 8])})


def _cascade_need_gib(point: Mapping[str, object]) -> float:
    megapixels = SCALES[str(point["train_scale"])] / 1e6
    return 1.2 + float(str(point["batch_size"])) * (1.5 * DEPTHS[str(point["backbone"])] * megapixels + 0.3)


def _either_point(rng: random.Random) -> dict[str, object]:
    """Of one of two detectors, each with a parameter that the other lacks."""
    own = rng.choice([{"detector": "cascade_rcnn", "rois": rng.randint(64, 512)}, {"detector": "fcos", "alpha": 0.1}])
    alpha = {"alpha": rng.uniform(0.1, 0.9)} if "alpha" in own else {}
    scale = {"train_scale": rng.choice(list(SCALES)), "lr": rng.random() / 100}
    return {**own, **alpha, **scale, "batch_size": rng.choice([1, 2, 4, 8, 16])}


def _either_need_gib(point: Mapping[str, object]) -> float:
    factor = 2.0 if point["detector"] == "cascade_rcnn" else 1.4
    return 0.5 + float(str(point["batch_size"])) * factor * SCALES[str(point["train_scale"])] / 1e6


def _seen(points: list[dict[str, object]], needs_gib: list[float]) -> list[Seen]:
    fits = [need <= DEVICE_GIB for need in needs_gib]
    return [
        Seen(point, 1, need if enough else None, ran_out=not enough)
        for point, need, enough in zip(points, needs_gib, fits, strict=True)
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("draw", "need"),
    [(_fake_point, _fake_need_gib), (_cascade_point, _cascade_need_gib), (_either_point, _either_need_gib)],
)
def test_most_hopeless_points_are_known_and_none_that_fits_well(
    seed: int, draw: Callable[[random.Random], dict[str, object]], need: Callable[[Mapping[str, object]], float]
) -> None:
    rng = random.Random(seed)
    points = [draw(rng) for _ in range(60)]
    model = fit(_seen(points, [need(point) for point in points]))
    assert model is not None
    fresh = [draw(rng) for _ in range(200)]
    rejected = [point for point in fresh if model.why_hopeless(point, 1) is not None]
    hopeless = [point for point in fresh if need(point) > 1.2 * DEVICE_GIB]
    assert all(need(point) > 0.95 * DEVICE_GIB for point in rejected)
    assert sum(point in rejected for point in hopeless) >= 0.6 * len(hopeless)


def test_too_little_data_is_no_model() -> None:
    rng = random.Random(0)
    points = sorted((_fake_point(rng) for _ in range(80)), key=_fake_need_gib)
    seen = _seen(points, [_fake_need_gib(point) for point in points])
    fitting = [one for one in seen if not one.ran_out]
    out = [one for one in seen if one.ran_out]
    assert fit([]) is None
    assert fit([*fitting[: LEAST_PEAKS - 1], *out]) is None
    assert fit([*fitting, *out[: LEAST_OUT - 1]]) is None
    assert fit([*fitting, *out]) is not None


def test_peaks_that_nothing_explains_are_no_model() -> None:
    rng = random.Random(0)
    noise = [Seen({"x": rng.random(), "batch_size": 2}, 1, math.exp(rng.uniform(-2, 3))) for _ in range(40)]
    assert (
        fit([*noise, *(Seen({"x": rng.random(), "batch_size": 2}, 1, None, ran_out=True) for _ in range(10))]) is None
    )


def test_more_images_that_take_less_memory_are_no_model() -> None:
    shrinking = [Seen({"batch_size": batch}, 1, 20.0 / batch) for batch in (1, 2, 4, 8) for _ in range(4)]
    assert fit([*shrinking, *(Seen({"batch_size": 16}, 1, None, ran_out=True) for _ in range(3))]) is None


def test_nothing_is_said_of_a_word_that_was_never_seen() -> None:
    rng = random.Random(0)
    points = [_cascade_point(rng) for _ in range(60)]
    model = fit(_seen(points, [_cascade_need_gib(point) for point in points]))
    assert model is not None
    largest = max(points, key=_cascade_need_gib)
    assert model.why_hopeless(largest, 1) is not None
    assert model.why_hopeless({**largest, "backbone": "swin"}, 1) is None


def test_the_reason_states_its_own_error() -> None:
    rng = random.Random(1)
    points = [_fake_point(rng) for _ in range(60)]
    model = fit(_seen(points, [_fake_need_gib(point) for point in points]))
    assert model is not None
    why = model.why_hopeless({"x": 0.5, "batch_size": 16, "memory_per_image_gib": 16.0}, 1)
    assert why is not None
    assert "needs about" in why
    assert f"predictions are {model.error:.0%} off" in why


def _guard(may_halve: bool) -> MemoryGuard:
    guard, rng = MemoryGuard(dict, may_halve), random.Random(2)
    for number in range(60):
        point = _fake_point(rng)
        enough = _fake_need_gib(point) <= DEVICE_GIB
        end = (
            {"state": COMPLETE, "peak_gib": _fake_need_gib(point)}
            if enough
            else {"state": FAIL, "kind": "out of memory"}
        )
        guard.note(TrialRecord(number, point, **end))  # type: ignore[arg-type]
    return guard


def test_a_point_that_fits_in_halves_begins_there() -> None:
    point = {"x": 0.5, "batch_size": 8, "memory_per_image_gib": 5.0}
    assert (_guard(True).forecast(point).parts, _guard(True).forecast(point).hopeless) == (2, False)
    assert _guard(False).forecast(point).hopeless
    assert _guard(True).forecast({**point, "memory_per_image_gib": 15.0}).hopeless
    assert _guard(True).forecast({**point, "memory_per_image_gib": 1.0}) == Forecast()


def test_a_point_beside_those_that_ran_out_begins_in_halves() -> None:
    points = [{"batch_size": 4, "memory_per_image_gib": 1 + place / 2} for place in range(14)]
    model = fit(_seen(points, [_fake_need_gib(point) for point in points]))
    assert model is not None
    sizes = (5.6, 5.95)  # GiB of an image; 5.5 had enough, and 6 ran out
    doubts = [model.why_doubtful({"batch_size": 4, "memory_per_image_gib": size}) is not None for size in sizes]
    assert doubts == [False, True]
    assert all(model.why_hopeless({"batch_size": 4, "memory_per_image_gib": size}, 1) is None for size in sizes)


def test_each_attempt_of_a_trial_is_seen_for_what_it_was() -> None:
    point = {"batch_size": 8}
    retried = TrialRecord(0, point, state=COMPLETE, accumulate=2, ran_out=(1,), peak_gib=9.0)
    assert attempts(retried, point) == [Seen(point, 1, None, ran_out=True), Seen(point, 2, 9.0)]
    failed = TrialRecord(0, point, state=FAIL, kind="out of memory", peak_gib=23.0)
    assert attempts(failed, point) == [Seen(point, 1, 23.0, ran_out=True)]
    assert attempts(TrialRecord(0, point, state=FAIL, kind="NaN loss"), point) == []
    assert attempts(TrialRecord(0, point, state=PRUNED, rungs=((1, 0.5),)), point) == [Seen(point, 1, None)]
    assert attempts(TrialRecord(0, point, rungs=((1, 0.5),)), point) == []


def _run(driven: Driven, trials: int) -> list[bool]:
    ran_out = []
    for _ in range(trials):
        asked = driven.ask()
        need = _fake_need_gib(asked.params, asked.accumulate)
        ran_out.append(need > DEVICE_GIB)
        if ran_out[-1]:
            driven.study.failed(asked.number, "out of memory", "planted")
        else:
            driven.study.finished(asked.number, need / DEVICE_GIB, {"peak_gib": need})
    return ran_out


def test_a_search_rejects_hopeless_points_and_goes_on_alike_after_a_restart(tmp_path: Path) -> None:
    space = fake_space(tmp_path, MEMORY, "{sampler: random, pruner: none, epochs: 1, trials: 80}")
    whole = Driven(space, tmp_path / "whole")
    ran_out = _run(whole, 80)
    assert sum(ran_out[:20]) >= 5
    assert sum(ran_out[40:]) <= 4
    rejected = whole.events("rejected")
    assert rejected
    assert all(event["kind"] == "out of memory" and event["reason"] for event in rejected)
    assert len(whole.study.records) == 80
    for trials in (45, 15, 20):
        driven = Driven(space, tmp_path / "parts")
        _run(driven, trials)
        driven.close()
    undated = [[{**event, "time": 0} for event in read_events(one.path)[1:]] for one in (whole, driven)]
    assert undated[0] == undated[1]
