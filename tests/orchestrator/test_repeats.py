from collections.abc import Mapping
from pathlib import Path

import pytest
from tiny_search import Driven, fake_space

from orchestrator.budget import Budget
from orchestrator.repeats import Tried, canonical
from results.errors import DamagedFileError
from results.trial_records import COMPLETE
from search_spaces.space import Space

GRID = "{x: {range: [0.0, 1.0], step: 0.1}, epoch_s: {range: [0.0, 0.5], step: 0.1}}"


def built(params: Mapping[str, object]) -> str:
    """What a point builds where `epoch_s` is inert."""
    return str(params["x"])


class Inert(Driven):
    """A search in which `epoch_s` changes nothing that is built."""

    def tried(self, space: Space) -> Tried:
        """Points of one `x` are one."""
        return Tried(space, built)


def asked(number: int, x: float, epoch_s: float = 0.0, **more: object) -> dict[str, object]:
    """An event of a ledger."""
    return {"event": "asked", "number": number, "params": {"x": x, "epoch_s": epoch_s, "epochs": 4}, **more}


def test_two_points_that_build_the_same_are_one(tmp_path: Path) -> None:
    driven = Inert(fake_space(tmp_path, GRID), tmp_path, Budget(100))
    trained = [one.params["x"] for one in driven.run()]
    assert len(trained) == len(set(trained)) == 11
    assert driven.study.why_over() == "every point of the space is tried"
    answers = driven.events("answered")
    assert {event["state"] for event in answers} == {COMPLETE}
    assert all(driven.study.records[int(str(event["as"]))].score == event["score"] for event in answers)


def test_a_resumed_search_knows_what_was_built(tmp_path: Path) -> None:
    space = fake_space(tmp_path, GRID)
    trained = []
    for _ in range(3):
        session = Inert(space, tmp_path, Budget(100))
        trained += [one.params["x"] for one in session.run(5)]
        session.close()
    assert len(trained) == len(set(trained)) == 11


def test_the_first_of_twins_answers_for_both(tmp_path: Path) -> None:
    tried = Tried(fake_space(tmp_path, GRID), built)
    tried.note(asked(3, 0.5))
    tried.note(asked(4, 0.5, epoch_s=0.1))
    assert (tried.twin("0.5"), tried.twin("0.6")) == (3, None)


def test_an_identity_on_record_is_taken_as_it_is(tmp_path: Path) -> None:
    tried = Tried(fake_space(tmp_path, GRID), built)
    tried.note(asked(3, 0.5, identity="abc"))
    assert (tried.twin("abc"), tried.twin("0.5")) == (3, None)


def test_an_untried_point_is_new_and_drawn_by_its_number(tmp_path: Path) -> None:
    tried = Tried(fake_space(tmp_path, "{x: {choice: [0.1, 0.2, 0.3]}, epoch_s: {choice: [0.1, 0.2]}}"), built)
    tried.note(asked(0, 0.1, epoch_s=0.1))
    drawn = [tried.untried(number) for number in range(5)]
    assert {point["x"] for point in drawn if point} == {0.2, 0.3}
    tried.note(asked(1, 0.2))
    tried.note(asked(2, 0.3))
    assert not tried.is_used_up()
    assert tried.untried(0) is None
    assert tried.is_used_up()


def test_a_continuum_has_no_list_of_points(tmp_path: Path) -> None:
    tried = Tried(fake_space(tmp_path))
    assert tried.untried(0) is None
    assert not tried.is_used_up()


def test_an_event_without_params_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="params"):
        Tried(fake_space(tmp_path)).note({"event": "asked", "number": 0, "params": None})


def test_one_point_has_one_text() -> None:
    assert canonical({"a": 1, "b": "x"}) == canonical({"b": "x", "a": 1})
