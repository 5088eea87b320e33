"""Features of regions that know the image they lie in: a summary of the whole image is added to each of them.

        coarsest level -- mean over all places -- linear -- ReLU -- linear -- added to every bin of a region

The last layer begins at zero, so training begins with the plain features. The mean is over the padded image, as in
mmdet's heads of this kind: a pixel of padding counts like any other.

Source: point 20 of the competition's log; Vu et al., SCNet (AAAI 2021), section on global context, without its loss of
image labels; Cao et al., GCNet (2019), for adding it.
"""

from typing import Any

from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from torch import Tensor, nn

_INIT = {"type": "Xavier", "layer": "Linear", "override": {"type": "Constant", "val": 0, "name": "context_out"}}


class ContextRoIExtractor(SingleRoIExtractor):  # type: ignore[misc]  # mmdet is untyped
    """See the module.

    Args:
        out_channels: of the pyramid, and of a region's features.
        options: SingleRoIExtractor's.
    """

    def __init__(self, out_channels: int, **options: Any) -> None:
        super().__init__(out_channels=out_channels, init_cfg=dict(_INIT), **options)
        self.context_in = nn.Linear(out_channels, out_channels)
        self.context_out = nn.Linear(out_channels, out_channels)

    def forward(self, feats: tuple[Tensor, ...], rois: Tensor, roi_scale_factor: float | None = None) -> Tensor:
        """Features (R, C, height, width) of regions.

        Args:
            feats: (N, C, H, W) of each level that regions are cut from.
            rois: (R, 5), the number of its image before each region's corners.
            roi_scale_factor: by which regions are enlarged first.
        """
        plain: Tensor = super().forward(feats, rois, roi_scale_factor)
        context: Tensor = self.context_out(self.context_in(feats[-1].mean(dim=(2, 3))).relu())
        return plain + context[rois[:, 0].long(), :, None, None]
