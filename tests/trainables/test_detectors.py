"""What holds for every detector: it learns, and what it says before NMS is what mmdet says after it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmcv.ops import batched_nms
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.runner import Runner
from tiny_detectors import BUILT, tiny, tiny_data

from results.boxes import truth_from_coco
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.detectors.pipelines import test_pipeline as pipeline_at
from trainables.effective import MODEL_CONFIGS, effective_config
from trainables.predict import ImageFile, View, image_files, predict_raw
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


def spread(model: torch.nn.Module) -> torch.nn.Module:
    """Untrained scores are all but equal, and equal ones have no order: weights are shaken."""
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return model


def settings_of(model: Any) -> Any:
    """The detector's own threshold, NMS and cap."""
    return model.roi_head.test_cfg if hasattr(model, "roi_head") else model.bbox_head.test_cfg


def mmdets_own(model: Any, image: ImageFile) -> Any:
    packed = Compose(pipeline_at(SCALE))({"img_path": str(image.path), "img_id": image.image_id})
    with torch.inference_mode():
        return model.test_step({"inputs": [packed["inputs"]], "data_samples": [packed["data_samples"]]})[0]


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


def agree(model: Any, image: ImageFile, view: View) -> None:
    """Every sure row of mmdet's is one of ours after the same NMS, and ours are no more."""
    settings, floor = settings_of(model), view.score_floor
    found = mmdets_own(model, image).pred_instances
    boxes, scores, labels = suppressed(predict_raw(model, [image], view, range(100)), settings)
    sure = found.scores >= floor
    assert sure.sum() > 10
    # Equal scores have no order, so each row is looked for.
    near = (boxes[None] - found.bboxes[sure][:, None]).abs().amax(-1) <= 1e-3
    near &= (scores[None] - found.scores[sure][:, None]).abs() <= 1e-5
    near &= labels[None] == found.labels[sure][:, None]
    assert near.any(1).all()
    assert (scores > found.scores[sure].min()).sum() <= len(found)


def suppressed(raw: Any, settings: Config) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Boxes, scores and labels after a configuration's NMS, which set prediction does not have."""
    boxes, scores = torch.tensor(raw.boxes_xywh).float(), torch.tensor(raw.scores).float()
    labels = torch.tensor(raw.category_id)
    boxes[:, 2:] += boxes[:, :2]
    if "nms" not in settings:
        return boxes, scores, labels
    rows, kept = batched_nms(boxes, scores, labels, settings.nms)
    return rows[:, :4], rows[:, 4], labels[kept]
