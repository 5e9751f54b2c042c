"""A whole working day with the app, in one go: what is made in the morning is taken along in the evening."""

import re

import pytest
from served import WAIT, choose, code, current_moves, name_of, press, ready, serving, settle, switches, tab

from geo.words import say

pytestmark = pytest.mark.browser

MINE, THEIRS = "of-the-day-0123456789012345", "the-other-0123456789012345"
BUDGET = "budget=32000000000,1000000,0,0"  # CNY in all and a post: one more institution breaks it
FIRST, SECOND = "First of the day", "Second of the day"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(JINGJINJI_STORE=tmp_path_factory.mktemp("day") / "store.sqlite") as served:
        yield served


def word(key, **values):
    return say(key, "en", **values)


def go_to(page, name):
    tab(page, re.compile(re.escape(word(f"app.tabs.{name}"))))


def opened(open_page, server, desk, query=""):
    page = open_page(f"{server.address}/?lang=en&desk={desk}&{query}", (1280, 1000), wait=False)
    return page, ready(page)


def branch(page, frame, name):
    """Branch the open scenario and give the branch a name."""
    from playwright.sync_api import expect  # noqa: PLC0415 -- only where a browser is

    before = frame.evaluate("jjj.app.scenarios[jjj.state().b].name.en")
    expect(name_of(page)).to_have_value(before, timeout=WAIT)
    press(page, word("app.shelf.copy"))
    expect(name_of(page)).to_have_value(word("app.shelf.copy_name", name=before), timeout=WAIT)
    name_of(page).fill(name)
    name_of(page).press("Enter")
    frame.wait_for_function(f"jjj.app.scenarios[jjj.state().b].name.en === '{name}'", timeout=WAIT)


def moves_are(frame, count):
    frame.wait_for_function(f"jjj.app.scenarios[jjj.state().b].moves.length === {count}", timeout=WAIT)


def taken(page, name, path):
    settle(page)  # a page that is being redrawn takes no click
    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("button", name=name).click()
    download.value.save_as(path)
    return path.as_uri()


def names_of(frame):
    return frame.evaluate("jjj.app.scenarios.map((one) => one.name.en)")


def two_scenarios(page, frame):
    """Build two from the ready one: they contradict each other in their first edit."""
    go_to(page, "scenarios")
    count = len(current_moves(frame))
    branch(page, frame, FIRST)
    branch(page, frame, SECOND)
    press(page, word("app.edits.remove"))
    moves_are(frame, count - 1)
    choose(page, word("app.scenario.active"), FIRST)
    moves_are(frame, count)
    switches(page).first.locator("label").click()
    moves_are(frame, count - 1)
    return count - 1


def break_a_limit(page, frame, count):
    frame.evaluate("jjj.move('yanshan', '130681')")
    moves_are(frame, count + 1)
    go_to(page, "limits")
    page.get_by_text(word("limits.rule.budget")).first.wait_for(timeout=WAIT)
    page.get_by_text(word("limits.user")).first.wait_for(timeout=WAIT)


def compare_and_explain(page):
    go_to(page, "compare")
    page.get_by_text(word("compare.panel.differs")).first.click(timeout=WAIT)
    page.get_by_text(word("compare.panel.differs_head")).wait_for(timeout=WAIT)
    go_to(page, "effects")
    page.get_by_text(word("app.effects.explain"), exact=True).click(timeout=WAIT)
    page.get_by_role("combobox", name=word("explain.panel.place")).wait_for(timeout=WAIT)


def merge_the_second(page, frame, count):
    go_to(page, "scenarios")
    page.get_by_text(word("app.merge.heading"), exact=True).click()
    choose(page, word("app.merge.with"), SECOND)
    page.get_by_text(f"{word('app.merge.theirs')}:").first.click(timeout=WAIT)
    page.get_by_role("button", name=word("app.merge.take")).click(timeout=WAIT)
    page.get_by_text(word("app.merge.taken")).wait_for(timeout=WAIT)
    moves_are(frame, count)


def test_a_whole_day(open_page, server, tmp_path):
    page, frame = opened(open_page, server, MINE, BUDGET)
    count = two_scenarios(page, frame)
    break_a_limit(page, frame, count)
    compare_and_explain(page)
    over = len(current_moves(frame))
    press(page, word("app.scenario.undo"))
    moves_are(frame, over - 1)

    # nothing is lost by a reload, nor by a server that dies
    kept, names = current_moves(frame), names_of(frame)
    assert names[-2:] == [FIRST, SECOND]
    page.reload()
    frame = ready(page)
    assert (current_moves(frame), names_of(frame)) == (kept, names)
    page.close()
    server.kill()
    server.start()
    page, frame = opened(open_page, server, MINE)
    assert (current_moves(frame), names_of(frame)) == (kept, names)

    # by link to somebody else, who publishes an answer of one's own making
    go_to(page, "sharing")
    press(page, word("app.share.publish"))
    link = code(page, "s=e").partition("?")[2]
    theirs, their_frame = opened(open_page, server, THEIRS, link)
    assert current_moves(their_frame) == kept
    go_to(theirs, "sharing")
    press(theirs, word("app.share.fork"))
    their_frame.wait_for_function(f"jjj.app.scenarios.length === {len(names)}", timeout=WAIT)
    assert current_moves(their_frame) == kept

    merge_the_second(page, frame, len(kept))

    # printed and taken along
    go_to(page, "data")
    report = open_page(taken(page, word("report.html"), tmp_path / "report.html"), wait=False, offline=True)
    assert FIRST in report.locator("body").inner_text()
    alone = open_page(taken(page, word("app.data.map_button"), tmp_path / "map.html"), offline=True)
    assert names_of(alone) == names
    assert current_moves(alone)
