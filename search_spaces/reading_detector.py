"""The keys `detector`, `config` and `set` -> the detector that a space searches, and the keys of its configuration.

A detector of the catalogue is named; `detector: config` is any detector that a configuration file describes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from results.errors import InputError
from search_spaces.drafts import Drafts
from search_spaces.faults import Faults, suggestion
from search_spaces.reading_set import Tree, read_set_drafts
from search_spaces.space import SET, DetectorSpec
from search_spaces.yaml_nodes import Entry, MapNode, ScalarNode

Detectors = Mapping[str, DetectorSpec]

DETECTOR, CONFIG = "detector", "config"


@dataclass(frozen=True)
class Chosen:
    """What a space trains.

    Attributes:
        name: of the detector.
        spec: what it lets vary.
        config: the file that configures it, None for a detector of the catalogue.
        drafts: the keys of that file which the space sets.
        config_sha: of what the file holds.
    """

    name: str
    spec: DetectorSpec
    config: str | None = None
    drafts: Drafts = field(default_factory=Drafts)
    config_sha: str | None = None


def read_detector(root: MapNode, detectors: Detectors, faults: Faults) -> Chosen | None:
    """The detector; None when a fault leaves it open."""
    config, settings = root.find(CONFIG), root.find(SET)
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
        for entry in (config, settings):
            if entry is not None:
                rule = f"{entry.key} belongs to detector: {CONFIG}"
                faults.add(entry.line, rule, entry.shown(), f"write detector: {CONFIG}, or remove {entry.key}")
        return Chosen(name, spec)
    path = read_text(CONFIG, root, faults)
    tree = None if path is None or config is None else _read_tree(config, path, spec, faults)
    drafts = read_set_drafts(None if settings is None else settings.value, tree, faults)
    return Chosen(name, spec, path, drafts, None if tree is None else _sha(tree))


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
