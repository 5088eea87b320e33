"""A space that asks for what its trials' device does not have is refused before anything starts."""

from pathlib import Path

import pytest
from search_processes import Commands
from tiny_search import write_data

from orchestrator.devices import check_devices
from results.errors import InputError
from search_spaces.loading import load_space
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

GUIDED = "mmdet::guided_anchoring/ga-faster-rcnn_r50_fpn_1x_coco.py"
CARAFE = "mmdet::carafe/faster-rcnn_r50_fpn-carafe_1x_coco.py"
STOCK = "mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py"
THAWED = "model.backbone.frozen_stages: -1, model.backbone.norm_eval: false"
ROI_LAYER = "model.roi_head.bbox_roi_extractor.roi_layer.type"


def written(folder: Path, config: str, settings: str = THAWED) -> Path:
    file = folder / "own.yaml"
    file.write_text(f"config: {config}\nrule: coco50\ntrain: {{batch_size: 2}}\nset: {{{settings}}}\n")
    return file


def loaded(folder: Path, config: str, settings: str = THAWED) -> Space:
    return load_space(str(written(folder, config, settings)), DETECTORS)


@pytest.mark.parametrize(("config", "op"), [(GUIDED, "MaskedConv2d (GARPNHead at"), (CARAFE, "CARAFE (carafe at")])
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_configuration_without_a_kernel_is_refused_by_the_command(
    tmp_path: Path, config: str, op: str, more: tuple[str, ...]
) -> None:
    write_data(tmp_path)
    written(tmp_path, config)
    code, _, complaints = Commands(tmp_path).finish("--space", "own.yaml", "--data", "dataset.yaml", *more)
    assert (code, len(complaints.splitlines())) == (2, 1)
    assert complaints.startswith("error: a configuration asks for what the trial's device has; received ")
    assert op in complaints and "search on a machine with a GPU" in complaints
    assert not (tmp_path / "runs").exists()


def test_a_value_that_would_be_drawn_later_is_refused_now(tmp_path: Path) -> None:
    settings = f"{THAWED}, {ROI_LAYER}: {{choice: [RoIAlign, RoIPool]}}"
    space = loaded(tmp_path, STOCK, settings)
    with pytest.raises(InputError, match=r"RoIPool at model\.roi_head\.bbox_roi_extractor\.roi_layer"):
        check_devices(space, on_gpu=False)
    check_devices(space, on_gpu=True)


def test_half_precision_that_a_search_might_draw_is_refused_on_a_cpu(tmp_path: Path) -> None:
    file = tmp_path / "halves.yaml"
    file.write_text("detector: fcos\nrule: coco50\ntrain: {precision: {choice: [full, bfloat16]}}\n")
    space = load_space(str(file), DETECTORS)
    with pytest.raises(InputError, match="mixed precision"):
        check_devices(space, on_gpu=False)
    check_devices(space, on_gpu=True)


def test_what_every_device_has_is_taken(tmp_path: Path) -> None:
    check_devices(loaded(tmp_path, STOCK), on_gpu=False)


@pytest.mark.parametrize("name", ["cascade", "deformable_detr", "fake", "rtmdet"])
@pytest.mark.parametrize("profile", ["demo", "full"])
def test_shipped_spaces_run_on_a_cpu(name: str, profile: str) -> None:
    check_devices(load_space(name, DETECTORS, profile), on_gpu=False)
