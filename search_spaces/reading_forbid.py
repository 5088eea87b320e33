"""The `forbid` list of a space file -> combinations that no point has, and a check of what they leave of the space.

Each is a mapping of keys to a value or a list of values; a point is forbidden where all of one mapping holds.
"""

from collections.abc import Iterator, Mapping

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from search_spaces.domains import Value
from search_spaces.outcomes import TooTangledError, outcomes
from search_spaces.paths import leaves, named
from search_spaces.points import complete_point, dead_clauses, forbidden_by, shown_clause, unreachable_labels
from search_spaces.reading_dimensions import Keys, read_condition
from search_spaces.reading_known import Points
from search_spaces.space import Clause, Condition, is_of_a_class

# Combinations with the line of each.
Lines = Mapping[Clause, int]


def read_forbid(node: Node | None, keys: Keys, faults: Faults) -> Lines:
    """The forbidden combinations of good keys."""
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return {}
    if not isinstance(node, ListNode):
        faults.add(node.line, "forbid is a list of combinations", node.shown(), "write forbid: [{key: value}]")
        return {}
    return {clause: item.line for item in node.items if (clause := _read_clause(item, keys, faults))}


def check_forbid(forbid: Lines, keys: Keys, known: Points, faults: Faults) -> None:
    """Notes a space that forbids all of itself, every point of a key, its default point, or a known point."""
    clauses = tuple(forbid)
    if not clauses:
        return
    first = forbid[clauses[0]]
    if _forbids_everything(clauses, keys):
        faults.add(first, "forbid leaves points to search", "every point is forbidden", "forbid less")
        return
    for clause in dead_clauses(keys.dimensions, clauses):
        rule, remedy = "a forbidden combination holds at some point", "its keys are never active together: take it out"
        faults.add(forbid[clause], rule, shown_clause(clause), remedy)
    for label in unreachable_labels(keys.dimensions, clauses):
        faults.add(first, f"forbid leaves {label} a place", f"no point that has {label}", "forbid less")
    default = complete_point(keys.dimensions, {})
    refused = forbidden_by(clauses, default)
    if refused is not None:
        rule = "the default point, each key's first choice or the middle of its range, is not forbidden"
        remedy = "put another choice first, move the range, or forbid less"
        faults.add(forbid[refused], rule, shown_clause(refused), remedy)
    for line, point in known:
        _check_known(line, point, forbid, faults)


def _check_known(line: int, point: Mapping[str, Value], forbid: Lines, faults: Faults) -> None:
    clause = forbidden_by(tuple(forbid), point)
    if clause is not None:
        rule = f"a known point is not forbidden; line {forbid[clause]} forbids {shown_clause(clause)}"
        faults.add(line, rule, f"known point {point}", "change the point, or forbid less")


def _forbids_everything(clauses: tuple[Clause, ...], keys: Keys) -> bool:
    try:
        return not any(outcome.points for outcome in outcomes(keys.dimensions, clauses))
    except TooTangledError:
        return False


def _read_clause(item: Node, keys: Keys, faults: Faults) -> Clause:
    """One combination; empty after a fault, or where it speaks of a key that a fault kept out."""
    if not isinstance(item, MapNode) or not item.entries:
        faults.add(item.line, "a forbidden combination is a mapping", item.shown(), "write {key: value, key: [values]}")
        return ()
    found = faults.count()
    conditions = list(_read_conditions(item, keys, faults))
    names = [condition.key for condition in conditions]
    if len(set(names)) < len(names):
        faults.add(item.line, "a forbidden combination names a key once", item.shown(), "give the key all its values")
    return tuple(conditions) if faults.count() == found else ()


def _read_conditions(item: MapNode, keys: Keys, faults: Faults) -> Iterator[Condition]:
    for leaf in leaves(item.entries, lambda _path, _node: False, faults):
        place = named(leaf.path, lambda name: name in keys.specs and not is_of_a_class(name, keys.specs[name]))
        if place is not None:
            node = leaf.entry.value
            values = node if isinstance(node, ListNode) else ListNode((node,), node.line)
            dimensions = [one for one in keys.dimensions if one.name == place[1]]
            entry = Entry(place[1], leaf.entry.line, values)
            taken = read_condition(entry, dimensions, keys.specs[place[1]], faults)
            if taken:
                yield Condition(place[1], taken)
        elif named(leaf.path, keys.broken.__contains__) is None:
            remedy = suggestion(leaf.entry.key, keys.specs)
            rule = f"forbid looks at keys of train, {leaf.path} is none"
            faults.add(leaf.entry.line, rule, leaf.entry.shown(), remedy)
