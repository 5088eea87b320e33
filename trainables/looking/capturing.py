"""What goes on inside a detector while it predicts one image: the strength of its features, and where it attends.

    level             mean absolute value over the channels of each level that the heads read
    objectness        FCOSTD's own, of each level
    global context    how much each place counts in the context of a stage's last block, 1 where all count alike
    attention         how much each place is looked at by all others and all heads there, likewise

Forward hooks look on; nothing of the model is changed, and nothing of it is kept.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from mmcv.cnn.bricks import ContextBlock, GeneralizedAttention
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from trainables.modules.fcostd_head import FCOSTDHead
from trainables.raw_heads import Wanted, before_nms
from trainables.shots import AS_IT_IS, Shot

Hook = Callable[[nn.Module, Any, Any], None]
_KINDS = _LEVEL, _OBJECTNESS, _CONTEXT, _ATTENTION = "level", "objectness", "global context", "attention"


@dataclass(frozen=True)
class FeatureMap:
    """One number for each place of a grid over the image.

    Attributes:
        name: what is shown.
        values: (H, W) float32.
        stride_px: pixels between neighbouring cells, of the image as the network sees it.
        cell_px: the same in pixels of the image itself, across and down.
    """

    name: str
    values: npt.NDArray[np.float32]
    stride_px: int
    cell_px: tuple[float, float]


def captured(model: Any, shot: Shot, wanted: Wanted) -> list[FeatureMap]:
    """What a detector's features are like while it predicts a shot.

    Args:
        model: of a family that `trainables.raw_heads` knows, in evaluation mode.
        shot: the whole image at one scale.
        wanted: what the detector is asked for, such as a view.
    """
    notes = _Notes()
    with ExitStack() as stack, torch.inference_mode():
        for module, hook in _hooks(model, notes):
            stack.callback(module.register_forward_hook(hook).remove)
        stack.callback(model.backbone.register_forward_pre_hook(notes.note_input).remove)
        stack.enter_context(notes.softmaxes)
        before_nms(model, shot.pixels(AS_IT_IS), shot.packed["data_samples"], wanted)
    return notes.maps(_scale(shot))


class _Softmaxes(TorchFunctionMode):
    """Keeps the latest softmax: mmcv's attention has no part that puts its weights out.

    Attributes:
        latest: the result.
        shape: rows and columns of the places that an attention looks at.
    """

    def __init__(self) -> None:
        super().__init__()
        self.latest = torch.zeros(0)
        self.shape = (0, 0)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is nn.functional.softmax:
            self.latest = result
        return result


@dataclass
class _Notes:
    """What hooks have seen: the width of the network's input, grids by kind and name, and softmaxes."""

    width_px: int = 0
    grids: list[tuple[str, str, Tensor]] = field(default_factory=list)
    softmaxes: _Softmaxes = field(default_factory=_Softmaxes)

    def note_input(self, _module: nn.Module, arguments: tuple[Any, ...]) -> None:
        self.width_px = int(arguments[0].shape[-1])

    def note(self, kind: str, name: str, grid: Tensor) -> None:
        self.grids.append((kind, name, grid.detach().float().cpu()))

    def maps(self, scale: tuple[float, float]) -> list[FeatureMap]:
        """Kind by kind, each as it came; the scale is that of the shown image over the image itself."""
        found = []
        for kind, name, grid in sorted(self.grids, key=lambda one: _KINDS.index(one[0])):
            stride = 2 ** round(math.log2(self.width_px / grid.shape[-1]))
            cell_px = (stride / scale[0], stride / scale[1])
            found.append(FeatureMap(f"{kind} {name}".rstrip(), grid.numpy(), stride, cell_px))
        return found


def _hooks(model: Any, notes: _Notes) -> Iterator[tuple[nn.Module, Hook]]:
    yield _last_module(model), _levels_hook(notes)
    if isinstance(getattr(model, "bbox_head", None), FCOSTDHead):
        yield model.bbox_head.conv_objectness, _objectness_hook(notes)
    for stage, block in _last_blocks(model, ContextBlock):
        if block.pooling_type == "att":
            yield block.conv_mask, _context_hook(stage, notes)
    for stage, block in _last_blocks(model, GeneralizedAttention):
        yield block.value_conv, _looked_at_hook(notes)
        yield block, _attention_hook(stage, notes)


def _last_module(model: Any) -> nn.Module:
    """What puts out the levels that the heads read."""
    module: nn.Module = model.neck if getattr(model, "with_neck", False) else model.backbone
    return module


def _levels_hook(notes: _Notes) -> Hook:
    def hook(_module: nn.Module, _arguments: Any, levels: Sequence[Tensor]) -> None:
        for index, level in enumerate(levels):
            notes.note(_LEVEL, str(index), level[0].abs().mean(0))

    return hook


def _objectness_hook(notes: _Notes) -> Hook:
    def hook(_module: nn.Module, _arguments: Any, logits: Tensor) -> None:
        notes.note(_OBJECTNESS, "", logits[0, 0].sigmoid())

    return hook


def _last_blocks(model: nn.Module, kind: type[nn.Module]) -> Iterator[tuple[str, Any]]:
    """Of each stage ("layer3") the last block of a kind."""
    last = {name.split(".")[1]: one for name, one in model.named_modules() if isinstance(one, kind)}
    yield from last.items()


def _context_hook(stage: str, notes: _Notes) -> Hook:
    def hook(_module: nn.Module, _arguments: Any, logits: Tensor) -> None:
        weights = logits[0, 0].flatten().softmax(0).reshape(logits.shape[-2:])
        notes.note(_CONTEXT, stage, weights * weights.numel())

    return hook


def _looked_at_hook(notes: _Notes) -> Hook:
    def hook(_module: nn.Module, _arguments: Any, values: Tensor) -> None:
        notes.softmaxes.shape = (int(values.shape[-2]), int(values.shape[-1]))

    return hook


def _attention_hook(stage: str, notes: _Notes) -> Hook:
    def hook(_module: nn.Module, _arguments: Any, _output: Tensor) -> None:
        # (image, head, place that looks, place that is looked at)
        weights = notes.softmaxes.latest[0].mean((0, 1)).reshape(notes.softmaxes.shape)
        notes.note(_ATTENTION, stage, weights * weights.numel())

    return hook


def _scale(shot: Shot) -> tuple[float, float]:
    """Of the shown image over the image itself, across and down."""
    meta = shot.packed["data_samples"].metainfo
    (height, width), (full_height, full_width) = meta["img_shape"][:2], meta["ori_shape"][:2]
    return width / full_width, height / full_height
