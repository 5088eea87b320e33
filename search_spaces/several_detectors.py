"""What several detectors let vary, as one: the parameters of them all, each active where a detector has it.

A key that some detectors lack gets the condition that one of the others is chosen. Its values must suit every detector
that has it and that its conditions allow; where one does not suit all, the key is given in a group for each
(`fcos: {when: {detector: [fcos]}, lr: ...}`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from results.faults import Faults
from results.yaml_nodes import Entry, ListNode, MapNode, ScalarNode
from search_spaces.domains import Domain, FloatRange, IntRange, Value
from search_spaces.drafts import Draft, Drafts
from search_spaces.space import DETECTOR, TRAIN, DetectorSpec, Dimension, ParameterSpec, PredictSpec

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
        """What the first detector has against a value that none of them takes."""
        faults = [one.fault(value) for one in self.of]
        return None if None in faults else faults[0]


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


def check_values(
    dimensions: Sequence[Dimension], drafts: Drafts, detectors: Mapping[str, DetectorSpec], faults: Faults
) -> None:
    """Notes values of a key that a detector does not take which its conditions allow."""
    written = {draft.label: draft for draft in drafts.kept}
    for dimension in dimensions:
        draft = written.get(dimension.label)
        if draft is None or not isinstance(draft.spec, SharedParameter):
            continue
        allowed = next((one.values for one in dimension.when if one.key == DETECTOR), tuple(detectors))
        for name in map(str, allowed):
            _check_for(name, detectors[name].train[draft.spec.name], draft, faults)


def _check_for(detector: str, spec: ParameterSpec, draft: Draft, faults: Faults) -> None:
    for value in _values(draft.domain):
        fault = spec.fault(value)
        if fault is not None:
            rule, _, _ = fault.partition("; ")
            remedy = f"give {detector} a {spec.name} of its own: {{when: {{detector: [{detector}]}}, {spec.name}: ...}}"
            faults.add(draft.entry.line, f"for {detector} {rule}", f"{spec.name}: {value}", remedy)


def _values(domain: Domain) -> tuple[Value, ...]:
    return (domain.low, domain.high) if isinstance(domain, IntRange | FloatRange) else tuple(domain.values())
