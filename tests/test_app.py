"""The page run by Streamlit's own test driver: what it asks for, and what a scenario becomes."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from geo.edition import Edition
from geo.panels.desk import owner_of
from geo.panels.state import outcome_of
from geo.shared import Shared, View
from geo.store import StoreConflictError

PAGE = Path(__file__).parent.parent / "app.py"
NEW, EXISTING = "move_new", "bit"
MINE, THEIRS = "m" * 22, "t" * 22


def run(**query):
    app = AppTest.from_file(str(PAGE), default_timeout=120)
    # the test driver has no visitor at this machine: a key in the link says whose desk it is
    for name, value in {"desk": MINE, **query}.items():
        app.query_params[name] = value
    return app.run()


def tab(app, name):
    app.session_state["tabs"] = name
    return app.run()


def shelf(app):
    return app.session_state["session"].shelf


def texts(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.error, *app.info])


@pytest.fixture
def app():
    return run(lang="en")


def test_a_first_visit_shows_the_announced_programme_and_its_three_effects(app):
    assert not app.exception
    assert shelf(app).current.name == "Announced programme"
    assert "Three main effects" in texts(app)
    assert texts(app).count("Status:") >= 3


def test_the_language_comes_from_the_link_and_changes_in_one_place():
    app = run(lang="zh")
    assert "三项主要影响" in texts(app)
    app.button_group(key="language").set_value("en").run()
    assert "Three main effects" in texts(app)


def test_an_empty_scenario_has_an_empty_state(app):
    app.selectbox[0].set_value(len(shelf(app).names) - 1).run()
    assert not shelf(app).current.moves
    assert "Nothing moves yet" in texts(app)


def form_move(app):
    app.selectbox(key=f"{NEW}_institution").set_value(EXISTING).run()
    app.selectbox(key=f"{NEW}_destination").set_value("130632").run()
    app.number_input(key=f"{NEW}_start").set_value(2030).run()
    return app.button(key=f"{NEW}_do").click().run()


def empty_on_moves(app):
    app.selectbox[0].set_value(len(shelf(app).names) - 1).run()
    return tab(app, "Moves")


def test_a_move_by_form_is_in_the_scenario_and_undo_takes_it_back(app):
    form_move(empty_on_moves(app))
    assert not app.exception
    (move,) = shelf(app).current.moves
    assert (move.institution, move.destination, move.start) == (EXISTING, "130632", 2030)
    app.button(key="undo").click().run()
    assert shelf(app).current.moves == ()
    app.button(key="redo").click().run()
    assert shelf(app).current.moves == (move,)


def test_a_refused_move_says_why_and_loses_nothing(app):
    app = form_move(empty_on_moves(app))
    before = shelf(app).current
    form_move(app)
    assert shelf(app).current == before
    assert "Nothing was lost" in texts(app)


def test_many_move_by_filter(app):
    app = empty_on_moves(app)
    app.multiselect(key="many_kind").set_value(["hospital"]).run()
    app.button(key="many_do").click().run()
    assert not app.exception
    moves = shelf(app).current.moves
    assert len(moves) > 5
    assert {move.destination for move in moves} == {"130629"}


def test_names_are_shown_as_text_not_as_markdown(app):
    app = tab(app, "Scenarios")
    hostile = "![x](http://127.0.0.1/x.png) **b** <script>1</script>"
    app.text_input[0].set_value(hostile).run()
    app = tab(app, "Moves")
    heading = next(element.value for element in app.markdown if "Moves in" in element.value)
    assert "\\!\\[x\\]\\(http" in heading
    assert "\\*\\*b\\*\\*" in heading


def test_every_tab_draws_in_both_languages():
    for language, names in (
        ("en", ("Effects", "Moves", "Scenarios", "Limits", "Share", "Data & export")),
        ("zh", ("影响", "搬迁", "情景", "限值", "共享", "数据与导出")),
    ):
        app = run(lang=language)
        for name in names:
            assert not tab(app, name).exception
            assert not app.error


# The workbench ----------------------------------------------------------------------------------------


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def opened_part(app, name):
    app.session_state[f"open_{name}"] = True
    return app.run()


def test_every_edit_is_found_again_in_a_new_session(app):
    form_move(empty_on_moves(app))
    made = shelf(app).current
    again = run(lang="en")
    assert shelf(again).current == made
    press(again, "undo")
    assert shelf(run(lang="en")).current.moves == ()


def test_an_edit_is_switched_off_and_on_moved_and_removed(app):
    app = tab(app, "Scenarios")
    plan = shelf(app).plan
    first, second = plan.ids[:2]
    switch = next(one for one in app.toggle if first in one.key)
    switch.set_value(False).run()
    assert not shelf(app).plan.edit(first).on
    assert len(shelf(app).current.moves) == len(plan.edits) - 1
    next(one for one in app.toggle if first in one.key).set_value(True).run()
    assert shelf(app).plan == plan
    press(app, "edit_down")
    assert shelf(app).plan.ids[:2] == (second, first)
    press(app, "edit_remove")
    assert first not in shelf(app).plan.ids
    press(press(app, "undo"), "undo")
    assert shelf(app).plan.ids == plan.ids


def test_a_branch_remembers_its_origin_and_a_deleted_scenario_comes_back(app):
    app = press(tab(app, "Scenarios"), "shelf_copy")
    assert shelf(app).plan.base.name == "Announced programme"
    name = shelf(app).plan.name
    press(app, "shelf_delete")
    assert name not in shelf(app).names
    press(app, "restore")
    assert shelf(app).plan.name == name


def assumed(app, name="home_share.university"):
    return app.number_input(key=f"assume_{shelf(app).opened.id[:8]}_{name}")


def test_an_assumption_has_its_range_is_marked_when_changed_and_reset(app):
    app = opened_part(tab(app, "Scenarios"), "assume")
    app.selectbox(key="assume_family_moves").set_value("home_share").run()
    widget = assumed(app)
    assert (widget.value, widget.min, widget.max) == (0.7, 0, 1)
    before = texts(app)
    widget.set_value(0.4).run()
    assert shelf(app).current.assumptions["home_share.university"] == 0.4
    assert assumed(app).label.startswith("●")
    tab(app, "Effects")
    assert texts(app) != before
    app = press(opened_part(tab(app, "Scenarios"), "assume"), "undo")
    app.selectbox(key="assume_group").set_value("moves").run()
    app.selectbox(key="assume_family_moves").set_value("home_share").run()
    assert assumed(app).value == 0.7
    press(app, "redo")
    press(app, f"{assumed(app).key}_reset")
    assert shelf(app).current.assumptions.root == ()


def test_history_goes_back_to_any_version(app):
    app = opened_part(tab(app, "Scenarios"), "history")
    first = shelf(app).plan
    press(app, "edit_remove")
    press(app, "edit_remove")
    app.selectbox(key="history_step").set_value(
        next(one for one in app.session_state["session"].shelf.workspace.history(shelf(app).opened.id))
    ).run()
    press(app, "history_go")
    assert shelf(app).plan == first


def test_two_branches_merge_and_a_conflict_is_settled_by_choosing(app):
    app = press(tab(app, "Scenarios"), "shelf_copy")
    other = shelf(app).opened.id
    key = shelf(app).plan.ids[0]
    edit = shelf(app).plan.edit(key)
    shelf(app).put(shelf(app).plan.put(type(edit)(id=key, move=edit.move.model_copy(update={"start": 2041}))))
    shelf(app).active = 0
    shelf(app).put(shelf(app).plan.put(type(edit)(id=key, move=edit.move.model_copy(update={"start": 2044}))))
    app = opened_part(app.run(), "merge")
    app.selectbox(key=f"merge_with_{shelf(app).opened.id[:8]}").set_value(other).run()
    (question,) = [one for one in app.radio if one.key.startswith("merge_")]
    assert "2041" in question.options[1]
    assert "2044" in question.options[0]
    assert not [one for one in app.button if one.key == "merge_take"]
    question.set_value("theirs").run()
    press(app, "merge_take")
    assert shelf(app).plan.edit(key).move.start == 2041
    press(app, "undo")
    assert shelf(app).plan.edit(key).move.start == 2044


def test_scenarios_without_a_common_version_are_not_merged(app):
    app = opened_part(tab(app, "Scenarios"), "merge")
    app.selectbox(key=f"merge_with_{shelf(app).opened.id[:8]}").set_value(shelf(app).saved[1].id).run()
    assert "no version in common" in texts(app)


def two_windows():
    one, two = run(lang="en"), run(lang="en")
    key = shelf(one).plan.ids[0]
    move = shelf(one).plan.edit(key).move
    return one, two, key, lambda start: move.model_copy(update={"start": start})


def put_edit(app, key, move):
    plan = shelf(app).plan
    shelf(app).put(plan.put(type(plan.edit(key))(id=key, move=move)))


def test_changes_of_two_windows_that_agree_are_merged_at_once():
    one, two, key, moved = two_windows()
    put_edit(one, key, moved(2041))
    shelf(two).put(shelf(two).plan.without(shelf(two).plan.ids[1]))
    assert shelf(two).plan.edit(key).move.start == 2041
    assert shelf(two).conflict is None


def test_changes_of_two_windows_that_do_not_agree_are_shown_side_by_side():
    one, two, key, moved = two_windows()
    put_edit(one, key, moved(2041))
    with pytest.raises(StoreConflictError):
        put_edit(two, key, moved(2044))
    two.run()
    (question,) = [item for item in two.radio if item.key.startswith("met_")]
    assert two.button(key="met_take").disabled
    question.set_value("mine").run()
    press(two, "met_take")
    assert shelf(two).plan.edit(key).move.start == 2044
    assert shelf(two).conflict is None
    assert shelf(run(lang="en")).plan == shelf(two).plan


def test_a_limit_that_an_edit_breaks_is_counted_on_the_tab_and_explained(app):
    labels = [one.label for one in app.tabs]
    assert not any("badge" in label for label in labels)
    app = empty_on_moves(app)
    app.toggle(key=f"{NEW}_free").set_value(True).run()
    app.text_input(key=f"{NEW}_name").set_value("A whole city").run()
    app.selectbox(key=f"{NEW}_destination").set_value("130632").run()
    app.selectbox(key=f"{NEW}_origin").set_value("110105").run()
    app.number_input(key=f"{NEW}_posts_None").set_value(600_000).run()
    app.number_input(key=f"{NEW}_home").set_value(100).run()
    press(app, f"{NEW}_do")
    assert any("limit exceeded" in one.value.lower() for one in app.toast)
    label = next(one.label for one in app.tabs if "badge" in one.label)
    app = tab(app, label)
    assert "Residents of Xiongan, planned in the long run" in texts(app)
    assert "Source of the limit" in texts(app)
    assert len(shelf(app).current.moves) == 1


def test_a_move_that_the_model_cannot_hold_is_refused_before_it_is_kept(app):
    app = empty_on_moves(app)
    app.toggle(key=f"{NEW}_free").set_value(True).run()
    app.text_input(key=f"{NEW}_name").set_value("More than there is").run()
    app.number_input(key=f"{NEW}_posts_None").set_value(1_000_000).run()
    press(app, f"{NEW}_do")
    assert "Nothing was lost" in texts(app)
    assert not shelf(app).current.moves


def test_a_budget_is_checked_and_stays_in_the_address():
    app = run(lang="en", budget="1000000,1000000,0,0")
    app = tab(app, next(one.label for one in app.tabs if "Limits" in one.label))
    assert "Budget of the programme" in texts(app)
    app.number_input(key="budget_total").set_value(900_000.0).run()
    assert app.query_params["budget"] == "900000000000,1000000,0,0"
    assert "Budget of the programme" not in texts(app)


def look(app, **state):
    """Let the map tell what it shows, as a browser does."""
    app.session_state["map_view"] = View.told(state)
    return app.run()


def sent_of(app):
    """Return the state that the map's frame is told."""
    (frame,) = app.get("component_instance")
    return json.loads(frame.proto.json_args)["state"]


