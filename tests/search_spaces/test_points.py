from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from search_spaces import points
from search_spaces.domains import Choice, Fixed, FloatRange, IntRange, Value
from search_spaces.points import active_keys, default_point, distinct_points, point_faults, predict_settings
from search_spaces.space import Condition, Dimension, Space, Swept

BACKBONE = Dimension("backbone", Choice(("a", "b", "c")))
DCN = Dimension("dcn", Choice(("none", "v1")), (Condition("backbone", ("a", "b")),))
GROUPS = Dimension("groups", IntRange(1, 4), (Condition("dcn", ("v1",)),))


def space_of(*dimensions: Dimension) -> Space:
    return Space("s", "fake", "voc50", dimensions)


def test_a_child_of_an_inactive_key_is_inactive() -> None:
    space = space_of(BACKBONE, DCN, GROUPS)
    assert active_keys(space, {"backbone": "a", "dcn": "v1"}) == ("backbone", "dcn", "groups")
    assert active_keys(space, {"backbone": "c", "dcn": "v1"}) == ("backbone",)


def test_the_default_point_takes_first_choices() -> None:
    assert default_point(space_of(BACKBONE, DCN, GROUPS)) == {"backbone": "a", "dcn": "none"}


def test_conditional_points_are_counted_once() -> None:
    # a and b: dcn none (1) or v1 with four groups (4); c: 1.
    assert distinct_points(space_of(BACKBONE, DCN, GROUPS)) == 2 * (1 + 4) + 1


def test_a_reachable_continuum_is_not_counted() -> None:
    lr = Dimension("lr", FloatRange(0.1, 0.2), (Condition("backbone", ("c",)),))
    assert distinct_points(space_of(BACKBONE, lr)) is None
    assert distinct_points(space_of(Dimension("backbone", Fixed("a")), lr)) == 1


def test_a_space_without_keys_has_one_point() -> None:
    assert distinct_points(space_of()) == 1


def test_a_tangle_of_conditions_is_given_up() -> None:
    parents = [Dimension(f"p{i}", Choice(("a", "b"))) for i in range(14)]
    children = [Dimension(f"c{i}", IntRange(1, 2), (Condition(f"p{i}", ("a",)),)) for i in range(14)]
    assert distinct_points(space_of(*parents, *children)) is None
    assert points.unreachable_labels([*parents, *children]) == ()


def test_conditions_that_exclude_each_other_are_found() -> None:
    never = Dimension("never", IntRange(1, 2), (Condition("backbone", ("c",)), Condition("dcn", ("v1",))))
    assert points.unreachable_labels([BACKBONE, DCN, never]) == ("never",)


def test_faults_of_a_point_are_all_named() -> None:
    faults = point_faults(space_of(BACKBONE, DCN, GROUPS), {"backbone": "z", "groups": 2, "new": 1})
    assert faults == (
        "groups is not active here",
        "new is not a key of the space",
        "backbone does not take 'z'",
    )
    assert point_faults(space_of(BACKBONE, DCN), {"backbone": "a"}) == ("dcn is active and has no value",)


def test_predict_settings_are_every_combination() -> None:
    swept = (Swept("scale", ("s", "l")), Swept("flip", (False, True)))
    settings = predict_settings(Space("s", "fake", "voc50", (), swept), {})
    assert settings[0] == {"scale": "s", "flip": False}
    assert len(settings) == 4
    assert predict_settings(space_of(), {}) == ({},)


@given(st.lists(st.integers(1, 3), min_size=2, max_size=5), st.data())
def test_counting_agrees_with_enumeration(sizes: list[int], data: st.DataObject) -> None:
    dimensions: list[Dimension] = []
    for index, size in enumerate(sizes):
        parent = data.draw(st.sampled_from([None, *range(index)]))
        when = () if parent is None else (Condition(f"k{parent}", (data.draw(st.integers(1, sizes[parent])),)),)
        dimensions.append(Dimension(f"k{index}", IntRange(1, size), when))
    seen = set()
    for values in product(*(range(1, size + 1) for size in sizes)):
        given_values: dict[str, Value] = {f"k{index}": value for index, value in enumerate(values)}
        seen.add(tuple(points.complete_point(dimensions, given_values).items()))
    assert distinct_points(space_of(*dimensions)) == len(seen)
