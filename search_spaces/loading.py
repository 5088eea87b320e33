"""A space file -> a checked, frozen `Space`; or every fault of the file at once, each with file and line.

All profiles of a file are checked, whichever one is used. Neither Optuna nor any detector is imported here, and no
YAML tag is ever obeyed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from results.errors import InputError
from results.faults import Faults
from results.nearest import nearest, suggestion
from results.text_files import is_file, path_remedy
from results.yaml_nodes import Entry, MapNode, Node, ScalarNode, YamlForm, read_yaml
from search_spaces.reading_detector import Detectors
from search_spaces.reading_space import SECTIONS, SpaceReader
from search_spaces.reading_values import by_key, entries_of
from search_spaces.space import Space

# Far above any space worth writing by hand; the limits keep the answer to a hostile file under 0.3 s.
MAX_FILE_BYTES = 32 * 1024
MAX_ITEMS = 400
SPACE_FILE = YamlForm("a space file", MAX_FILE_BYTES, MAX_ITEMS)
SHIPPED_FOLDER = Path(__file__).parent
FULL_PROFILE = "full"
MAX_PROFILES = 20  # each is checked in full


def load_space(
    path_or_name: str, detectors: Detectors, profile: str | None = None, classes: Sequence[int] | None = None
) -> Space:
    """Loads and checks a space file.

    A profile is a block of overrides: in `train`, `set`, `predict`, `post` and `search` each of its keys replaces the
    file's key as a whole (null removes it); any other key replaces the file's. "full", or None, is the file as
    written where the file does not define that profile.

    Args:
        path_or_name: a path, or the bare name of a shipped file ("cascade" or "cascade.yaml"); a path wins.
        detectors: the detectors that exist, by name.
        profile: whose overrides to apply.
        classes: ids of the scored categories. Until they are known a per-class key is one key, and `has_open_classes`
            of the result says so.

    Raises:
        InputError: no such file or profile.
        InputErrors: every fault of the file, in the order of its lines.
    """
    path = find_space_file(path_or_name)
    faults = Faults(_shown(path))
    root = read_yaml(path, faults, SPACE_FILE)
    base, overrides = _split_profiles(root, faults)
    reader = SpaceReader(path.stem, detectors, classes, faults)
    spaces = {FULL_PROFILE: reader.read(base, FULL_PROFILE)}
    for name, block in overrides.items():
        faults.profile = name
        spaces[name] = reader.read(merged(base, block), name)
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
    _, overrides = _split_profiles(read_yaml(path, faults, SPACE_FILE), faults)
    return (FULL_PROFILE, *(name for name in overrides if name != FULL_PROFILE))


def find_space_file(path_or_name: str) -> Path:
    """The file that `--space` means: an existing path, else a shipped space.

    Raises:
        InputError: neither exists; lists the shipped spaces.
    """
    given = Path(path_or_name)
    shipped = sorted(path.name for path in SHIPPED_FOLDER.glob("*.yaml"))
    if is_file(given):
        return given
    if path_or_name == given.name:
        for name in (path_or_name, f"{path_or_name}.yaml"):
            if name in shipped:
                return SHIPPED_FOLDER / name
    remedy = path_remedy(given, _remedy(path_or_name, shipped))
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


def _remedy(name: str, shipped: Sequence[str]) -> str:
    near = nearest(name, shipped)
    return f"did you mean {near}?" if near else f"give a path or one of {', '.join(shipped)}"


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
