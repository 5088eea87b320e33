"""DenseNet as a backbone: torchvision's network, whose four dense blocks are the levels of a pyramid.

A level is what a block puts out, after the BatchNorm and the ReLU that follow it: it is what the next transition reads,
and what ImageNet's weights hold statistics for. Parameters keep torchvision's names, so that its weights fit.

Source: Huang et al., Densely Connected Convolutional Networks (CVPR 2017); torchvision.models.densenet.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models import DenseNet

_INIT = ({"type": "Kaiming", "layer": "Conv2d"}, {"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]})


class DenseNetBackbone(BaseModule):  # type: ignore[misc]  # mmengine is untyped
    """See the module.

    Args:
        growth_rate: channels that a layer adds.
        stem_channels: of the first convolution.
        block_layers: layers of each of the four blocks.
        norm_cfg: mmdet's configuration of every normalisation.
        norm_eval: whether BatchNorm keeps its statistics in training.
        frozen_stages: what is not trained: -1 nothing, 0 the stem, 1 the stem, the first block and its transition, ...
    """

    def __init__(
        self,
        growth_rate: int,
        stem_channels: int,
        block_layers: Sequence[int],
        norm_cfg: Mapping[str, Any],
        norm_eval: bool = False,
        frozen_stages: int = -1,
    ) -> None:
        super().__init__(init_cfg=[dict(one) for one in _INIT])
        layers = tuple(block_layers)
        network = DenseNet(growth_rate, layers, stem_channels, num_classes=1)  # the classifier is left behind
        self.features = network.features
        if norm_cfg["type"] != "BN":
            _normalise_by(self.features, norm_cfg)
        self.norm_eval = norm_eval
        self.frozen_stages = frozen_stages
        self.stages = len(layers)
        for part in self._frozen():
            part.requires_grad_(False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) -> a level for each block, of strides 4, 8, 16 and 32."""
        parts = self.features
        x = parts.pool0(parts.relu0(parts.norm0(parts.conv0(images))))
        levels = []
        for stage in range(1, self.stages):
            transition = self._after(stage)
            levels.append(functional.relu(transition.norm(self._block(stage)(x))))
            x = transition.pool(transition.conv(levels[-1]))
        levels.append(functional.relu(self._after(self.stages)(self._block(self.stages)(x))))
        return tuple(levels)

    def train(self, mode: bool = True) -> Self:
        """As torch's, but what is frozen, and statistics that are, stay in evaluation mode."""
        super().train(mode)
        for part in self._frozen():
            part.eval()
        for part in self.modules() if self.norm_eval else ():
            if isinstance(part, _BatchNorm):
                part.eval()
        return self

    def _frozen(self) -> Iterator[nn.Module]:
        if self.frozen_stages >= 0:
            yield from (self.features.conv0, self.features.norm0)
        for stage in range(1, self.frozen_stages + 1):
            yield from (self._block(stage), self._after(stage))

    def _block(self, stage: int) -> Any:
        return self.features.get_submodule(f"denseblock{stage}")

    def _after(self, stage: int) -> Any:
        """What follows a block: a transition, or the last normalisation."""
        return self.features.get_submodule("norm5" if stage == self.stages else f"transition{stage}")


def _normalise_by(network: nn.Module, norm_cfg: Mapping[str, Any]) -> None:
    """Puts another normalisation into the place of each BatchNorm, under its name."""
    for parent in list(network.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, _BatchNorm):
                setattr(parent, name, build_norm_layer(dict(norm_cfg), part.num_features)[1])
