"""A worker says whether mmcv has kernels for its device; torch's `meta` device stands for one that it lacks."""

import pytest

from orchestrator.kernels import check_worker_kernels, kernels_fault
from orchestrator.slots import Slots
from search_spaces.space import Space


@pytest.mark.training
def test_a_device_without_kernels_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert kernels_fault() is None
    monkeypatch.setattr("trainables.training.device", lambda: torch.device("meta"))
    fault = kernels_fault()
    assert fault is not None
    rule, received, remedy = fault
    assert rule == "mmcv is built for the device of a trial"
    assert "meta" in received and "docs/INSTALL.md" in remedy


def test_trials_on_processors_need_not_be_asked() -> None:
    check_worker_kernels(Space("fcos", "fcos", "coco50", ()), Slots(2, 1.0, 0.0))  # no cluster is there to answer


def test_the_fake_detector_needs_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.remote", lambda **_options: pytest.fail("a worker was asked"))
    check_worker_kernels(Space("fake", "fake", "coco50", ()), Slots(2, 1.0, 1.0))
