"""A detector of any parameters on one drawn batch: its losses step by step, and what it predicts; by its bare name."""

from collections.abc import Mapping

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn

from trainables.effective import TrainingData, effective_config
from trainables.training import build_model, use_threads

SIDE_PX = 96
DATA = TrainingData("train.json", "images", (1, 2), ("dot", "dash"), class_weights=(3.0, 1.0))


def detector_of(detector: str, params: Mapping[str, object]) -> nn.Module:
    """The detector, initialised from one seed."""
    use_threads(1)  # more would wait for each other
    torch.manual_seed(0)  # some modules draw their weights as they are made
    model = build_model(effective_config(detector, params, DATA, seed=0))
    model.init_weights()  # type: ignore[operator]  # mmengine's
    return model


def drawn_image(seed: int) -> tuple[Tensor, DetDataSample]:
    """Noise with two bright boxes, (3, side, side) as loaded, and the truth."""
    draw = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 60, (3, SIDE_PX, SIDE_PX), generator=draw, dtype=torch.uint8)
    boxes = torch.tensor([[8.0, 12.0, 48.0, 44.0], [52.0, 40.0, 88.0, 92.0]]) + seed
    for label, (x1, y1, x2, y2) in enumerate(boxes.int().tolist()):
        pixels[label, y1:y2, x1:x2] = 230
    shape = (SIDE_PX, SIDE_PX)
    sample = DetDataSample(metainfo={"img_shape": shape, "ori_shape": shape, "scale_factor": (1.0, 1.0)})
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor([0, 1]))
    sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    return pixels, sample


def losses_of(model: nn.Module, steps: int = 10, lr: float = 2e-3) -> list[float]:
    """The whole loss before each of so many optimizer steps on the same two images."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    pixels, samples = zip(*(drawn_image(seed) for seed in (0, 3)), strict=True)
    found: list[float] = []
    for _ in range(steps):
        data = model.data_preprocessor({"inputs": list(pixels), "data_samples": list(samples)}, True)  # type: ignore[operator]
        parts = model(**data, mode="loss")
        loss, _ = model.parse_losses(parts)  # type: ignore[operator]
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 35.0)
        optimizer.step()
        found.append(loss.item())
    return found


def predicted(model: nn.Module) -> tuple[Tensor, Tensor]:
    """Boxes and scores (N, C + 1) before NMS of one of the images, by a two-stage detector."""
    pixels, sample = drawn_image(0)
    with torch.inference_mode():
        data = model.eval().data_preprocessor({"inputs": [pixels], "data_samples": [sample]}, False)
        features = model.extract_feat(data["inputs"])  # type: ignore[operator]
        found = model.rpn_head.predict(features, data["data_samples"], rescale=False)
        metas = [one.metainfo for one in data["data_samples"]]
        raw = model.roi_head.predict_bbox(features, metas, found, rcnn_test_cfg=None, rescale=True)[0]
    return raw.bboxes, raw.scores