def link_in(app, mark):
    found = next(one.value for one in app.code if mark in one.value)
    return dict(parse_qsl(found.partition("?")[2]))


def test_a_link_restores_scenario_view_language_and_version(app):
    press(tab(app, "Scenarios"), "edit_remove")
    app = look(tab(app, "Share"), year=2033, mode="swipe")
    link = link_in(app, "s=")
    there = run(desk=THEIRS, **link)
    assert shelf(there).plan == shelf(app).plan.renamed(shelf(there).plan.name)
    assert shelf(there).opened.baseline == shelf(app).opened.baseline
    assert (there.query_params["year"], there.query_params["mode"]) == ("2033", "swipe")
    assert "s" not in there.query_params
    count = len(shelf(there).saved)
    assert len(shelf(run(desk=THEIRS, **link)).saved) == count


def test_a_link_holds_the_map_as_it_is_and_what_it_compares_with(app):
    mine, other = [one.id for one in shelf(app).saved[:2]]
    chosen = {"type": "county", "id": "130629"}
    held = {"selected": chosen, "hidden": ["layer:rail"], "view": [39.0, 116.0, 9]}
    app = look(tab(app, "Share"), b=other, a=mine, mode="difference", year=2031, facts=False, **held)
    there = run(desk=THEIRS, **link_in(app, "s="))
    desk = shelf(there)
    assert desk.plan.edits == shelf(app).saved[1].plan.edits
    sent = sent_of(there)
    compared = next(one for one in desk.saved if one.id == sent["a"])
    assert compared.plan.edits == shelf(app).saved[0].plan.edits
    assert sent["b"] == desk.opened.id
    assert (sent["year"], sent["mode"]) == (2031, "difference")
    assert {name: sent[name] for name in held} == held


