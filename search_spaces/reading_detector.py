"""The keys `detector`, `config` and `set` -> the detector that a space searches, and the keys of its configuration.

A detector of the catalogue is named, or several are (`{choice: [...]}`): then `detector` is a key of a point.
`detector: config` is any detector that a configuration file describes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from results.errors import InputError
from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, MapNode, ScalarNode
from search_spaces.domains import Choice, Value
from search_spaces.drafts import Draft, Drafts, read_draft
from search_spaces.paths import Leaf
from search_spaces.reading_set import Tree, read_set_drafts
from search_spaces.several_detectors import Specs, predict_specs, train_specs
from search_spaces.space import DETECTOR, SET, DetectorSpec, PredictSpec

Detectors = Mapping[str, DetectorSpec]

CONFIG = "config"


@dataclass(frozen=True)
class Chosen:
    """What a space trains.

    Attributes:
        specs: what each of its detectors lets vary, the default's first.
        config: the file that configures it, None for detectors of the catalogue.
        drafts: the keys of that file which the space sets.
        config_sha: of what the file holds.
        key: `detector`, where there are several.
    """

    specs: Detectors
    config: str | None = None
    drafts: Drafts = field(default_factory=Drafts)
    config_sha: str | None = None
    key: Drafts = field(default_factory=Drafts)

    @property
    def name(self) -> str:
        """Of the default's detector."""
        return next(iter(self.specs))

    @property
    def train(self) -> Specs:
        """Parameters of the train tier."""
        return train_specs(self.specs)

    @property
    def predict(self) -> Mapping[str, PredictSpec]:
        """Parameters of the predict tier."""
        return predict_specs(self.specs)

    def at(self, point: Mapping[str, object]) -> DetectorSpec:
        """The detector of a point."""
        return self.specs[str(point.get(DETECTOR, self.name))]


@dataclass(frozen=True)
class _DetectorKey:
    """The key `detector` as a parameter, of detectors that need no file."""

    detectors: Detectors
    name: str = DETECTOR
    default: str = ""
    per_class: bool = False

    def fault(self, value: object) -> str | None:
        spec = self.detectors.get(str(value))
        if spec is None:
            return f"detector is one that exists; {suggestion(str(value), self.detectors)}"
        if spec.configured_by is not None:
            return f"detector: {value} stands alone, it takes a file; leave it out of the choice"
        return None


def read_detector(root: MapNode, detectors: Detectors, faults: Faults) -> Chosen | None:
    """The detector; None when a fault leaves it open."""
    config, settings, written = root.find(CONFIG), root.find(SET), root.find(DETECTOR)
    if written is not None and isinstance(written.value, MapNode):
        _refuse_file_keys(root, faults)
        return _read_several(written, detectors, faults)
    if written is not None and isinstance(written.value, ListNode):
        remedy = "write detector: NAME, or for several detector: {choice: [...]}"
        faults.add(written.line, "detector is a name, or a choice of names", written.shown(), remedy)
        return None
    # A configuration file says which detector it is.
    name = CONFIG if config is not None and root.find(DETECTOR) is None else read_text(DETECTOR, root, faults)
    if name is None:
        return None
    spec = detectors.get(name)
    if spec is None:
        place = root.find(DETECTOR) or config
        line = root.line if place is None else place.line
        faults.add(line, "detector is one that exists", name, suggestion(name, detectors))
        return None
    if spec.configured_by is None:
        _refuse_file_keys(root, faults)
        return Chosen({name: spec})
    path = read_text(CONFIG, root, faults)
    tree = None if path is None or config is None else _read_tree(config, path, spec, faults)
    drafts = read_set_drafts(None if settings is None else settings.value, tree, faults)
    return Chosen({name: spec}, path, drafts, None if tree is None else _sha(tree))


def _refuse_file_keys(root: MapNode, faults: Faults) -> None:
    for entry in (root.find(CONFIG), root.find(SET)):
        if entry is not None:
            rule = f"{entry.key} belongs to detector: {CONFIG}"
            faults.add(entry.line, rule, entry.shown(), f"write detector: {CONFIG}, or remove {entry.key}")


def _read_several(written: Entry, detectors: Detectors, faults: Faults) -> Chosen | None:
    """The choice of detectors; every other key may look at it, so it looks at none."""
    key = read_draft(Leaf(DETECTOR, written), (DETECTOR, "", DETECTOR), _DetectorKey(detectors), faults)
    if not key.kept:
        return None
    if key.kept[0].when:
        faults.add(written.line, "detector has no when", written.shown(), "remove it")
        return None
    return Chosen({name: detectors[name] for name in map(str, _options(key.kept[0]))}, key=key)


def _options(draft: Draft) -> tuple[Value, ...]:
    return draft.domain.options if isinstance(draft.domain, Choice) else ()


def _sha(tree: Tree) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def read_text(key: str, root: MapNode, faults: Faults) -> str | None:
    """A name at the file's level; None after a fault."""
    entry = root.find(key)
    if entry is None:
        faults.add(root.line, f"a space names its {key}", f"no key {key}", f"add {key}: NAME")
        return None
    if isinstance(entry.value, ScalarNode) and isinstance(entry.value.value, str) and entry.value.value:
        return entry.value.value
    faults.add(entry.line, f"{key} is a name", entry.shown(), f"write {key}: NAME")
    return None


def _read_tree(entry: Entry, path: str, spec: DetectorSpec, faults: Faults) -> Tree | None:
    try:
        return None if spec.configured_by is None else spec.configured_by(path)
    except InputError as error:
        faults.add(entry.line, error.rule, error.received, error.remedy)
        return None
