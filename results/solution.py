"""What the post tier chose for one raw set, and how it is applied to other raw detections, as those of test images.

Plain data and one function; choosing is `results.solve`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from results.across_classes import apply_nms_across_classes
from results.boxes import Detections
from results.post_settings import NmsSetting, Suppress
from results.postprocess import apply_nms, cap_per_image, images_above
from results.scoring import Score


@dataclass(frozen=True)
class Solution:
    """What the post tier chose, and what that earns on the set it was chosen on.

    Attributes:
        setting_of: NMS setting by contest category id.
        global_setting: the best setting for all classes together.
        cutoff_of: score cutoff by contest category id; 0 where none is applied.
        score: of the post-processed detections.
        interval: 95% image-bootstrap interval of that score; (NaN, NaN) when no class is defined.
        cap_cost: score lost to the cap across classes.
        settings_tried: how many NMS settings the sweep held.
        max_per_image: the cap across classes, applied last.
        share_won: by contest category id, the share of replicates in which its best setting beat the global one.
        image_gate: images whose best score is below it lose all detections; 0 for none.
        notice: what the user should know of the spec, e.g. that it cannot help; empty for nothing.
        search: what proposed the settings, exact or optuna.
        exact_score: what the exact search of the grid earns in TPE's place; None without TPE, or if undefined.
        suppress: within_class, or across_classes: `global_setting` was then run on all classes together.
    """

    setting_of: dict[int, NmsSetting]
    global_setting: NmsSetting
    cutoff_of: dict[int, float]
    score: Score
    interval: tuple[float, float]
    cap_cost: float
    settings_tried: int
    max_per_image: int | None
    share_won: dict[int, float]
    image_gate: float = 0.0
    notice: str = ""
    search: str = "exact"
    exact_score: float | None = None
    suppress: Suppress = "within_class"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for json; ids become text, an undefined interval becomes null."""
        return {
            "setting_of": {str(id_): asdict(setting) for id_, setting in self.setting_of.items()},
            "global_setting": asdict(self.global_setting),
            "cutoff_of": {str(id_): value for id_, value in self.cutoff_of.items()},
            "score": {
                "score": self.score.score,
                "ap": {str(id_): ap for id_, ap in self.score.ap.items()},
                "renormalised": self.score.renormalised,
                "boxes": {str(id_): count for id_, count in self.score.boxes.items()},
            },
            "interval": None if np.isnan(self.interval[0]) else list(self.interval),
            "cap_cost": self.cap_cost,
            "settings_tried": self.settings_tried,
            "max_per_image": self.max_per_image,
            "share_won": {str(id_): share for id_, share in self.share_won.items()},
            "image_gate": self.image_gate,
            "notice": self.notice,
            "search": self.search,
            "exact_score": self.exact_score,
            "suppress": self.suppress,
        }

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> "Solution":
        """The inverse of `to_dict`."""
        score, bounds = content["score"], content["interval"]
        return Solution(
            setting_of={int(id_): NmsSetting(**setting) for id_, setting in content["setting_of"].items()},
            global_setting=NmsSetting(**content["global_setting"]),
            cutoff_of={int(id_): float(value) for id_, value in content["cutoff_of"].items()},
            score=Score(
                score["score"],
                {int(id_): ap for id_, ap in score["ap"].items()},
                score["renormalised"],
                {int(id_): count for id_, count in score["boxes"].items()},
            ),
            interval=(float("nan"), float("nan")) if bounds is None else (bounds[0], bounds[1]),
            cap_cost=content["cap_cost"],
            settings_tried=content["settings_tried"],
            max_per_image=content["max_per_image"],
            share_won={int(id_): share for id_, share in content["share_won"].items()},
            image_gate=content.get("image_gate", 0.0),
            notice=content.get("notice", ""),
            search=content.get("search", "exact"),
            exact_score=content.get("exact_score"),
            suppress=content.get("suppress", "within_class"),
        )


def apply_solution(raw: Detections, solution: Solution) -> Detections:
    """Post-processes raw detections as `solution` says; classes that its rule does not count are dropped.

    Returns:
        Detections by category id, image id and descending score.

    Raises:
        InputError: a row is not finite or has a negative size.
    """
    counted = raw.select(np.isin(raw.category_id, list(solution.setting_of)))
    if solution.suppress == "across_classes":
        left = apply_nms_across_classes(counted, solution.global_setting)
    else:
        left = apply_nms(counted, solution.setting_of, None)
    ids, place = np.unique(left.category_id, return_inverse=True)
    cutoff = np.array([solution.cutoff_of[id_] for id_ in ids.tolist()])
    capped = cap_per_image(left.select(left.scores >= cutoff[place]) if len(left) else left, solution.max_per_image)
    if not solution.image_gate:
        return capped
    return capped.select(images_above(capped.image_id, capped.scores, solution.image_gate))
