"""The frozen form of a search space, and what the loader needs to know about a detector.

These types hold what `loading` has checked; they read no file and import no Optuna. `points` computes with them,
`written_form` writes them back, `sampling` hands them to Optuna.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from search_spaces.domains import Domain, Value, same_value

Point = Mapping[str, Value]

# The sections of a space file whose keys can be part of a point, and the key that is one where a space has several
# detectors.
TRAIN, SET, PREDICT = "train", "set", "predict"
DETECTOR = "detector"
# A vector's key for every class whose own key is not given: "class_weights.*".
EACH_CLASS = "*"
# Reports of one trial: with more its lines in the ledger would take more than 4 KB.
MOST_REPORTS = 24


class ParameterSpec(Protocol):
    """One parameter that a detector understands."""

    @property
    def name(self) -> str:
        """The key in a space file."""

    @property
    def default(self) -> object:
        """Used where the space does not name the key; its type (bool, int, float, str) is the parameter's type."""

    @property
    def per_class(self) -> bool:
        """Whether the parameter is a vector: it may have a value for each class, under "NAME.CATEGORY_ID"."""

    def fault(self, value: object) -> str | None:
        """None when the value is fine, else "the rule it breaks; the remedy"."""


class PredictSpec(ParameterSpec, Protocol):
    """One of the predict tier."""

    @property
    def needs(self) -> tuple[str, Value] | None:
        """Name and value of the train parameter without which it does nothing; None for most."""


def is_of_a_class(name: str, spec: ParameterSpec) -> bool:
    """Whether a point's key is a vector's value for one class; no condition looks at such a key."""
    return spec.per_class and "." in name


class DetectorSpec(Protocol):
    """What a detector lets vary, by tier: `train` costs GPU hours, `predict` one pass over the images."""

    @property
    def train(self) -> Mapping[str, ParameterSpec]:
        """Parameters of the train tier by name."""

    @property
    def predict(self) -> Mapping[str, PredictSpec]:
        """Parameters of the predict tier by name."""

    def combination_fault(self, parameters: Mapping[str, object]) -> str | None:
        """None when these complete train parameters go together, else "the rule they break; the remedy"."""

    @property
    def configured_by(self) -> Callable[[str], Mapping[str, object]] | None:
        """Reads the file that `config` names into the nested values that `set` reaches.

        None for a detector without such a file. Raises `InputError` for one that is missing or cannot be read.
        """


@dataclass(frozen=True)
class Condition:
    """Holds where `key` is active and has one of `values`."""

    key: str
    values: tuple[Value, ...]

    def holds(self, point: Mapping[str, object]) -> bool:
        """Whether it holds at a point, which has no key that is inactive."""
        return self.key in point and any(same_value(point[self.key], value) for value in self.values)


Clause = tuple[Condition, ...]


@dataclass(frozen=True)
class Dimension:
    """One key of a point; active where every condition in `when` holds.

    Attributes:
        name: its key in a point: a parameter's name; "predict." and a predict key; a dotted path of `set`; a vector's
            name, a dot and a category id or `EACH_CLASS`; or "detector".
        domain: the values it takes.
        when: conditions, at most one for a key.
        group: the groups it stands in, dots between. Two dimensions of one name stand in different groups and are
            never active together.
        section: of the space file, `TRAIN`, `SET`, `PREDICT` or, for the key of that name, `DETECTOR`.
    """

    name: str
    domain: Domain
    when: Clause = ()
    group: str = ""
    section: str = TRAIN

    @property
    def label(self) -> str:
        """What Optuna calls it, different for every dimension of a space."""
        return f"{self.group}.{self.name}" if self.group else self.name

    @property
    def place(self) -> str:
        """Where it stands in a space file, "train.lr"."""
        return self.name if self.section in (PREDICT, DETECTOR) else f"{self.section}.{self.label}"


