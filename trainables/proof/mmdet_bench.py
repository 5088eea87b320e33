"""The bench of mmdet detectors: builds their training, solves the post tier on a drawn set, watches one step."""

from collections.abc import Collection, Mapping
from typing import Any

from results.rules import Rule
from trainables.averages import parse_average
from trainables.effective import TrainingData, config_hash, trial_config
from trainables.failures import failure_reason
from trainables.jobs import TrialJob
from trainables.notation import NONE
from trainables.proof.building import built
from trainables.proof.post_outcome import post_outcome
from trainables.proof.verdicts import Leaves, Outcome
from trainables.proof.watching import reads_of_predicting, reads_of_training
from trainables.training import use_threads


class MmdetBench:
    """Jobs of mmdet detectors; see `verdicts.Bench`.

    Args:
        data: what the jobs learn from.
        rule: what the post tier is solved for.
    """

    def __init__(self, data: TrainingData, rule: Rule) -> None:
        use_threads(1)
        self._data, self._rule = data, rule
        self._built: dict[str, Outcome] = {}
        self._solved: dict[str, Leaves] = {}
        self._predicting: dict[str, frozenset[str]] = {}
        self._training: dict[str, frozenset[str]] = {}
        self._noise: frozenset[str] | None = None

    @property
    def size(self) -> int:
        """Different configurations that were built."""
        return len(self._built)

    def outcome(self, job: TrialJob) -> Outcome:
        """See `verdicts.Bench`."""
        trained, solved = self._trained(job), self._solution(job)
        view = {f"view.{name}": repr(value) for name, value in job.views[0].items()}
        return Outcome({**trained.built, **solved, **_averaged(job)}, {**trained.held, **view})

    def reads(self, job: TrialJob, places: Collection[str]) -> frozenset[str]:
        """See `verdicts.Bench`."""
        config = trial_config(job, self._data)
        key = config_hash(config)
        try:
            if key not in self._predicting:
                self._predicting[key] = reads_of_predicting(config, job.views[0])
            found = self._predicting[key].intersection(places)
            if found:
                return found
            if key not in self._training:
                self._training[key] = reads_of_training(config)
        except Exception as error:  # it was built, so that the reader must know where to look
            raise RuntimeError(f"one step with a small drawn image fails ({failure_reason(error)})") from error
        return self._training[key].intersection(places)

    def configuration(self, job: TrialJob) -> Mapping[str, Any]:
        """See `verdicts.Bench`."""
        return {**trial_config(job, self._data), "view": job.views[0], "post": job.post}

    def _trained(self, job: TrialJob) -> Outcome:
        config = trial_config(job, self._data)
        key = config_hash(config)
        if self._noise is None:
            # What two builds of one configuration differ in says nothing about a key.
            self._noise = frozenset()
            first, second = self._build(config).built, self._build(config).built
            self._noise = frozenset(place for place in first if first[place] != second.get(place))
        if key not in self._built:
            self._built[key] = self._build(config)
        return self._built[key]

    def _build(self, config: Mapping[str, Any]) -> Outcome:
        with built(config) as found:
            description = found.describe()
        noise = self._noise or frozenset()
        return Outcome(
            {place: text for place, text in description.built.items() if place not in noise}, description.held
        )

    def _solution(self, job: TrialJob) -> Leaves:
        key = config_hash(job.post)
        if key not in self._solved:
            outcome = post_outcome(job.post, self._rule)
            self._solved[key] = {f"post.{place}": value for place, value in outcome.items()}
        return self._solved[key]


def _averaged(job: TrialJob) -> Leaves:
    """How much each epoch counts in the weights of the first view, were scores to rise."""
    average = parse_average(str(job.views[0].get("average", NONE)))
    if average is None:
        return {"weights": "the last epoch's"}
    epochs = average.epochs(job.rungs, dict.fromkeys(job.rungs, 0.0))
    shares = zip(epochs, average.shares(len(epochs)), strict=True)
    best = "the best epochs'" if average.by_score else "the last epochs'"
    return {"weights": f"{best} mean", **{f"weights.epoch_{epoch}": f"{share:.7f}" for epoch, share in shares}}
