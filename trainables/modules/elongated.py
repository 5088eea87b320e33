"""mmdet's `Resize` and `PackDetInputs` for elongated images: a side that a scale shrinks to nothing is one pixel.

mmcv rounds the sides of 3000x4 at 128x96 to 128x0, and OpenCV refuses that without a name. They take mmdet's places in
the registry, so that configurations, and whatever builds a transform by its name, have them without saying so.
"""

from typing import Any

import mmcv
from mmcv.image.geometric import rescale_size
from mmdet.datasets.transforms import PackDetInputs as MmdetPack
from mmdet.datasets.transforms import Resize as MmdetResize
from mmdet.registry import TRANSFORMS


class Resize(MmdetResize):  # type: ignore[misc]  # mmdet is untyped
    """As mmdet's in everything but sides of less than a pixel."""

    def _resize_img(self, results: dict[str, Any]) -> None:
        height_px, width_px = results["img"].shape[:2]
        width, height = rescale_size((width_px, height_px), results["scale"]) if self.keep_ratio else (1, 1)
        if min(width, height) > 0:
            super()._resize_img(results)
            return
        size = (max(width, 1), max(height, 1))
        results["img"] = mmcv.imresize(results["img"], size, interpolation=self.interpolation, backend=self.backend)
        results["img_shape"] = results["img"].shape[:2]
        results["scale_factor"] = (size[0] / width_px, size[1] / height_px)
        results["keep_ratio"] = self.keep_ratio


class PackDetInputs(MmdetPack):  # type: ignore[misc]
    """As mmdet's; a mirrored side of one pixel counts as contiguous for NumPy, and not for torch."""

    def transform(self, results: dict[str, Any]) -> Any:
        """Packs an image whose pixels lie in the order of their axes."""
        image = results.get("img")
        if image is not None and min(image.strides) < 0 and image.flags.c_contiguous:
            results["img"] = image.copy()
        return super().transform(results)


def register_elongated() -> None:
    """Puts them in mmdet's places."""
    for name, transform in (("Resize", Resize), ("PackDetInputs", PackDetInputs)):
        TRANSFORMS.register_module(name=name, module=transform, force=True)
