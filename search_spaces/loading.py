"""A space file -> a checked, frozen `Space`; or every fault of the file at once, each with file and line.

All profiles of a file are checked, whichever one is used. Neither Optuna nor any detector is imported here, and no
YAML tag is ever obeyed.
"""

from collections.abc import Mapping
from pathlib import Path

from results.errors import InputError
from search_spaces.domains import Choice, Fixed, FloatRange, IntRange, Value
from search_spaces.faults import Faults, suggestion
from search_spaces.points import complete_point
from search_spaces.reading_dimensions import read_predict, read_train
from search_spaces.reading_known import read_known
from search_spaces.reading_values import LATER, by_key, entries_of, read_post, read_search
from search_spaces.space import DetectorSpec, Dimension, Space
from search_spaces.yaml_nodes import Entry, MapNode, Node, ScalarNode, read_yaml

SHIPPED_FOLDER = Path(__file__).parent
FULL_PROFILE = "full"
MAX_PROFILES = 20  # each is checked in full
SECTIONS = ("train", "predict", "post", "search")
ROOT_KEYS = ("detector", "rule", *SECTIONS, "known", "profiles")

Detectors = Mapping[str, DetectorSpec]


def load_space(path_or_name: str, detectors: Detectors, profile: str | None = None) -> Space:
    """Loads and checks a space file.

    A profile is a block of overrides: in `train`, `predict`, `post` and `search` each of its keys replaces the
    file's key as a whole (null removes it); any other key replaces the file's. "full", or None, is the file as
    written where the file does not define that profile.

    Args:
        path_or_name: a path, or the bare name of a shipped file ("cascade" or "cascade.yaml"); a path wins.
        detectors: the detectors that exist, by name.
        profile: whose overrides to apply.

    Raises:
        InputError: no such file or profile.
        InputErrors: every fault of the file, in the order of its lines.
    """
    path = find_space_file(path_or_name)
    faults = Faults(_shown(path))
    root = read_yaml(path, faults)
    base, overrides = _split_profiles(root, faults)
    spaces = {FULL_PROFILE: _read_space(path.stem, base, detectors, faults)}
    for name, block in overrides.items():
        faults.profile = name
        spaces[name] = _read_space(path.stem, merged(base, block), detectors, faults, name)
    faults.raise_if_any()
    wanted = FULL_PROFILE if profile is None else profile
    space = spaces.get(wanted)
    if space is None:
        raise InputError(f"a profile is one that {_shown(path)} defines", wanted, suggestion(wanted, spaces))
    return space


def profile_names(path_or_name: str) -> tuple[str, ...]:
    """Profiles that a space file can be loaded with, "full" first.

    Raises:
        InputError: no such file, or it is no readable YAML.
    """
    path = find_space_file(path_or_name)
    faults = Faults(_shown(path))
    _, overrides = _split_profiles(read_yaml(path, faults), faults)
    return (FULL_PROFILE, *(name for name in overrides if name != FULL_PROFILE))


def find_space_file(path_or_name: str) -> Path:
    """The file that `--space` means: an existing path, else a shipped space.

    Raises:
        InputError: neither exists; lists the shipped spaces.
    """
    given = Path(path_or_name)
    shipped = sorted(path.name for path in SHIPPED_FOLDER.glob("*.yaml"))
    if _is_file(given):
        return given
    if path_or_name == given.name:
        for name in (path_or_name, f"{path_or_name}.yaml"):
            if name in shipped:
                return SHIPPED_FOLDER / name
    remedy = f"give a path or one of {', '.join(shipped)}"
    raise InputError("--space names an existing file or a shipped space", path_or_name, remedy)


def merged(base: MapNode, block: MapNode) -> MapNode:
    """`base` with the overrides of a profile; every node keeps the line it was written at."""
    entries = dict(by_key(base.entries))
    for entry in block.entries:
        below = entries.get(entry.key) if entry.key in SECTIONS else None
        entries[entry.key] = entry if below is None else _merged_section(below, entry)
    return MapNode(_without_nulls(entries), base.line)


def _merged_section(below: Entry, above: Entry) -> Entry:
    if not isinstance(below.value, MapNode) or not isinstance(above.value, MapNode):
        return above
    entries = {**by_key(below.value.entries), **by_key(above.value.entries)}
    # `hours: null` and `max_per_image: null` are values of these two sections, not removals.
    kept = tuple(entries.values()) if above.key in ("post", "search") else _without_nulls(entries)
    return Entry(above.key, above.line, MapNode(kept, above.value.line))


def _without_nulls(entries: Mapping[str, Entry]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries.values() if not _is_null(entry.value))


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None


def _split_profiles(root: Node, faults: Faults) -> tuple[MapNode, dict[str, MapNode]]:
    root_entries = entries_of(root, "a space file", faults)
    profiles = by_key(root_entries).get("profiles")
    blocks: dict[str, MapNode] = {}
    written = entries_of(None if profiles is None else profiles.value, "profiles", faults)
    if len(written) > MAX_PROFILES:
        faults.add(written[0].line, f"a file has at most {MAX_PROFILES} profiles", f"{len(written)}", "remove some")
    for entry in written[:MAX_PROFILES]:
        blocks[entry.key] = MapNode(entries_of(entry.value, f"profile {entry.key}", faults), entry.line)
    for name, block in blocks.items():
        nested = block.find("profiles")
        if nested is not None:
            faults.add(
                nested.line, f"profile {name} holds no profiles", nested.shown(), "move them to the file's level"
            )
    kept = tuple(entry for entry in root_entries if entry.key != "profiles")
    return MapNode(kept, root.line), blocks


