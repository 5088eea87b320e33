"""What a trial is asked to do and what it says back: plain values, without torch.

    run_trial(job, report)
      report(Started(config_hash, epoch))   once the effective configuration is written and any checkpoint is read
      report(Rung(epoch, score))            after each rung; the caller ends the trial by raising from it
      -> Finished(score, summary)           files on disk, the manifest last

A trial that goes on from a checkpoint (`start_epoch` > 0) reports that epoch's rung once more, with the same score: it
cannot know whether the first report arrived. A repeated rung says nothing new.

Every module that runs trials (`trainables.trial`, `trainables.fake`) has this one function.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

HALVES = 2


@dataclass(frozen=True)
class TrialJob:
    """Everything a worker needs to run one trial; survives a trip through json.

    Attributes:
        number: the trial's number in the search.
        detector: a name in the catalogue.
        params: every train-tier parameter of that detector.
        views: the predict tier's settings, each the fields of a `View`.
        post: the fields of a `PostSpec`.
        rungs: epochs after which the validation images are predicted and scored, the last epoch among them.
        dataset: DATASET.yaml; empty for a detector that reads none.
        rule: name or path of the rule.
        seed: of this trial.
        folder: the trial's folder.
        loader_workers: processes that load images; 0 loads them in the trial's own.
        threads: CPU threads of the trial.
        start_epoch: epoch of the checkpoint in `folder` to go on from; 0 starts anew.
        accumulate: parts that each batch is trained in, one after the other, for one optimizer step; so a trial that
            ran out of memory keeps its batch, its steps and its learning rates. See `most_parts`.
        time_limit_s: the trial fails as "time-out" once it has run for so long, in all its attempts together; None for
            no limit.
        shared_device: whether other trials may run on the same device (for a CPU: on the same machine) meanwhile, so
            that a measured speed is not that of an idle one.
    """

    number: int
    detector: str
    params: Mapping[str, Any]
    views: tuple[Mapping[str, Any], ...]
    post: Mapping[str, Any]
    rungs: tuple[int, ...]
    dataset: str
    rule: str
    seed: int
    folder: str
    loader_workers: int = 0
    threads: int = 1
    start_epoch: int = 0
    accumulate: int = 1
    time_limit_s: float | None = None
    shared_device: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a worker's configuration."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "TrialJob":
        """The inverse of `to_dict`, also after json has turned tuples into lists."""
        return cls(**{**content, "views": tuple(content["views"]), "rungs": tuple(content["rungs"])})


@dataclass(frozen=True)
class Started:
    """The trial is building what this hash stands for.

    Attributes:
        config_hash: of the effective configuration that is really run.
        epoch: epochs that a checkpoint has brought; 0 for a start anew. What was reported after it no longer holds.
    """

    config_hash: str
    epoch: int = 0

    def to_metrics(self) -> dict[str, Any]:
        """As a report to Ray Tune."""
        return {"phase": "started", "config_hash": self.config_hash, "epoch": self.epoch}


@dataclass(frozen=True)
class Rung:
    """Validation score after an epoch, with the post tier solved; None where the rule defines none.

    Attributes:
        epoch: counted from 1.
        score: of the validation images.
        peak_gib: the most memory that the trial has held so far, where that is known.
    """

    epoch: int
    score: float | None
    peak_gib: float | None = None

    def to_metrics(self) -> dict[str, Any]:
        """As a report to Ray Tune."""
        return {"phase": "rung", **asdict(self)}


@dataclass(frozen=True)
class Finished:
    """The trial is complete and its files are on disk."""

    score: float | None
    summary: Mapping[str, Any]

    def to_metrics(self) -> dict[str, Any]:
        """As a report to Ray Tune; the summary travels as one value, whatever it holds."""
        return {"phase": "finished", "score": self.score, "summary": [dict(self.summary)]}


@dataclass(frozen=True)
class Failed:
    """The trial has ended without a result.

    Attributes:
        kind: one of `trainables.failures`'.
        reason: one line.
        fingerprint: equal for failures that came about in the same way; see `trainables.failures`.
        peak_gib: the most memory that it held, see `trainables.peak_memory`; None where that is not known.
    """

    kind: str
    reason: str
    fingerprint: str
    peak_gib: float | None = None

    def to_metrics(self) -> dict[str, Any]:
        """As a report to Ray Tune."""
        return {"phase": "failed", **asdict(self)}


def most_parts(params: Mapping[str, object]) -> int:
    """Into how many parts of whole images a batch may be split: 2, or 1 for an odd number of images."""
    batch = params.get("batch_size")
    return HALVES if isinstance(batch, int) and batch % HALVES == 0 else 1


Report = Callable[[Started | Rung], None]
