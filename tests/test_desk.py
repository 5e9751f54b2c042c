"""The desk on the page: whose change it is, what other windows do, and what cannot be read or answered."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from geo.edition import Edition
from geo.edits import AddMove, Include, Plan
from geo.errors import GeoError, ScenarioError
from geo.panels.desk import close_stores
from geo.panels.moves import _moved
from geo.panels.reuse import given_to
from geo.panels.state import answered, unanswered
from geo.scenario import NAME_LENGTH, Move
from geo.store import StoreConflictError

PAGE = Path(__file__).parent.parent / "app.py"
MINE, THEIRS = "m" * 22, "t" * 22
# in range each, and without an equilibrium together: see test_simulate
IMPOSSIBLE = {"amenity_density": 0.2, "productivity_density": 0.15, "frechet_shape": 7.0}
MOVE = Move(institution="huaneng", destination="130629", start=2021)


def run(**query):
    app = AppTest.from_file(str(PAGE), default_timeout=120)
    for name, value in {"desk": MINE, "lang": "en", **query}.items():
        app.query_params[name] = value
    return app.run()


@pytest.fixture
def app():
    return run()


def tab(app, name, part=""):
    app.session_state["tabs"] = name
    if part:
        app.session_state[f"open_{part}"] = True
    return app.run()


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def desk(app):
    return app.session_state["session"].shelf


def said(app):
    groups = (app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(element.value for group in groups for element in group)


def open_at(app, place):
    app.selectbox(key="scenario").set_value(place).run()
    assert not app.exception
    return app


def changed(plan, key, **fields):
    move = plan.edit(key).move
    return plan.put(AddMove(id=key, move=move.model_copy(update=fields)))


# Conflicts --------------------------------------------------------------------------------------------


@pytest.fixture
def met():
    """A window in which a change waits that met one of another window; the id of the edit."""
    one, two = run(), run()
    key = desk(one).plan.ids[0]
    desk(one).put(changed(desk(one).plan, key, start=2041))
    with pytest.raises(StoreConflictError):
        desk(two).put(changed(desk(two).plan, key, start=2044))
    return two.run(), key


def choose_mine(app):
    (question,) = [one for one in app.radio if one.key.startswith("met_")]
    question.set_value("mine").run()
    return press(app, "met_take")


def test_a_conflict_is_settled_in_its_own_scenario_alone(met):
    app, key = met
    other = desk(app).saved[1].plan
    open_at(app, 1)
    assert not [one for one in app.button if one.key == "met_take"]
    open_at(app, 0)
    choose_mine(app)
    assert desk(app).saved[1].plan == other
    assert desk(app).plan.edit(key).move.start == 2044
    assert desk(app).conflict is None


def test_edits_made_while_a_conflict_waits_stay(met):
    app, key = met
    second = desk(app).plan.ids[1]
    desk(app).put(desk(app).plan.switch(second, on=False))
    desk(app).put(desk(app).plan.assume("day_limit", 90))
    choose_mine(app.run())
    assert desk(app).plan.edit(key).move.start == 2044
    assert not desk(app).plan.edit(second).on
    assert desk(app).current.assumptions["day_limit"] == 90


# Moves ------------------------------------------------------------------------------------------------


def select(app, monkeypatch, places):
    """Tick rows of the list of moves, which the test driver cannot."""
    monkeypatch.setattr("geo.panels.moves._listed", lambda *_: list(places))
    return app.run()


def test_the_form_changes_what_was_touched_and_nothing_else(app, monkeypatch):
    move = Move(
        institution="bit",
        destination="130632",
        start=2030,
        years=2,
        share=0.4085,
        home_share=0.333,
        family_size=2.5,
        pay=90_000.0,
        note="kept",
    )
    desk(app).add(Plan(name="one").add(move, note="of the edit"))
    (key,) = desk(app).plan.ids
    app = press(select(tab(app, "Moves"), monkeypatch, [0]), "edit_move")
    app.number_input(key=f"move_{key}_start").set_value(2031).run()
    press(app, f"move_{key}_do")
    (edit,) = desk(app).plan.edits
    assert edit.move == move.model_copy(update={"start": 2031})
    assert (edit.id, edit.note) == (key, "of the edit")


@pytest.mark.parametrize("share", [0.004, 0.996])
def test_a_share_near_its_ends_can_be_shown_in_the_form(app, monkeypatch, share):
    desk(app).add(
        Plan(name="one").add(Move(institution="bit", destination="130632", start=2030, share=share))
    )
    app = press(select(tab(app, "Moves"), monkeypatch, [0]), "edit_move")
    (key,) = desk(app).plan.ids
    press(app, f"move_{key}_do")
    assert desk(app).current.moves[0].share == share


def test_another_mover_takes_nothing_along_that_names_the_one_before():
    before = Move(name="Works", kind="hospital", origin="110101", destination="130632", start=2030, note="n")
    asked = {"institution": "bit", "destination": "130632", "start": 2030, "posts": None}
    assert _moved(before, asked) == Move(institution="bit", destination="130632", start=2030, note="n")


def test_a_form_that_is_open_means_its_move_whatever_moves_in_the_list(app, monkeypatch):
    tab(app, "Moves")
    plan = desk(app).plan
    press(select(app, monkeypatch, [3]), "edit_move")
    key = plan.ids[3]
    app.number_input(key=f"move_{key}_start").set_value(2049).run()
    app.number_input(key=f"move_{key}_years").set_value(1).run()
    press(select(app, monkeypatch, [0]), "remove_moves")
    press(app, f"move_{key}_do")
    assert desk(app).plan.edit(key).move.start == 2049
    assert [edit for edit in desk(app).plan.edits if edit.id != key] == [
        edit for edit in plan.edits[1:] if edit.id != key
    ]


@pytest.mark.parametrize("away", ["shelf_new", "shelf_copy", "shelf_delete"])
def test_a_form_closes_with_its_scenario(app, monkeypatch, away):
    press(select(tab(app, "Moves"), monkeypatch, [0]), "edit_move")
    assert "Change this move" in said(app)
    press(tab(app, "Scenarios"), away)
    assert "Change this move" not in said(tab(app, "Moves"))


def test_many_count_those_that_go_and_nobody_going_is_no_error(app):
    open_at(tab(app, "Moves"), 2)
    app.multiselect(key="many_kind").set_value(["hospital"]).run()
    # where hospitals are already
    app.selectbox(key="many_destination").set_value("110101").run()
    label = app.button(key="many_do").label
    press(app, "many_do")
    assert label == f"Move these {len(desk(app).current.moves)}"
    assert f"{len(desk(app).current.moves)} institutions now move" in app.toast[0].value
    open_at(app, 0)
    open_at(app, 2)
    press(app, "undo")
    app.multiselect(key="many_kind").set_value(["hospital"]).run()
    app.multiselect(key="many_origin").set_value(["110101"]).run()
    app.selectbox(key="many_destination").set_value("110101").run()
    assert app.button(key="many_do").disabled
    assert app.button(key="many_do").label == "Move these 0"


# Sharing ----------------------------------------------------------------------------------------------


def presenting(app):
    return app.toggle(key=f"live_{desk(app).opened.id}").set_value(True).run()


def shown_by_me(app):
    return desk(app).workspace.published()


def test_presenting_one_scenario_publishes_no_other(app):
    press(tab(app, "Share"), "publish")
    open_at(app, 1)
    press(app, "publish")
    open_at(app, 0)
    presenting(app)
    open_at(app, 1)
    assert not app.toggle(key=f"live_{desk(app).opened.id}").value
    desk(app).put(desk(app).plan.assume("day_limit", 90))
    app.run()
    assert {one.hash for one in shown_by_me(app)} == {
        desk(app).workspace.at(one.id, 1).hash for one in desk(app).saved[:2]
    }
    open_at(app, 0)
    assert app.toggle(key=f"live_{desk(app).opened.id}").value
    desk(app).put(desk(app).plan.assume("day_limit", 90))
    app.run()
    assert len(shown_by_me(app)) == 3


@pytest.mark.parametrize("window", ["here", "another"])
def test_what_is_withdrawn_stays_withdrawn_while_presenting(app, window):
    presenting(press(tab(app, "Share"), "publish"))
    desk(app).put(desk(app).plan.assume("day_limit", 90))
    app.run()
    newest, first = shown_by_me(app)
    if window == "here":
        press(app, f"withdraw_{newest.id}")
    else:
        desk(run()).workspace.withdraw(newest.id)
    assert shown_by_me(app.run()) == (first,)
    assert not app.toggle(key=f"live_{desk(app).opened.id}").value


def test_every_version_is_withdrawn_at_once_and_with_its_scenario(app):
    presenting(press(tab(app, "Share"), "publish"))
    for value in (90, 95):
        desk(app).put(desk(app).plan.assume("day_limit", value))
        app.run()
    assert len(shown_by_me(app)) == 3
    press(app, "withdraw_all")
    assert shown_by_me(app) == ()
    press(app, "publish")
    presenting(app)
    press(tab(app, "Scenarios"), "shelf_delete")
    assert shown_by_me(app) == ()
    assert "present" not in app.query_params


def test_a_follower_gets_away_whatever_is_shown(app, monkeypatch):
    press(tab(app, "Share"), "publish")
    (shown,) = shown_by_me(app)
    there = run(desk=THEIRS, follow=shown.id)
    monkeypatch.setattr("geo.panels.presenter._newest", lambda *_: 1 / 0)
    assert not there.run().exception
    assert "should not have" in said(there)
    press(there, "follow_leave")
    assert "follow" not in there.query_params


# What cannot be read, what another window deleted ------------------------------------------------------


def test_a_scenario_that_cannot_be_read_is_named_and_the_others_are_there(app, own_store):
    name, damaged = desk(app).names[0], desk(app).plan.hash
    close_stores()
    with closing(sqlite3.connect(own_store)) as file:
        file.execute("UPDATE jjj_body SET packed = ? WHERE hash = ?", (b"junk", damaged))
        file.commit()
    again = tab(run(), "Scenarios")
    assert desk(again).trouble is None
    assert name not in desk(again).names
    (warning,) = again.warning
    assert name in warning.value
    assert "damaged" in warning.value
    press(again, f"put_away_{desk(again).unread[0][0].id}")
    assert not again.warning


def test_nothing_is_typed_into_another_scenario_after_ones_own_was_deleted_elsewhere(app):
    tab(app, "Scenarios")
    other = run()
    desk(other).delete()
    others = desk(other).saved
    app.toggle[0].set_value(False).run()
    assert not app.exception
    assert "was deleted in another window" in said(app)
    assert app.selectbox(key="scenario").value == desk(app).active
    assert [one.plan for one in desk(app).saved] == [one.plan for one in others]


# What the model has no answer to ------------------------------------------------------------------------


def impossible(plan):
    for name, value in IMPOSSIBLE.items():
        plan = plan.assume(name, value)
    return plan


@pytest.fixture
def stuck(app):
    """A window with a scenario that an older version kept, and that the model has no answer to."""
    desk(app).add(impossible(Plan(name="stuck").add(MOVE)))
    return app.run()


def test_a_scenario_without_an_answer_leaves_the_rest_of_the_page(stuck):
    session = stuck.session_state["session"]
    assert [desk(stuck).known(key).name for key, _ in unanswered(session)] == ["stuck"]
    assert len(answered(session)) == 3
    assert any("“stuck” is not on the map" in one.value for one in stuck.warning)
    assert not stuck.exception
    assert [one.label for one in stuck.tabs][:3] == ["Effects", "Moves", "Scenarios"]
    tab(stuck, "Scenarios", "assume")
    press(stuck, "assume_reset_all")
    assert not unanswered(session)
    assert not stuck.warning


def test_an_edit_without_an_answer_is_refused_before_it_is_kept(app):
    *most, last = IMPOSSIBLE
    plan = Plan(name="near").add(MOVE)
    for name in most:
        plan = plan.assume(name, IMPOSSIBLE[name])
    desk(app).add(plan)
    before = desk(app).plan
    tab(app, "Scenarios", "assume")
    group = next(one for one in app.selectbox if one.key == "assume_group")
    assert group.value == "changed"
    desk(app).put(plan.assume(last, 5.0))
    app.run()
    field = app.number_input(key=f"assume_{desk(app).opened.id[:8]}_{last}")
    field.set_value(IMPOSSIBLE[last]).run()
    assert not app.exception
    assert "Nothing was lost" in said(app)
    assert desk(app).plan == before.assume(last, 5.0)
    assert app.number_input(key=field.key).value == 5.0


def test_a_published_scenario_without_an_answer_is_not_made_ones_own(stuck):
    desk(stuck).publish()
    theirs = tab(run(desk=THEIRS), "Share")
    press(theirs, next(one.key for one in theirs.button if one.key.startswith("fork_")))
    assert "That did not work" in said(theirs)
    assert "stuck" not in desk(theirs).names


# Fields -----------------------------------------------------------------------------------------------


def test_a_name_may_be_as_long_as_a_file_gives_it(app):
    name = "n" * NAME_LENGTH
    desk(app).add(Plan(name=name))
    field = next(one for one in tab(app, "Scenarios").text_input if one.key.startswith("name_"))
    assert field.proto.max_chars == NAME_LENGTH
    assert field.value == name


def test_a_value_typed_when_another_scenario_is_chosen_goes_where_it_was_typed(app):
    tab(app, "Scenarios", "assume")
    here = desk(app).opened.id
    app.selectbox(key="assume_family_moves").set_value("home_share").run()
    app.number_input(key=f"assume_{here[:8]}_home_share.university").set_value(0.4)
    open_at(app, 1)
    assert desk(app).known(here).plan.scenario().assumptions["home_share.university"] == 0.4
    assert desk(app).current.assumptions.root == ()


def test_notes_of_a_scenario_and_of_an_edit_are_edits(app):
    tab(app, "Scenarios")
    here, edit, before = desk(app).opened.id, desk(app).plan.ids[0], desk(app).plan.note
    app.text_area(key=f"note_{here}_{edit}").set_value("why **so**")
    app.text_area(key=f"note_{here}").set_value("about it")
    open_at(app, 1)
    plan = desk(app).known(here).plan
    assert (plan.note, plan.edit(edit).note) == ("about it", "why **so**")
    assert desk(app).plan.note not in {"", "about it"}
    press(open_at(app, 0), "undo")
    press(app, "undo")
    assert app.text_area(key=f"note_{here}").value == before
    assert app.text_area(key=f"note_{here}_{edit}").value == ""


def test_the_data_that_a_scenario_is_locked_to_is_always_said(app):
    here = Edition.read(desk(app).opened.baseline)
    assert f"computed here: data {here.data[:16]}, model version {here.model}" in said(tab(app, "Scenarios"))
    desk(app).lock_to(replace(here, model=here.model + 1).text)
    assert f"another starting point: data {here.data[:16]}" in said(app.run())
    desk(app).lock_to("f" * 64)  # kept before versions of the model were
    assert f"another starting point: data {'f' * 16}." in said(app.run())
    desk(app).lock_to(f"{here.data}{'0' * 5}")
    assert f"computed here: data {here.data[:16]}." in said(app.run())
    desk(app).lock_to("")
    assert "Locked to no starting point" in said(app.run())


# The list, comparing, using edits again -----------------------------------------------------------------


def test_scenarios_are_put_into_an_order_that_stays(app):
    tab(app, "Scenarios")
    first, second, third = desk(app).ids
    assert app.button(key="shelf_earlier").disabled
    press(press(app, "shelf_later"), "shelf_later")
    assert app.button(key="shelf_later").disabled
    assert desk(app).ids == [second, third, first]
    assert app.selectbox(key="scenario").value == 2
    assert desk(run()).ids == [second, third, first]


def test_a_and_b_are_scenarios_not_places_and_stay(app):
    first, second, third = desk(app).ids
    tab(app, "Compare")
    assert [app.selectbox(key=f"compare_{side}").value for side in "ab"] == [second, first]
    app.selectbox(key="compare_a").set_value(third).run()
    app.selectbox(key="compare_b").set_value(second).run()
    again = tab(run(), "Compare")
    assert [again.selectbox(key=f"compare_{side}").value for side in "ab"] == [third, second]
    press(tab(again, "Scenarios"), "shelf_delete")
    tab(again, "Compare")
    assert desk(again).ids == [second, third]
    assert [again.selectbox(key=f"compare_{side}").value for side in "ab"] == [third, second]


def test_the_reference_of_all_is_a_scenario_not_a_place(app):
    first, second, third = desk(app).ids
    app.session_state["compare_view"] = "all"
    tab(app, "Compare")
    app.selectbox(key="all_reference").set_value(third).run()
    app.multiselect(key="all_chosen").set_value([second, third]).run()
    assert app.selectbox(key="all_reference").value == third
    app.multiselect(key="all_chosen").set_value([first, second]).run()
    assert app.selectbox(key="all_reference").value == ""
    assert not app.exception


def test_edits_are_used_in_other_scenarios_and_taken_back_there(app):
    tab(app, "Scenarios", "reuse")
    source, before = desk(app).plan, desk(app).saved[2]
    field, keys = f"reuse_{desk(app).opened.id[:8]}", list(source.ids[:2])
    app.multiselect(key=f"{field}_edits").set_value(keys).run()
    app.multiselect(key=f"{field}_targets").set_value([before.id]).run()
    press(app, "reuse_do")
    assert desk(app).plan == source
    assert desk(app).saved[2].plan.ids == tuple(keys)
    open_at(app, 2)
    press(app, "undo")
    assert desk(app).plan == before.plan


def test_edits_are_used_as_a_block_that_is_replaced_by_name(app):
    tab(app, "Scenarios", "reuse")
    source, here = desk(app).plan, f"reuse_{desk(app).opened.id[:8]}"
    target = desk(app).saved[2].id
    app.multiselect(key=f"{here}_edits").set_value(list(source.ids[:2])).run()
    app.multiselect(key=f"{here}_targets").set_value([target]).run()
    app.radio(key=f"{here}_form").set_value("block").run()
    assert app.button(key="reuse_do").disabled
    app.text_input(key=f"{here}_name").set_value("first").run()
    press(app, "reuse_do")
    (edit,) = desk(app).known(target).plan.edits
    assert isinstance(edit, Include)
    assert len(desk(app).known(target).plan.scenario().moves) == 2
    app.multiselect(key=f"{here}_edits").set_value(list(source.ids[:3])).run()
    press(app, "reuse_do")
    assert desk(app).known(target).plan.edits == (edit,)
    assert len(desk(app).known(target).plan.scenario().moves) == 3


def test_copies_keep_to_what_they_are_about():
    bit, bjtu = (Move(institution=name, destination="130629", start=2027) for name in ("bit", "bjtu"))
    source = Plan().add(bit).add(bjtu)
    one, two = source.ids
    source = source.change(one, years=3).drop(two)
    change, drop = source.ids[2:]
    assert given_to(Plan(), source, list(source.ids)).scenario() == source.scenario()
    # what is there already is not there twice
    assert Plan().taking(source, source.ids).taking(source, source.ids).ids == source.ids
    # the same id with another meaning: both stay, and the change means its own move
    other = changed(Plan().add(bit), one, start=2040)
    taken = other.taking(source, [one, change])
    assert [(move.start, move.years) for move in taken.scenario().moves] == [(2040, 1), (2027, 3)]
    with pytest.raises(ScenarioError):
        Plan().taking(source, [drop])
    with pytest.raises(GeoError):
        given_to(Plan(), source, [drop], "block")
    block = Plan().include(source.cut([one], "b"))
    assert given_to(Plan(), block, list(block.ids)).scenario() == block.scenario()
    with pytest.raises(ScenarioError):
        Plan().with_block(source.cut([two, drop], "b")).taking(block, block.ids)
