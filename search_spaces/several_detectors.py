"""What several detectors let vary, as one: the parameters of them all, each active where a detector has it.

A key that some detectors lack gets the condition that one of the others is chosen. Its values must suit every detector
that has it; where they do not, it is given in a group for each (`fcos: {when: {detector: [fcos]}, lr: ...}`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from search_spaces.domains import Value
from search_spaces.drafts import Draft, Drafts
from search_spaces.space import DETECTOR, TRAIN, DetectorSpec, ParameterSpec, PredictSpec
from search_spaces.yaml_nodes import Entry, ListNode, MapNode, ScalarNode

Specs = Mapping[str, ParameterSpec]


@dataclass(frozen=True)
class SharedParameter:
    """A parameter that several detectors have.

    Attributes:
        of: each detector's own.
    """

    of: tuple[ParameterSpec, ...]

    @property
    def name(self) -> str:
        """The key in a space file."""
        return self.of[0].name

    @property
    def default(self) -> object:
        """Of the first detector that has it; only its type is the same for all."""
        return self.of[0].default

    @property
    def per_class(self) -> bool:
        """Whether every detector takes a value for each class."""
        return all(one.per_class for one in self.of)

    def fault(self, value: object) -> str | None:
        """What the first detector has against a value that has anything against it."""
        return next((fault for one in self.of if (fault := one.fault(value)) is not None), None)


@dataclass(frozen=True)
class SharedPredict(SharedParameter):
    """One of the predict tier."""

    of: tuple[PredictSpec, ...]

    @property
    def needs(self) -> tuple[str, Value] | None:
        """Of the first detector that has it."""
        return self.of[0].needs


def train_specs(detectors: Mapping[str, DetectorSpec]) -> Specs:
    """Every parameter of the train tier that one of them has."""
    names = dict.fromkeys(name for one in detectors.values() for name in one.train)
    return {name: _shared([one.train[name] for one in detectors.values() if name in one.train]) for name in names}


def predict_specs(detectors: Mapping[str, DetectorSpec]) -> Mapping[str, PredictSpec]:
    """Parameters of the predict tier that all of them have: every trial's checkpoint is swept alike.

    One that does nothing without a train key's value is not swept elsewhere anyhow: some having it is enough.
    """
    named: dict[str, list[PredictSpec]] = {}
    for detector in detectors.values():
        for name, one in detector.predict.items():
            named.setdefault(name, []).append(one)
    shared = {name: of for name, of in named.items() if len(of) == len(detectors) or of[0].needs is not None}
    return {name: of[0] if len(of) == 1 else SharedPredict(tuple(of)) for name, of in shared.items()}


def _shared(specs: Sequence[ParameterSpec]) -> ParameterSpec:
    return specs[0] if len(specs) == 1 else SharedParameter(tuple(specs))


def where_they_exist(drafts: Drafts, detectors: Mapping[str, DetectorSpec]) -> Drafts:
    """The keys, each with the condition that a detector is chosen which has it; those that all have as they are."""
    return replace(drafts, kept=tuple(_where_it_exists(draft, detectors) for draft in drafts.kept))


def _where_it_exists(draft: Draft, detectors: Mapping[str, DetectorSpec]) -> Draft:
    having = [name for name, one in detectors.items() if draft.spec.name in one.train]
    if draft.place[0] != TRAIN or len(having) == len(detectors):
        return draft
    line = draft.entry.line
    names = ListNode(tuple(ScalarNode(name, line) for name in having), line)
    return replace(draft, when=(MapNode((Entry(DETECTOR, line, names),), line), *draft.when))