def test_a_second_opening_of_a_link_is_told_from_a_reload(app):
    link = link_in(look(tab(app, "Share"), year=2033), "s=")
    first = run(desk=THEIRS, **link)
    again = run(**dict(first.query_params))
    assert sent_of(again) == sent_of(first)
    assert sent_of(run(desk=THEIRS, **link))["opening"] != sent_of(first)["opening"]


BAD = [
    {"selected": {"type": "own", "id": "x"}}, {"selected": {"type": "county", "id": "<b>"}}, {"selected": 5},
    {"hidden": "layer:rail"}, {"hidden": ["own:x"]}, {"hidden": ["a:b"] * 101}, {"view": [1, 2]},
    {"view": [1, 2, float("nan")]}, {"view": [91, 0, 5]}, {"swipe": 2}, {"facts": 1}, {"pace": "never"},
    {"sort": []}, {"factYear": True}, {"unheard": 1}, {"a": 3}, {"a": "<"},
]  # fmt: skip


@pytest.mark.parametrize("told", BAD, ids=str)
def test_what_makes_no_sense_in_a_view_is_left_out(told):
    assert View.of({"look": told}) == View()
    assert View.of(View.of({"look": told, "mode": "swipe"}).address()) == View(mode="swipe")
    assert View.of({"look": "eJxLBAA"}) == View()