def _read_space(
    stem: str, root: MapNode, detectors: Detectors, faults: Faults, profile: str = FULL_PROFILE
) -> Space | None:
    """The space that `root` describes; None when a fault was noted."""
    found = faults.count()
    for entry in root.entries:
        _refuse_unknown_key(entry, faults)
    nodes = {entry.key: entry.value for entry in root.entries}
    detector = _read_text("detector", root, faults)
    rule = _read_text("rule", root, faults)
    post = read_post(nodes.get("post"), faults)
    search = read_search(nodes.get("search"), faults)
    if "train" not in nodes:
        faults.add(root.line, "a space says what it trains", "no key train", "add train: {key: value}")
    spec = _detector_spec(detector, root, detectors, faults)
    if spec is None or detector is None or rule is None:
        return None
    predict = read_predict(nodes.get("predict"), spec.predict, faults)
    train = _with_epochs(read_train(nodes.get("train"), spec.train, faults), spec, search.epochs)
    _check_epochs(train, search.epochs, nodes, faults)
    known = read_known(nodes.get("known"), train, _unread_keys(nodes.get("train"), train), spec.train, faults)
    if faults.count() > found:
        return None
    _check_combinations(((nodes["train"].line, complete_point(train, {})), *known), spec, faults)
    points = tuple(point for _, point in known)
    return Space(stem, detector, rule, train, predict, post, search, points, profile)


def _unread_keys(section: Node | None, train: tuple[Dimension, ...]) -> frozenset[str]:
    """Keys of `train` that a fault kept out of the dimensions; what depends on them is not blamed."""
    names = {dimension.name for dimension in train}
    entries = section.entries if isinstance(section, MapNode) else ()
    return frozenset(entry.key for entry in entries if entry.key not in names)


def _refuse_unknown_key(entry: Entry, faults: Faults) -> None:
    if entry.key in ROOT_KEYS:
        return
    remedy = LATER.format("detector") if entry.key in ("config", "set") else suggestion(entry.key, ROOT_KEYS)
    faults.add(entry.line, f"a space file has no key {entry.key}", entry.shown(), remedy)


def _read_text(key: str, root: MapNode, faults: Faults) -> str | None:
    entry = root.find(key)
    if entry is None:
        faults.add(root.line, f"a space names its {key}", f"no key {key}", f"add {key}: NAME")
        return None
    if isinstance(entry.value, ScalarNode) and isinstance(entry.value.value, str) and entry.value.value:
        return entry.value.value
    faults.add(entry.line, f"{key} is a name", entry.shown(), f"write {key}: NAME")
    return None


def _detector_spec(detector: str | None, root: MapNode, detectors: Detectors, faults: Faults) -> DetectorSpec | None:
    entry = root.find("detector")
    if detector is None or entry is None:
        return None
    if detector not in detectors:
        faults.add(entry.line, "detector is one that exists", detector, suggestion(detector, detectors))
    return detectors.get(detector)


def _with_epochs(train: tuple[Dimension, ...], spec: DetectorSpec, epochs: int) -> tuple[Dimension, ...]:
    """`search.epochs` is how long a trial trains where `train` does not say so."""
    if "epochs" not in spec.train or any(dimension.name == "epochs" for dimension in train):
        return train
    return (*train, Dimension("epochs", Fixed(epochs)))


def _check_epochs(train: tuple[Dimension, ...], epochs: int, nodes: Mapping[str, Node], faults: Faults) -> None:
    """No trial trains longer than `search.epochs`, which pruners and time estimates rely on."""
    section = nodes.get("train")
    entry = section.find("epochs") if isinstance(section, MapNode) else None
    dimension = next((dimension for dimension in train if dimension.name == "epochs"), None)
    if entry is None or dimension is None:
        return
    longest = _largest(dimension)
    if isinstance(longest, int) and longest > epochs:
        remedy = f"write search: {{epochs: {longest}}} or shorten train.epochs"
        faults.add(entry.line, f"train.epochs stays within search.epochs ({epochs})", entry.shown(), remedy)


def _largest(dimension: Dimension) -> Value:
    domain = dimension.domain
    if isinstance(domain, IntRange | FloatRange):
        return domain.high
    options = domain.options if isinstance(domain, Choice) else (domain.value,)
    return max((option for option in options if isinstance(option, int)), default=0)


def _check_combinations(points: tuple[tuple[int, dict[str, Value]], ...], spec: DetectorSpec, faults: Faults) -> None:
    """Asks the detector whether the default point and the known points go together."""
    defaults = {name: parameter.default for name, parameter in spec.train.items()}
    for line, point in points:
        fault = spec.combination_fault({**defaults, **point})
        if fault is not None:
            rule, _, remedy = fault.partition("; ")
            shown = "the default point" if point is points[0][1] else f"known point {point}"
            faults.add(line, rule, shown, remedy or "change one of the values")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long for the system, or with a null character
        return False


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
