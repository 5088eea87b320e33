"""One mapping of a space file, a profile's overrides applied -> the `Space` it describes.

Every section is read whatever faults the others have; what one section says of another's keys is checked here.
"""

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, MapNode, ScalarNode
from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange, Value
from search_spaces.drafts import Classes, Draft, Drafts, TrainReader
from search_spaces.points import complete_point
from search_spaces.reading_detector import CONFIG, Chosen, Detectors, read_detector, read_text
from search_spaces.reading_dimensions import Keys, read_dimensions
from search_spaces.reading_forbid import check_forbid, read_forbid
from search_spaces.reading_known import Points, read_known
from search_spaces.reading_predict import Given, Predict, check_needs, read_predict
from search_spaces.reading_values import read_post, read_search
from search_spaces.serving import check_search
from search_spaces.several_detectors import check_values, where_they_exist
from search_spaces.space import DETECTOR, PREDICT, SET, TRAIN, Point, SearchSettings, Space

SECTIONS = (TRAIN, SET, PREDICT, "post", "search")
ROOT_KEYS = (DETECTOR, CONFIG, "rule", *SECTIONS, "forbid", "known", "profiles")
_EPOCHS = "epochs"


class SpaceReader:
    """Reads the spaces of one file, one for each profile.

    Args:
        name: of the spaces.
        detectors: those that exist, by name.
        classes: category ids of per-class keys; None where they are not known yet.
        faults: where faults are noted.
    """

    def __init__(self, name: str, detectors: Detectors, classes: Classes, faults: Faults) -> None:
        self._name = name
        self._detectors = detectors
        self._classes = classes
        self._faults = faults

    def read(self, root: MapNode, profile: str) -> Space | None:
        """The space that a file without its profiles describes; None when a fault was noted."""
        found = self._faults.count()
        self._check_root_keys(root)
        nodes = {entry.key: entry.value for entry in root.entries}
        rule = "" if root.find("rule") is None else read_text("rule", root, self._faults)
        post = read_post(nodes.get("post"), self._faults)
        search = read_search(nodes.get("search"), self._faults)
        chosen = read_detector(root, self._detectors, self._faults)
        if chosen is None:
            return None
        predict = read_predict(nodes.get(PREDICT), chosen.predict, self._faults)
        keys = self._read_keys(root, chosen, predict, search)
        known = read_known(nodes.get("known"), keys, self._faults)
        forbid = read_forbid(nodes.get("forbid"), keys, self._faults)
        if rule is None or self._faults.count() > found:
            return None
        check_forbid(forbid, keys, known, self._faults)
        check_search(search, nodes.get("search"), keys.dimensions, self._faults)
        self._check_combinations(nodes[TRAIN].line, keys, known, chosen)
        check_needs(Given(nodes.get(PREDICT), chosen.predict, chosen.train), predict, keys.dimensions, self._faults)
        points = tuple(point for _, point in known)
        return Space(
            self._name, chosen.name, rule, keys.dimensions, predict.swept, post, search, points, profile,
            forbid=tuple(forbid), config=chosen.config, config_sha=chosen.config_sha, joint=predict.joint,
        )  # fmt: skip

    def _check_root_keys(self, root: MapNode) -> None:
        for entry in root.entries:
            if entry.key not in ROOT_KEYS:
                remedy = suggestion(entry.key, ROOT_KEYS)
                self._faults.add(entry.line, f"a space file has no key {entry.key}", entry.shown(), remedy)
        if root.find(TRAIN) is None:
            self._faults.add(root.line, "a space says what it trains", "no key train", "add train: {key: value}")

    def _read_keys(self, root: MapNode, chosen: Chosen, predict: Predict, search: SearchSettings) -> Keys:
        """What points consist of; `search.epochs` is how long a trial trains where `train` does not say so."""
        train = root.find(TRAIN)
        specs = chosen.train
        reader = TrainReader(specs, self._classes, self._faults)
        drafts = reader.read(None if train is None else train.value)
        self._check_epochs(drafts, search.epochs)
        spec = specs.get(_EPOCHS)
        if spec is not None and _EPOCHS not in {*drafts.broken, *(draft.name for draft in drafts.kept)}:
            entry = Entry(_EPOCHS, root.line, ScalarNode(search.epochs, root.line))
            drafts += Drafts((Draft((TRAIN, "", _EPOCHS), spec, entry, Fixed(search.epochs)),))
        drafts = where_they_exist(drafts, chosen.specs)
        keys = read_dimensions(chosen.key + drafts + chosen.drafts + predict.drafts, self._faults)
        check_values(keys.dimensions, drafts, chosen.specs, self._faults)
        return keys

    def _check_epochs(self, drafts: Drafts, epochs: int) -> None:
        """No trial trains longer than `search.epochs`, which pruners and time estimates rely on."""
        for draft in drafts.kept:
            longest = _largest(draft.domain)
            if draft.name == _EPOCHS and isinstance(longest, int) and longest > epochs:
                remedy = f"write search: {{epochs: {longest}}} or shorten train.epochs"
                rule = f"train.epochs stays within search.epochs ({epochs})"
                self._faults.add(draft.entry.line, rule, draft.entry.shown(), remedy)

    def _check_combinations(self, line: int, keys: Keys, known: Points, chosen: Chosen) -> None:
        """Asks the detectors whether their default points and the known points go together."""
        defaults = {name: complete_point(keys.dimensions, {DETECTOR: name}) for name in chosen.specs}
        several = len(defaults) > 1
        asked = [
            *((line, f"the default point{f' of {name}' if several else ''}", one) for name, one in defaults.items()),
            *((where, f"known point {point}", point) for where, point in known),
        ]
        for where, shown, point in asked:
            fault = _combination_fault(chosen, point)
            if fault is not None:
                rule, _, remedy = fault.partition("; ")
                self._faults.add(where, rule, shown, remedy or "change one of the values")


def _combination_fault(chosen: Chosen, point: Point) -> str | None:
    spec = chosen.at(point)
    defaults: dict[str, object] = {name: parameter.default for name, parameter in spec.train.items()}
    if chosen.config is not None:
        defaults[CONFIG] = chosen.config
    return spec.combination_fault({**defaults, **point})


def _largest(domain: Domain) -> Value:
    if isinstance(domain, IntRange | FloatRange):
        return domain.high
    options = domain.options if isinstance(domain, Choice) else (domain.value,)
    return max((option for option in options if isinstance(option, int)), default=0)