def test_own_layers_stay_with_their_owner():
    state = {"hidden": ["own:mine", "layer:rail"], "selected": {"type": "own", "id": "mine.1"}}
    assert View.told(state).look == {"hidden": ["layer:rail"], "selected": None}


def test_a_share_file_brings_its_language(app):
    file = Shared(shelf(app).plan, "", View(mode="swipe"), "zh")
    app = tab(app, "Scenarios")
    app.file_uploader(key="open_scenario").upload(
        "one.json", file.to_json().encode(), "application/json"
    ).run()
    assert app.query_params["lang"] == "zh"
    assert "三项主要影响" in texts(tab(app, "影响"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda mine: replace(mine, data="f" * 59), "for other data ("),
        (lambda mine: replace(mine, model=mine.model - 1), "another version of the model ("),
        (lambda _: Edition("f" * 59, 1), "other data and another version"),
    ],
)
def test_a_link_made_for_other_data_or_model_says_so_and_offers_to_run_it_here(app, change, said):
    link = link_in(tab(press(tab(app, "Scenarios"), "edit_remove"), "Share"), "s=")
    link["data"] = change(Edition.read(link["data"])).text
    there = tab(run(desk=THEIRS, **link), "Scenarios")
    assert any(said in one.value for one in there.warning)
    press(there, "relock")
    assert not there.warning
    assert shelf(there).opened.baseline == shelf(app).opened.baseline


