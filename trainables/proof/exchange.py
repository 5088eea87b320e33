"""What the process that proves keys is asked and what it answers: plain values, as json. Imports no torch.

Question(jobs, keys, measure)  ->  Answer(verdicts, points, seconds, iteration)
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trainables.jobs import TrialJob


@dataclass(frozen=True)
class Key:
    """A key to prove.

    Attributes:
        name: with its section, "train.lr".
        pairs: places, in the question's jobs, of two jobs that differ in nothing but this key.
    """

    name: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Question:
    """What to prove.

    Attributes:
        jobs: of the default point and its neighbours, the default point's first; each with one view.
        keys: what shall take effect.
        measure: whether to time one iteration of the default point.
    """

    jobs: tuple[TrialJob, ...]
    keys: tuple[Key, ...]
    measure: bool

    def to_dict(self) -> dict[str, Any]:
        """For json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Question":
        """The inverse of `to_dict`, also after json has turned tuples into lists."""
        keys = (Key(one["name"], tuple((left, right) for left, right in one["pairs"])) for one in content["keys"])
        return cls(tuple(map(TrialJob.from_dict, content["jobs"])), tuple(keys), bool(content["measure"]))


@dataclass(frozen=True)
class Effect:
    """One difference between two jobs.

    Attributes:
        place: dotted, in what was built.
        before: what is there in the first job, as text; None for nothing.
        after: what is there in the second.
        read: false for something that is built; true for an entry of a configuration that one step reads.
    """

    place: str
    before: str | None
    after: str | None
    read: bool


@dataclass(frozen=True)
class Verdict:
    """What became of a key.

    Attributes:
        name: the key's.
        effects: the most telling differences; none for a key that takes no effect.
        count: how many differences there are.
        reaches: entries of the effective configuration that the key changes, whether or not anything comes of it.
        error: why one of its values cannot be built, None if all can.
    """

    name: str
    effects: tuple[Effect, ...]
    count: int
    reaches: tuple[str, ...]
    error: str | None = None


@dataclass(frozen=True)
class Iteration:
    """One iteration of training, measured; or why it was not.

    Attributes:
        device: "cpu" or the GPU's name.
        parameters: numbers in the model.
        per_epoch: iterations of an epoch.
        epochs: of the whole training.
        seconds: of one iteration with its images loaded; None where it was not measured.
        image_seconds: of one validation image predicted.
        activation_bytes: kept for the backward pass.
        peak_bytes: most memory of the device at once; None on a CPU.
        state_bytes: weights, their gradients and the optimizer's state.
        reason: why it was not measured; None where it was.
    """

    device: str
    parameters: int
    per_epoch: int
    epochs: int
    seconds: float | None = None
    image_seconds: float | None = None
    activation_bytes: int | None = None
    peak_bytes: int | None = None
    state_bytes: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Answer:
    """What was found.

    Attributes:
        verdicts: one a key, in the question's order.
        built: different configurations that were built.
        import_s: seconds until the libraries were there.
        prove_s: seconds that the proof took after that.
        prove_cpu_s: seconds of CPU in it.
        iteration: None where nothing is trained.
    """

    verdicts: tuple[Verdict, ...]
    built: int
    import_s: float
    prove_s: float
    prove_cpu_s: float
    iteration: Iteration | None

    def to_dict(self) -> dict[str, Any]:
        """For json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Answer":
        """The inverse of `to_dict`."""
        verdicts = (
            Verdict(
                **{**one, "effects": tuple(Effect(**each) for each in one["effects"]), "reaches": tuple(one["reaches"])}
            )
            for one in content["verdicts"]
        )
        iteration = content["iteration"]
        return cls(
            **{**content, "verdicts": tuple(verdicts), "iteration": Iteration(**iteration) if iteration else None}
        )