@dataclass(frozen=True)
class Swept:
    """One key of the predict tier; every value is tried from a surviving trial's checkpoint."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class PostSettings:
    """What the post tier may choose from; the words are those of `results.solve`.

    Attributes:
        nms: kinds of non-maximum suppression that are compared ("hard", "soft_linear", "soft_gaussian").
        per_class: "gate" (a class leaves the global setting only when the bootstrap agrees), "argmax" or "global".
        cutoffs: "tolerance" (score cutoffs that cost nothing, proved out of fold), "none", or "optuna" (TPE proposes
            them; under a rule that is a plain AP this cannot help, and `results.post_settings.cutoff_notice` says why).
        max_per_image: cap on the boxes of one image over all classes, None for no cap.
        search: "exact" (a grid, recombined by class) or "optuna" (TPE proposes the settings, recombined alike).
        suppress: "within_class", or "across_classes": boxes suppress each other whatever their classes. That couples
            the classes: `per_class` is "global" then, and there is no optimum by class.
    """

    nms: tuple[str, ...] = ("hard", "soft_linear", "soft_gaussian")
    per_class: str = "gate"
    cutoffs: str = "tolerance"
    max_per_image: int | None = 100
    search: str = "exact"
    suppress: str = "within_class"


@dataclass(frozen=True)
class SuccessiveHalving:
    """At epochs `min_epochs * reduction_factor ** k`, one in `reduction_factor` trials goes on."""

    reduction_factor: int = 3
    min_epochs: int = 1


@dataclass(frozen=True)
class Hyperband:
    """Successive halving in several brackets, which differ in how early they begin to stop trials."""

    reduction_factor: int = 3
    min_epochs: int = 1


@dataclass(frozen=True)
class MedianPruning:
    """From the epoch after `warmup_epochs`, once `startup_trials` have finished, a trial below their median stops."""

    startup_trials: int = 5
    warmup_epochs: int = 0


@dataclass(frozen=True)
class NoPruning:
    """Every trial trains to its end."""


Pruning = SuccessiveHalving | Hyperband | MedianPruning | NoPruning


@dataclass(frozen=True)
class SearchSettings:
    """How the train tier is searched.

    Attributes:
        sampler: "tpe", "gp", "cmaes", "random" or "grid".
        pruner: who stops hopeless trials, and when.
        epochs: the longest training of one trial; a train key `epochs` stays at or below it.
        trials: all trials of the search, resumed and failed ones too.
        hours: wall-clock budget, None for no limit.
        report_every: epochs between two reports (rungs) of a trial, of which there are at most `MOST_REPORTS`.
        gpu_hours: budget of all trials' GPU time together, None for no limit.
        trial_hours: a trial that takes longer fails as "time-out", None for no limit.
        patience: the search ends when so many trials in a row did not better the best by more than that score's own
            uncertainty; None for never.
        retry_out_of_memory: whether a trial that ran out of memory is tried once more at half its batch size, with
            gradients accumulated over two batches.
        reuse: whether a point is answered from earlier runs on the same data, too.
        warm_start: name of an earlier run on the same data and rule to begin from, "auto" for all of them, None for
            none. Its results count as this search's where the space is the same; else its best points are tried first.
        confirm: seeds with which the best three trials are trained again at the end; 0 for none.
        keep_checkpoints: best COMPLETE trials whose weights are kept; None for all.
        storage: folder or URI (`s3://...`) that finished trials are copied to, None for nowhere.
    """

    sampler: str = "tpe"
    pruner: Pruning = SuccessiveHalving()
    epochs: int = 12
    trials: int = 60
    hours: float | None = None
    report_every: int = 1
    gpu_hours: float | None = None
    trial_hours: float | None = None
    patience: int | None = None
    retry_out_of_memory: bool = True
    reuse: bool = False
    warm_start: str | None = None
    confirm: int = 0
    keep_checkpoints: int | None = 10
    storage: str | None = None


@dataclass(frozen=True)
class Space:
    """A checked search space.

    Attributes:
        name: the file's stem.
        detector: a name that the detectors handed to the loader hold; of several the first, see `detector_at`.
        rule: name or path of the rule file; empty takes the data set's. Whether it exists is `results.rules`' business.
        train: what a point is made of: searched and fixed keys of `train`, `set` and, searched jointly, `predict`, and
            the detector where there are several; parents before the keys whose conditions look at them. Holds `epochs`
            always, where the detector has that parameter.
        predict: swept keys; with `joint` those of a single value.
        post: settings of the post tier.
        search: settings of the search.
        known: complete points (active keys only) that are tried first.
        profile: the profile whose overrides were applied; "full" is the file as written.
        forbid: combinations that no point has; a point is forbidden where all conditions of one of them hold.
        config: the file that the detector is configured by, None for detectors of the catalogue.
        config_sha: SHA-256 (hex) of what that file holds.
        joint: whether predict keys of several values are part of the point.
    """

    name: str
    detector: str
    rule: str
    train: tuple[Dimension, ...]
    predict: tuple[Swept, ...] = ()
    post: PostSettings = PostSettings()
    search: SearchSettings = SearchSettings()
    known: tuple[Point, ...] = ()
    profile: str = "full"
    forbid: tuple[Clause, ...] = ()
    config: str | None = None
    config_sha: str | None = None
    joint: bool = False

    def detectors(self) -> tuple[str, ...]:
        """Every detector that its trials may train, the default point's first."""
        names = (one.domain.values() for one in self.train if one.section == DETECTOR)
        return next((tuple(map(str, values)) for values in names), (self.detector,))

    def detector_at(self, point: Mapping[str, object]) -> str:
        """The detector that a point trains."""
        return str(point.get(DETECTOR, self.detector))

    def has_open_classes(self) -> bool:
        """Whether a key stands for each class, and the classes were not known when the space was loaded."""
        return any(dimension.name.endswith(f".{EACH_CLASS}") for dimension in self.train)