@pytest.mark.parametrize("change", [{"v": "0" * 16}, {"s": "AAAA"}, {"s": "%%%"}])
def test_a_damaged_link_is_refused(app, change):
    link = link_in(tab(app, "Share"), "s=") | change
    there = run(desk=THEIRS, **link)
    assert not there.exception
    assert "not whole" in texts(there)
    assert len(shelf(there).saved) == len(shelf(app).saved)


def test_publish_fork_hand_back_and_withdraw(app):
    mine = run(lang="en")
    tab(mine, "Share").text_input(key="publish_note").set_value("**me**").run()
    press(mine, "publish")
    theirs = tab(run(lang="en", desk=THEIRS), "Share")
    assert "\\*\\*me\\*\\*" in texts(theirs)
    assert MINE not in texts(theirs)
    press(theirs, next(one.key for one in theirs.button if one.key.startswith("fork_")))
    press(tab(theirs, "Scenarios"), "edit_remove")
    press(tab(theirs, "Share"), "publish_back")
    assert len(shelf(mine).plan.edits) == len(shelf(theirs).plan.edits) + 1
    tab(mine, "Share")
    assert "handed back to you" in texts(mine)
    opened_part(tab(mine, "Scenarios"), "merge")
    answer = shelf(mine).workspace.answers(shelf(mine).opened.id)[0].id
    mine.selectbox(key=f"merge_with_{shelf(mine).opened.id[:8]}").set_value(answer).run()
    press(mine, "merge_take")
    assert shelf(mine).plan.edits == shelf(theirs).plan.edits
    tab(mine, "Share")
    press(mine, next(one.key for one in mine.button if one.key.startswith("withdraw_")))
    assert not [one for one in tab(theirs, "Effects").button if one.key.startswith("fork_")]


def test_followers_see_what_the_presenter_publishes_and_can_fork(app):
    mine = press(tab(run(lang="en"), "Share"), "publish")
    follow = link_in(mine, "follow=")
    there = run(desk=THEIRS, **follow)
    assert "You follow" in texts(there)
    assert "32 moves" not in texts(there)
    mine.toggle(key=f"live_{shelf(mine).opened.id}").set_value(True).run()
    press(tab(mine, "Scenarios"), "edit_remove")
    there.run()
    assert "32 moves" in texts(there)
    press(there, "follow_fork")
    assert "follow" not in there.query_params
    assert shelf(there).plan.edits == shelf(mine).plan.edits


def test_followers_see_the_presenters_map_in_their_own_language(app):
    mine = press(tab(app, "Share"), "publish")
    follow = link_in(mine, "follow=")
    other = shelf(mine).saved[1].id
    mine.toggle(key=f"live_{shelf(mine).opened.id}").set_value(True).run()
    assert mine.query_params["present"].startswith(shelf(mine).opened.id)
    held = {"mode": "swipe", "year": 2040, "measure": "jobs", "view": None}
    look(mine, a=other, b=shelf(mine).opened.id, selected={"type": "county", "id": "130629"}, **held)
    there = run(desk=THEIRS, **(follow | {"lang": "zh"}))
    assert "您正在跟随" in texts(there)
    sent = sent_of(there)
    assert {name: sent[name] for name in held} == held
    assert sent["selected"]["id"] == "130629"
    assert sent["a"] == -1  # not published, so not theirs to see
    shelf(mine).workspace.publish(shelf(mine).saved[1])
    assert sent_of(there.run())["a"] == other
    look(mine, a=other, mode="swipe", year=2041)
    assert sent_of(there.run())["year"] == 2041


