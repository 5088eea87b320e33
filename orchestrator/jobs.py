"""From a question of the study to a trial's job: defaults filled in, rungs laid out, seeds drawn. Pure."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.checkpoints import checkpoint_epoch
from results.layout import RunLayout
from search_spaces.points import predict_settings
from search_spaces.space import DETECTOR, PREDICT, SearchSettings, Space
from trainables.catalogue import DETECTORS
from trainables.notation import NONE, parse_predict_scales
from trainables.published_weights import WORDS, published

_MOST_LOADERS = 8


@dataclass(frozen=True)
class Asked:
    """A trial to run, as the study asks for it.

    Attributes:
        number: the trial's number.
        params: its point.
        accumulate: parts that each batch is trained in.
        seed: of its training; None for the one that follows from the number.
        reported: epochs whose reports are on record.
    """

    number: int
    params: Mapping[str, object]
    accumulate: int = 1
    seed: int | None = None
    reported: Collection[int] = ()


@dataclass(frozen=True)
class JobFactory:
    """Makes the jobs of one search.

    Attributes:
        space: what is searched.
        layout: where the trials' folders go.
        dataset: DATASET.yaml, None for a detector that reads none.
        rule: name or path of the rule.
        seed: of the search.
        cpus: cores of one trial.
        gpus: GPUs of one trial.
        shared_device: see `TrialJob`.
    """

    space: Space
    layout: RunLayout
    dataset: Path | None
    rule: str
    seed: int
    cpus: float = 1.0
    gpus: float = 0.0
    shared_device: bool = False

    def __call__(self, asked: Asked) -> dict[str, Any]:
        """The fields of a `TrialJob`."""
        params, layout = complete_params(self.space, asked.params), self.layout.trial(asked.number)
        hours, rungs = self.space.search.trial_hours, rung_epochs(self.space.search, int(str(params["epochs"])))
        return {
            "number": asked.number,
            "detector": self.space.detector_at(asked.params),
            "params": params,
            "views": complete_views(self.space, asked.params),
            "post": asdict(self.space.post),
            "rungs": rungs,
            "dataset": str(self.dataset or ""),
            "rule": self.rule,
            "seed": trial_seed(self.seed, asked.number) if asked.seed is None else asked.seed,
            "folder": str(layout.folder.resolve()),
            # A GPU waits for nobody: the trial's other cores load images for it.
            "loader_workers": min(int(self.cpus) - 1, _MOST_LOADERS) if self.gpus and self.cpus > 1 else 0,
            "threads": 1,
            "start_epoch": start_epoch(checkpoint_epoch(layout), rungs, asked.reported),
            "accumulate": asked.accumulate,
            "time_limit_s": None if hours is None else hours * 3600,
            "shared_device": self.shared_device,
        }


def complete_params(space: Space, point: Mapping[str, object]) -> dict[str, object]:
    """The train tier's parameters of a point, with its detector's defaults for every key that it does not name.

    A vector that has a value for each class is a mapping of category ids to values; words for starting weights are
    the paths of the files that they mean.
    """
    params = stated_params(space, point)
    start = str(params.get("init", NONE))
    if start in WORDS:
        return {**params, "init": str(published(start, space.detector_at(point), params).path)}
    return params if start == NONE else {**params, "init": _from_anywhere(start)}


def stated_params(space: Space, point: Mapping[str, object]) -> dict[str, object]:
    """The same, but that starting weights are called as the point calls them."""
    parameters = DETECTORS[space.detector_at(point)].train
    params: dict[str, object] = {name: parameter.default for name, parameter in parameters.items()}
    if "epochs" in params:
        params["epochs"] = space.search.epochs
    if space.config is not None:
        params["config"] = _from_anywhere(space.config)
    for key, value in point.items():
        vector, _, category = key.rpartition(".")
        if vector in parameters:
            earlier = params[vector]
            params[vector] = {**(earlier if isinstance(earlier, dict) else {}), category: value}
        elif vector != PREDICT and (key in parameters or space.config is not None):
            params[key] = value
    return params


def described_params(space: Space, point: Mapping[str, object]) -> dict[str, object]:
    """The same, with the detector itself where a space has several: all that tells one training from another."""
    params = complete_params(space, point)
    return {DETECTOR: point[DETECTOR], **params} if DETECTOR in point else params


def _from_anywhere(path: str) -> str:
    """A path for workers, which may run in another folder than the command."""
    return path if "::" in path else str(Path(path).resolve())


def complete_views(space: Space, point: Mapping[str, object]) -> list[dict[str, object]]:
    """The predict tier's settings with the catalogue's defaults, and "train" replaced by the scale it means.

    A key that does nothing with the point's train parameters has its default.
    """
    parameters = DETECTORS[space.detector_at(point)].predict
    params = complete_params(space, point)
    defaults = {name: one.default for name, one in parameters.items()}
    free = [name for name, one in parameters.items() if one.needs is None or params[one.needs[0]] == one.needs[1]]
    settings = predict_settings(_with_keys(space, free), point)
    chosen = [{name: setting[name] for name in free if name in setting} for setting in settings]
    return [_at_scale({**defaults, **one}, params) for one in chosen]


def _with_keys(space: Space, names: Collection[str]) -> Space:
    """The space with these swept keys alone, so that no setting is tried twice."""
    return replace(space, predict=tuple(one for one in space.predict if one.name in names))


def _at_scale(view: dict[str, object], params: Mapping[str, object]) -> dict[str, object]:
    if "scale" not in view:
        return view  # the fake detector sees no images
    scales = parse_predict_scales(str(view["scale"]), str(params["train_scale"]))
    return {**view, "scale": "|".join(map(str, scales))}


def rung_epochs(search: SearchSettings, epochs: int) -> list[int]:
    """Epochs after which a trial reports: every `report_every`, and the last."""
    return sorted({*range(search.report_every, epochs + 1, search.report_every), epochs})


def start_epoch(checkpoint: int, rungs: Sequence[int], reported: Collection[int]) -> int:
    """The epoch that a trial goes on from: its checkpoint's, which it reports again, or 0.

    With a checkpoint beyond a report that is not on record (the ledger's last line was cut off) a trial would go on
    without anybody's decision: it begins anew.
    """
    return checkpoint if all(rung in reported for rung in rungs if rung < checkpoint) else 0


def trial_seed(seed: int, number: int) -> int:
    """A trial's own seed, below 2**31, from the search's seed and the trial's number."""
    digest = hashlib.blake2b(f"trial {seed}/{number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % 2**31
