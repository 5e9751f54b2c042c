"""A working day in the real app: nothing is lost, two windows merge, limits, sharing, following."""

import pytest
from served import WAIT, choose, code, current_moves, name_of, press, ready, serving, settle, switches, tab

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path):
    with serving(JINGJINJI_STORE=tmp_path / "store.sqlite") as served:
        yield served


def test_every_edit_survives_a_reload_and_a_killed_server(open_page, server):
    from playwright.sync_api import expect  # noqa: PLC0415 -- only where a browser is

    # on this machine and without a key: the desk of whoever works here
    page = open_page(f"{server.address}/?lang=en", (1280, 1000), wait=False)
    frame = ready(page)
    tab(page, "Scenarios")
    press(page, "Branch")
    # each step is seen on the map before the next: it is kept then
    branched = "jjj.app.scenarios[jjj.state().b].name.en.endsWith('copy')"
    frame.wait_for_function(branched, timeout=WAIT)
    settle(page)
    switches(page).first.locator("label").click()
    frame.wait_for_function("jjj.app.scenarios[jjj.state().b].moves.length === 32", timeout=WAIT)
    settle(page)
    assert "desk=" not in page.url
    # the field has the name of the branch as soon as the map has, and names it
    expect(name_of(page)).to_have_value("Announced programme, copy", timeout=WAIT)
    name_of(page).fill("Named in its field")
    name_of(page).press("Enter")
    named = "jjj.app.scenarios[jjj.state().b].name.en === 'Named in its field'"
    frame.wait_for_function(named, timeout=WAIT)
    settle(page)
    page.reload()
    frame = ready(page)
    kept = current_moves(frame)
    assert len(kept) == 32
    tab(page, "Scenarios")
    assert frame.evaluate(named)
    expect(name_of(page)).to_have_value("Named in its field", timeout=WAIT)
    expect(switches(page).first.locator("input")).not_to_be_checked(timeout=WAIT)
    page.close()  # or the browser reports the connection that is cut
    server.kill()
    server.start()
    again = open_page(f"{server.address}/?lang=en", (1280, 1000), wait=False)
    assert current_moves(ready(again)) == kept
    frame = ready(again)
    assert frame.evaluate(named)
    tab(again, "Scenarios")
    expect(name_of(again)).to_have_value("Named in its field", timeout=WAIT)
    press(again, "Undo")
    expect(name_of(again)).to_have_value("Announced programme, copy", timeout=WAIT)
    press(again, "Undo")
    frame.wait_for_function("jjj.app.scenarios[jjj.state().b].moves.length === 33", timeout=WAIT)


def test_a_name_typed_and_left_is_that_of_the_scenario_it_was_typed_for(visit):
    from playwright.sync_api import expect  # noqa: PLC0415 -- only where a browser is

    page, frame = visit()
    tab(page, "Scenarios")
    expect(name_of(page)).to_have_value("Announced programme", timeout=WAIT)
    name_of(page).fill("Typed and left")
    # no Enter: opening the list of scenarios leaves the field; the new name closes the list once
    which = page.get_by_role("combobox", name="Scenario you work on")
    which.click()
    expect(which).to_have_value("Typed and left", timeout=WAIT)
    choose(page, "Scenario you work on", "Moved by now")
    expect(name_of(page)).to_have_value("Moved by now", timeout=WAIT)
    names = "jjj.app.scenarios.map((one) => one.name.en)"
    frame.wait_for_function(f"{names}[0] === 'Typed and left' && jjj.state().b === 1", timeout=WAIT)
    assert frame.evaluate(names)[1] == "Moved by now"


def test_two_windows_that_contradict_each_other_merge_by_choosing(visit):
    one, _ = visit()
    two, _ = visit()
    tab(one, "Scenarios")
    tab(two, "Scenarios")
    switches(one).first.locator("label").click()
    settle(one)
    press(two, "Remove")
    two.get_by_text("was changed in another window at the same time").wait_for(timeout=WAIT)
    take = two.get_by_role("button", name="Take over")
    assert take.is_disabled()
    two.get_by_text("This one:").click()
    settle(two)
    take.click()
    two.get_by_text("Merged. Undo takes it back.").wait_for(timeout=WAIT)
    settle(two)
    assert "Edits (32)" in two.get_by_role("heading", name="Edits").inner_text()


def test_a_limit_is_broken_and_explained_while_editing(visit):
    # 31,784 posts move at a million CNY each; one more institution breaks a budget of 32,000 million
    page, frame = visit("budget=32000000000,1000000,0,0")
    assert not page.get_by_role("tab", name="Limits 1").is_visible()
    frame.evaluate("jjj.move('yanshan', '130681')")
    page.get_by_role("tab", name="Limits 1").wait_for(timeout=WAIT)
    frame.wait_for_function("jjj.app.scenarios[jjj.state().b].moves.length === 34", timeout=WAIT)
    tab(page, "Limits")
    page.get_by_text("Budget of the programme").first.wait_for(timeout=WAIT)
    page.get_by_text("your own assumption").wait_for(timeout=WAIT)


def test_publish_fork_and_follow(visit):
    mine, _ = visit(visitor="presenter")
    tab(mine, "Share")
    mine.get_by_label("Who you are").fill("<b>the planner</b>")
    press(mine, "Publish this version")
    theirs, frame = visit(visitor="somebody else")
    tab(theirs, "Share")
    theirs.get_by_text("<b>the planner</b>").wait_for(timeout=WAIT)
    row = theirs.get_by_test_id("stVerticalBlock").filter(has_text="<b>the planner</b>").last
    row.get_by_role("button", name="Make it my own").click()
    settle(theirs)
    assert theirs.get_by_label("Scenario you work on").count() == 1
    frame.wait_for_function("jjj.app.scenarios.length === 4", timeout=WAIT)
    query = code(mine, "follow=").partition("?")[2]
    follower, followed = visit(query, visitor="follower")
    follower.get_by_text("You follow").wait_for(timeout=WAIT)
    before = len(current_moves(followed))
    mine.get_by_text("Present: publish every change at once").click()
    settle(mine)
    tab(mine, "Scenarios")
    press(mine, "Remove")
    followed.wait_for_function(f"jjj.app.scenarios[0].moves.length === {before - 1}", timeout=WAIT)
    # the fork stays what it was
    assert len(current_moves(frame)) == before


def test_a_link_restores_scenario_view_and_language(visit):
    mine, sent = visit(visitor="sender")
    tab(mine, "Scenarios")
    press(mine, "Remove")
    sent.evaluate("jjj.set({ mode: 'swipe' })")
    tab(mine, "Share")
    press(mine, "Take the map as it is now")
    mine.get_by_test_id("stCode").filter(has_text="swipe").first.wait_for(timeout=WAIT)
    query = code(mine, "s=e").partition("?")[2]
    theirs, frame = visit(query, visitor="receiver")
    frame.wait_for_function(
        "jjj.state().mode === 'swipe' && jjj.state().measure === 'population'", timeout=WAIT
    )
    assert len(current_moves(frame)) == 32
    assert "s=e" not in theirs.url
    theirs.reload()
    assert len(current_moves(ready(theirs))) == 32