def test_presenting_survives_a_reload_says_so_and_ends(app):
    mine = press(tab(app, "Share"), "publish")
    mine.toggle(key=f"live_{shelf(mine).opened.id}").set_value(True).run()
    again = run(**dict(mine.query_params))
    assert "Presenting" in texts(again)
    press(tab(again, "Scenarios"), "edit_remove")
    newest = shelf(again).workspace.published()[0]
    assert (newest.number, newest.hash) == (2, shelf(again).plan.hash)
    press(again, "present_stop")
    assert "present" not in again.query_params
    assert "Presenting" not in texts(again)
    press(again, "edit_remove")
    assert len(shelf(again).workspace.published()) == 2


def test_a_store_that_cannot_be_used_is_said_and_the_page_still_works(own_store):
    own_store.write_bytes(b"not a store" * 1000)
    app = run(lang="en")
    assert not app.exception
    assert "not being saved" in texts(app)
    form_move(empty_on_moves(app))
    assert len(shelf(app).current.moves) == 1
    assert own_store.read_bytes() == b"not a store" * 1000


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_open_tab_stays_open_in_the_other_language(language):
    app = run(lang=language)
    tab(app, {"en": "Limits", "zh": "限值"}[language])
    app.button_group(key="language").set_value({"en": "zh", "zh": "en"}[language]).run()
    assert app.session_state["tabs"] == {"en": "限值", "zh": "Limits"}[language]


@pytest.mark.parametrize(
    ("user", "key", "local", "kind"),
    [
        ({}, "", True, "local"),
        ({}, "", False, "link"),
        ({}, "short", True, "local"),
        ({}, MINE, True, "link"),
        ({"is_logged_in": False}, "", False, "link"),
        ({"is_logged_in": True, "iss": "a", "sub": "1", "name": "N"}, MINE, True, "user"),
    ],
)
def test_who_owns_a_desk(user, key, local, kind):
    owner = owner_of(user, key, local=local)
    assert owner.kind == kind
    assert not owner.key or owner.key not in owner.id
    assert owner.name == ("N" if kind == "user" else "")
    # a key that is no key is replaced by one that cannot be guessed
    assert (owner_of(user, key, local=local).id == owner.id) == (kind != "link" or key == MINE)


def test_a_shared_file_does_what_the_link_does(app):
    plan = shelf(app).plan
    shared = Shared(plan, "f" * 64, View("jobs", 2033, "swipe"), "zh")
    measures = {"jobs": None}
    assert Shared.from_table(json.loads(shared.to_json()), measures) == shared
    query = dict(parse_qsl(shared.to_query()))
    assert Shared.from_query(query, measures) == shared
    assert View.of({"measure": "<b>", "year": "9999", "mode": "x"}, measures) == View()


# Names ------------------------------------------------------------------------------------------------


def name_field(app):
    return next(field for field in app.text_input if field.key.startswith("name_"))


def test_the_field_of_the_name_follows_the_scenario(app):
    app = tab(app, "Scenarios")
    assert name_field(app).value == "Announced programme"
    press(app, "shelf_copy")
    assert name_field(app).value == "Announced programme, copy"
    name_field(app).set_value("  Variant  ").run()
    assert (shelf(app).plan.name, name_field(app).value) == ("Variant", "Variant")
    press(app, "undo")
    assert (shelf(app).plan.name, name_field(app).value) == ("Announced programme, copy",) * 2
    press(app, "redo")
    assert name_field(app).value == "Variant"
    # the names of tabs in between do not change what the field holds
    tab(app, "Moves")
    assert name_field(tab(app, "Scenarios")).value == "Variant"


@pytest.mark.parametrize(("typed", "said"), [("  ", "needs a name"), ("Moved by 2025", "")])
def test_a_name_that_cannot_be_is_refused_in_words_and_stays_in_the_field(app, typed, said):
    app = tab(app, "Scenarios")
    typed = shelf(app).names[1] if not said else typed
    name_field(app).set_value(typed).run()
    assert len(app.error) == 1
    assert name_field(app).value == typed
    assert shelf(app).plan.name == "Announced programme"
    name_field(app).set_value("Another").run()
    assert not app.error
    assert shelf(app).plan.name == "Another"


