from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from trainables.jobs import TrialJob
from trainables.proof.exchange import Key
from trainables.proof.verdicts import Outcome, differences, verdict

JOB = TrialJob(0, "any", {}, ({},), {}, (1,), "", "coco50", 0, "folder")
FIRST, SECOND, THIRD = (replace(JOB, params={"a": value}) for value in (1, 2, 3))
ONE_PAIR = Key("train.a", ((0, 1),))


class Bench:
    """Outcomes as told."""

    def __init__(self, outcome: Callable[[Any], Outcome], read: Collection[str] = ()) -> None:
        self.told, self.read = outcome, frozenset(read)

    def outcome(self, job: TrialJob) -> Outcome:
        return self.told(job.params["a"])

    def reads(self, job: TrialJob, places: Collection[str]) -> frozenset[str]:
        return self.read.intersection(places)

    def configuration(self, job: TrialJob) -> Mapping[str, Any]:
        return {"model": [{"size": job.params["a"]}]}


def test_what_is_built_differently_proves_a_key() -> None:
    bench = Bench(lambda a: Outcome({"model.size": str(a), "model.kind": "x"}, {}))
    found = verdict(ONE_PAIR, [FIRST, SECOND], bench)
    assert [(one.place, one.before, one.after, one.read) for one in found.effects] == [("model.size", "1", "2", False)]
    assert (found.count, found.reaches, found.error) == (1, ("model.0.size",), None)


def test_an_entry_that_is_held_proves_a_key_only_where_it_is_read() -> None:
    def outcome(a: Any) -> Outcome:
        return Outcome({}, {"model.cfg.size": str(a), "model.cfg.other": "x"})

    read = verdict(ONE_PAIR, [FIRST, SECOND], Bench(outcome, ["model.cfg.size"]))
    assert [(one.place, one.read) for one in read.effects] == [("model.cfg.size", True)]
    unread = verdict(ONE_PAIR, [FIRST, SECOND], Bench(outcome, ["model.cfg.other"]))
    assert (unread.effects, unread.reaches) == ((), ("model.0.size",))


def test_the_most_telling_change_comes_first() -> None:
    def outcome(a: Any) -> Outcome:
        added = {"added": "1"} if a > 1 else {}
        return Outcome({"deep.inner.a": str(a), "x": str(a), "steady": "1", **added}, {})

    found = verdict(ONE_PAIR, [FIRST, SECOND], Bench(outcome))
    assert [one.place for one in found.effects] == ["deep.inner.a", "x", "added"]


def test_one_of_several_values_is_enough_and_the_first_is_shown() -> None:
    bench = Bench(lambda a: Outcome({"b": str(max(a, 2)), "c": str(a)}, {}))
    found = verdict(Key("train.a", ((0, 1), (0, 2))), [FIRST, SECOND, THIRD], bench)
    assert [(one.place, one.after) for one in found.effects] == [("c", "2"), ("b", "3")]


def test_a_value_that_cannot_be_built_is_said_in_one_line() -> None:
    def outcome(a: Any) -> Outcome:
        raise ValueError(f"no {a}\n  such thing")

    assert verdict(ONE_PAIR, [FIRST, SECOND], Bench(outcome)).error == "ValueError: no 1 such thing"


@pytest.mark.parametrize(
    ("left", "right", "places"),
    [
        ({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 1, "c": [1, 2]}}, []),
        ({"a": {"b": 1, "c": [1, 2]}, "d": None}, {"a": {"b": 2, "c": [1]}, "e": 0}, ["a.b", "a.c", "e"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}, {"c": 3}]}, ["a.0.b", "a.1"]),
    ],
)
def test_differences_are_dotted_places(left: Any, right: Any, places: list[str]) -> None:
    assert sorted(differences(left, right)) == places
