import copy
from typing import Any

from mmengine.config import ConfigDict

from trainables.proof.noting import Noting, noting


def noted(content: dict[str, Any]) -> tuple[Noting, set[str]]:
    reads: set[str] = set()
    return noting(content, "cfg", reads), reads


def test_every_way_of_reading_an_entry_is_noted() -> None:
    configuration, reads = noted({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5})
    found = (configuration.a, configuration["b"], configuration.get("c"), configuration.pop("d"))
    assert (found, reads) == ((1, 2, 3, 4), {"cfg.a", "cfg.b", "cfg.c", "cfg.d"})
    assert (configuration.get("d", 0), hasattr(configuration, "nothing")) == (0, False)


def test_an_entry_handed_on_by_name_is_noted() -> None:
    configuration, reads = noted({"inner": {"a": 1, "b": 2}})
    assert dict(**configuration["inner"]) == {"a": 1, "b": 2}
    assert reads >= {"cfg.inner.a", "cfg.inner.b"}


def test_looking_whether_there_is_one_and_copying_read_nothing() -> None:
    configuration, reads = noted({"a": 1, "inner": {"b": [1, 2]}})
    copies = copy.copy(configuration), copy.deepcopy(configuration), configuration.copy()
    assert all("a" in one and len(one) == 2 for one in copies)
    assert reads == set()
    assert [one.inner.b for one in copies] == [[1, 2]] * 3
    assert reads == {"cfg.inner", "cfg.inner.b"}


def test_lists_of_configurations_note_by_their_place() -> None:
    reads: set[str] = set()
    stages = noting([ConfigDict(a=1), ConfigDict(a=2)], "cfg", reads)
    assert (stages[1].a, reads) == (2, {"cfg.1.a"})
    assert noting([1, 2], "cfg", reads) == [1, 2]