def test_a_name_that_is_typed_when_another_scenario_is_chosen_names_the_one_it_was_typed_for(app):
    app = tab(app, "Scenarios")
    first, second = shelf(app).names[:2]
    # leaving the field and choosing arrive together
    name_field(app).set_value("Typed and left")
    app.selectbox[0].set_value(1).run()
    assert not app.exception
    assert shelf(app).names[:2] == ["Typed and left", second]
    assert shelf(app).plan.name == second
    assert name_field(app).value == second
    app.selectbox[0].set_value(0).run()
    assert name_field(app).value == "Typed and left" != first


def test_a_name_typed_for_the_one_before_does_not_reach_the_branch(app):
    app = tab(app, "Scenarios")
    before = shelf(app).names
    name_field(app).set_value("Typed late")
    press(app, "shelf_copy")
    assert shelf(app).names == ["Typed late", *before[1:], "Typed late, copy"]


def test_a_name_and_a_change_of_another_window_stand_together(app):
    other = tab(run(lang="en"), "Scenarios")
    app = tab(app, "Scenarios")
    app.toggle[0].set_value(False).run()
    name_field(other).set_value("From the other window").run()
    assert not other.error
    assert shelf(other).plan.name == "From the other window"
    assert len(shelf(other).current.moves) == len(shelf(app).current.moves) == 32
    # two names contradict each other: both are kept until one is chosen
    name_field(app).set_value("From this window").run()
    assert shelf(app).conflict is not None


def test_another_name_does_not_run_the_model_again(app, monkeypatch):
    def fail(*_, **__):
        pytest.fail("the model ran")

    app = tab(app, "Scenarios")
    monkeypatch.setattr("geo.panels.state.simulate", fail)
    press(app, "shelf_copy")
    name_field(app).set_value("Same numbers").run()
    assert not app.exception
    assert not app.error
    assert outcome_of(shelf(app).current).scenario.name == "Same numbers"


@pytest.fixture
def ranges_asked(monkeypatch):
    """Record which pairs' ranges are asked for, for what they are wished, and what is watched."""
    asked, watched = [], []

    def pair_views(scenarios, pairs, *, wish_for=False):
        asked.append(([(scenarios[a].name, scenarios[b].name) for a, b in pairs], wish_for))
        return {}

    monkeypatch.setattr("geo.panels.sure.pair_views", pair_views)
    monkeypatch.setattr(
        "geo.panels.sure.watch", lambda _, scenarios: watched.append([one.name for one in scenarios])
    )
    return asked, watched


def test_what_the_map_compares_is_drawn_and_watched_for_a_while(ranges_asked, monkeypatch):
    asked, watched = ranges_asked
    monkeypatch.setattr("geo.panels.page.pair_asked", lambda _: (1, 0))
    app = run(lang="en")
    two = ("Moved by now", "Announced programme")
    assert asked == [([two], True)]
    assert list(two) in watched
    # the map asked once; its pair is kept, and after some minutes nothing is drawn for it any more
    monkeypatch.setattr("geo.panels.page.pair_asked", lambda _: None)
    app.run()
    assert asked[-1] == ([two], True)
    app.session_state["map_apart_at"] -= 301
    watched.clear()
    app.run()
    assert asked[-1] == ([two], False)
    assert list(two) not in watched


def test_places_that_are_gone_ask_for_nothing(ranges_asked, monkeypatch):
    asked, _ = ranges_asked
    monkeypatch.setattr("geo.panels.page.pair_asked", lambda _: (7, 0))
    assert not run(lang="en").exception
    assert asked == [([], False)]


def test_the_map_that_is_taken_along_holds_ranges_against_the_one_it_opens_with(ranges_asked):
    asked, _ = ranges_asked
    app = run(lang="en")
    asked.clear()
    app.session_state["tabs"] = "Data & export"
    app.run()
    assert not app.exception
    first = "Announced programme"
    assert ([(first, "Moved by now"), (first, "Empty scenario")], False) in asked
