"""A shelf of scenarios: nothing is overwritten without a way back."""

import pytest

from geo.scenario import Move, Scenario
from geo.shelf import Shelf, renamed

MOVE = Move(institution="bjtu", destination="130629", start=2027)


@pytest.fixture
def shelf():
    return Shelf([Scenario(name="a"), Scenario(name="b")])


def test_undo_and_redo_walk_the_same_way_back_and_forth(shelf):
    states = [shelf.current]
    for year in range(2027, 2032):
        shelf.put(shelf.current.with_moves(Move(institution="bjtu", destination="130629", start=year)))
        states.append(shelf.current)
    for state in reversed(states[:-1]):
        shelf.undo()
        assert shelf.current == state
    assert not shelf.can_undo()
    for state in states[1:]:
        shelf.redo()
        assert shelf.current == state
    assert not shelf.can_redo()


def test_a_new_change_ends_redo(shelf):
    shelf.put(shelf.current.with_moves(MOVE))
    shelf.undo()
    shelf.put(renamed(shelf.current, "c"))
    assert not shelf.can_redo()


def test_putting_the_same_scenario_is_no_change(shelf):
    shelf.put(Scenario(name="a"))
    assert not shelf.can_undo()


def test_each_scenario_has_its_own_undo(shelf):
    shelf.put(renamed(shelf.current, "c"))
    shelf.active = 1
    assert not shelf.can_undo()


def test_names_stay_unique(shelf):
    shelf.add(Scenario(name="a"))
    shelf.add(Scenario(name="a"))
    assert shelf.names == ["a", "b", "a 2", "a 3"]
    assert shelf.active == 3


def test_deleting_keeps_the_others_with_their_undo(shelf):
    shelf.active = 1
    shelf.put(renamed(shelf.current, "changed"))
    shelf.active = 0
    shelf.delete()
    assert shelf.names == ["changed"]
    shelf.undo()
    assert shelf.names == ["b"]


def test_the_last_scenario_stays():
    shelf = Shelf([Scenario(name="only")])
    shelf.delete()
    assert shelf.names == ["only"]
