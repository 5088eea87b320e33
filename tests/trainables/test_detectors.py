"""What holds for every detector: it learns, and what it says before NMS is what mmdet says after it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmdet_parity import agree, settings_of, spread
from mmengine.runner import Runner
from tiny_detectors import BUILT, tiny, tiny_data

from results.boxes import truth_from_coco
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.effective import MODEL_CONFIGS, effective_config
from trainables.predict import ImageFile, View, image_files
from trainables.training import Place, running, untrained

SCALE = "96x72"
STEPS = 10
FLOOR = 0.003  # untrained detectors say little above mmdet's


def test_every_detector_has_a_configuration() -> None:
    assert {name for name, one in DETECTORS.items() if one.reads_data} == set(MODEL_CONFIGS)


@pytest.mark.parametrize("detector", BUILT)
def test_the_defaults_go_together_and_build_a_configuration(detector: str) -> None:
    defaults = {name: parameter.default for name, parameter in DETECTORS[detector].train.items()}
    assert DETECTORS[detector].combination_fault(defaults) is None
    assert MODEL_CONFIGS[detector](defaults, 7)["type"]


@pytest.fixture(scope="module")
def image(tiny_dataset: Path) -> ImageFile:
    val = load_dataset(tiny_dataset).val
    return image_files(truth_from_coco(val.annotations).images, val.images)[0]


def losses(runner: Runner, steps: int) -> list[float]:
    """Losses of so many steps on one batch."""
    torch.manual_seed(0)
    runner.model.init_weights()
    wrapper: Any = runner.build_optim_wrapper(runner.optim_wrapper)
    batch = next(iter(runner.build_dataloader(runner._train_dataloader, seed=0)))
    return [float(runner.model.train_step(batch, wrapper)["loss"].detach()) for _ in range(steps)]


@pytest.mark.training
@pytest.mark.parametrize("detector", BUILT)
def test_losses_fall_on_one_batch(detector: str, tiny_dataset: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    config = effective_config(detector, tiny(detector), tiny_data(tiny_dataset), seed=0)
    with running(config, Place(tmp_path)) as runner:
        values = losses(runner, STEPS)
    assert all(torch.tensor(values).isfinite())
    assert min(values[-3:]) < 0.95 * values[0]


@pytest.mark.training
@pytest.mark.parametrize("detector", BUILT)
def test_raw_detections_with_the_configurations_nms_are_mmdets_prediction(
    detector: str, tiny_dataset: Path, image: ImageFile
) -> None:
    data = tiny_data(tiny_dataset)
    model = spread(untrained(effective_config(detector, tiny(detector), data, seed=3)))
    settings_of(model).score_thr = FLOOR
    agree(model, image, View(SCALE, score_floor=FLOOR, max_raw_per_image=1_000_000))


@pytest.mark.training
@pytest.mark.parametrize("detector", [name for name in BUILT if "iou_branch" in DETECTORS[name].train])
def test_so_they_are_where_predicted_ious_join_the_scores(detector: str, tiny_dataset: Path, image: ImageFile) -> None:
    data = tiny_data(tiny_dataset)
    model = spread(untrained(effective_config(detector, tiny(detector, iou_branch=True), data, seed=3)))
    # mmdet's dense heads drop rows by their class scores, before other factors: here none.
    settings_of(model).update(score_thr=FLOOR**2, nms_pre=100_000, iou_power=0.5)
    agree(model, image, View(SCALE, score_floor=FLOOR, max_raw_per_image=1_000_000, iou_power=0.5))
