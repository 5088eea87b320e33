"""What a CPU lacks: the table says it, and mmcv's own ops agree."""

from collections.abc import Callable, Mapping

import mmcv.ops
import pytest
import torch
from mmdet.models.losses import FocalLoss
from mmdet.registry import MODELS
from mmengine.model import revert_sync_batchnorm
from tiny_detectors import BUILT, tiny
from torch import Tensor, nn

from results.errors import InputError
from trainables.device_needs import CPU_LACKS, TRIAL_LACKS, check_device, unmet_needs
from trainables.effective import MODEL_CONFIGS
from trainables.training import check_kernels, register_mmdet

ROIS = torch.tensor([[0, 1.0, 1.0, 10.0, 10.0]])


def features(channels: int = 8) -> Tensor:
    return torch.zeros(1, channels, 12, 12, requires_grad=True)


def masked() -> Tensor:
    convolution = mmcv.ops.MaskedConv2d(8, 8, 3, padding=1)
    result: Tensor = convolution(features(), torch.ones(1, 12, 12))
    return result


MISSING: Mapping[str, Callable[[], Tensor]] = {
    "MaskedConv2d": masked,
    "CARAFE": lambda: mmcv.ops.CARAFEPack(8, 2)(features()),
    "RoIPool": lambda: mmcv.ops.RoIPool(3, 1.0)(features(), ROIS),
    "PrRoIPool": lambda: mmcv.ops.PrRoIPool(3, 1.0)(features(), ROIS),
    "DeformRoIPool": lambda: mmcv.ops.DeformRoIPool(3, 1.0)(features(), ROIS),
    "BorderAlign": lambda: mmcv.ops.BorderAlign(3)(features(32), torch.rand(1, 144, 4)),
    "RiRoIAlignRotated": lambda: mmcv.ops.RiRoIAlignRotated(3, 1.0, num_orientations=8)(
        features(), torch.tensor([[0, 5.0, 5.0, 4.0, 4.0, 0.1]])
    ),
}
THERE: Mapping[str, Callable[[], Tensor]] = {
    "RoIAlign": lambda: mmcv.ops.RoIAlign(3, 1.0)(features(), ROIS),
    "DCN": lambda: mmcv.ops.DeformConv2dPack(8, 8, 3, padding=1)(features()),
    "DCNv2": lambda: mmcv.ops.ModulatedDeformConv2dPack(8, 8, 3, padding=1)(features()),
    "SAC": lambda: mmcv.ops.SAConv2d(8, 8, 3, padding=1)(features()),
    "CrissCrossAttention": lambda: mmcv.ops.CrissCrossAttention(8)(features()),
    "FocalLoss": lambda: FocalLoss()(features().reshape(-1, 8), torch.zeros(144, dtype=torch.long)),
    "SyncBN": lambda: revert_sync_batchnorm(nn.SyncBatchNorm(8))(features()),
}


def test_the_table_is_tried() -> None:
    assert set(MISSING) == set(CPU_LACKS.values()) - {"mixed precision"}


@pytest.mark.parametrize("op", MISSING)
def test_what_is_listed_does_not_run_on_a_cpu(op: str) -> None:
    with pytest.raises(RuntimeError, match="implementation for device cpu not found"):
        MISSING[op]()


@pytest.mark.parametrize("op", THERE)
def test_what_is_not_listed_runs_forth_and_back(op: str) -> None:
    assert op not in {**CPU_LACKS, **TRIAL_LACKS}
    THERE[op]().sum().backward()


def test_a_norm_of_several_processes_is_not_built_in_one() -> None:
    register_mmdet()
    with pytest.raises(ValueError, match="process group has not been initialized"):
        MODELS.build({"type": "MMSyncBN", "num_features": 8})


@pytest.mark.parametrize("head", ["GARPNHead", "GARetinaHead"])
def test_guided_anchors_mask_their_convolutions(head: str) -> None:
    register_mmdet()
    classes = {"num_classes": 2} if head == "GARetinaHead" else {}
    built = MODELS.build({"type": head, "in_channels": 8, "feat_channels": 8, **classes})
    assert any(isinstance(part, mmcv.ops.MaskedConv2d) for part in built.modules())


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ({"rpn_head": {"type": "GARPNHead"}}, [("MaskedConv2d", "GARPNHead at model.rpn_head")]),
        ({"rpn_head": {"type": "mmdet.GARPNHead"}}, [("MaskedConv2d", "GARPNHead at model.rpn_head")]),
        ({"neck": [{"type": "FPN"}, {"type": "FPN_CARAFE"}]}, [("CARAFE", "carafe at model.neck.1")]),
        ({"neck": {"type": "FPN_CARAFE", "upsample_cfg": {"type": "nearest"}}}, []),
        ({"neck": {"upsample_cfg": {"type": "carafe"}}}, [("CARAFE", "carafe at model.neck.upsample_cfg")]),
        (
            {"a": {"roi_layer": {"type": "RoIPool"}}, "b": {"type": "RoIPool"}},
            [("RoIPool", "RoIPool at model.a.roi_layer")],
        ),
    ],
)
def test_needs_are_found_wherever_they_stand(model: dict[str, object], found: list[tuple[str, str]]) -> None:
    assert [(one.what, one.wanted_by) for one in unmet_needs({"model": model}, on_gpu=False)] == found
    assert unmet_needs({"model": model}, on_gpu=True) == ()


def test_a_group_of_processes_is_missing_on_gpus_too() -> None:
    config = {"model": {"norm_cfg": {"type": "MMSyncBN"}}}
    with pytest.raises(InputError) as caught:
        check_device(config, on_gpu=True)
    assert "MMSyncBN at model.norm_cfg" in str(caught.value) and "GPU" not in str(caught.value)


def test_all_that_is_missing_is_told_in_one_line_with_a_remedy() -> None:
    config = {"model": {"rpn_head": {"type": "GARPNHead"}}, "optim_wrapper": {"type": "AmpOptimWrapper"}}
    with pytest.raises(InputError) as caught:
        check_device(config, on_gpu=False)
    said = str(caught.value)
    assert "MaskedConv2d (GARPNHead at model.rpn_head), mixed precision (AmpOptimWrapper at optim_wrapper)" in said
    assert "search on a machine with a GPU" in said and "\n" not in said
    check_device(config, on_gpu=True)


@pytest.mark.parametrize("detector", BUILT)
def test_the_catalogues_own_models_run_everywhere(detector: str) -> None:
    assert unmet_needs({"model": MODEL_CONFIGS[detector](tiny(detector), 2)}, on_gpu=False) == ()


def test_a_device_that_mmcv_was_not_built_for_is_told_by_name() -> None:
    check_kernels(torch.device("cpu"))
    with pytest.raises(InputError, match="an mmcv without kernels for meta; build onedl-mmcv where torch sees the GPU"):
        check_kernels(torch.device("meta"))
