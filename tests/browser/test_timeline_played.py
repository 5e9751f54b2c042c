"""The timeline played in its tab: by buttons and by keys, without the rest of the page."""

import re

import pytest
from served import WAIT, ready, settle, tab

from geo.panels.text import plain
from geo.timeline import sentence, timeline, years_of
from geo.words import say

pytestmark = pytest.mark.browser

# a year can be over before a busy machine looks: the page itself takes note
YEARS_SEEN = """() => {
  let last = Number(document.querySelector("h2").innerText);
  window.seen = [];
  window.marks = [];
  new MutationObserver(() => {
    for (const heading of document.querySelectorAll("h2")) {
      const year = Number(heading.innerText.trim());
      if (!(year > 2000) || year === last) continue;
      const drawn = document.querySelector("[data-testid=stVegaLiteChart] svg.marks");
      window.seen.push((last = year));
      window.marks.push(drawn.mark); // that of the year before, unless the chart was drawn anew
      drawn.mark = year;
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
STAGES = ("moved", "under_construction", "announced")


@pytest.fixture(scope="module")
def shown(region):
    return [event for event in timeline(region) if event.stage in STAGES]


def says(page, shown, year):
    """Wait until year and sentence are those of a year."""
    page.get_by_role("heading", name=str(year), exact=True).wait_for(timeout=WAIT)
    page.get_by_role("status").filter(has_text=sentence(shown, year)).wait_for(timeout=WAIT)


def button(page, name):
    return page.get_by_role("button", name=re.compile(rf"\b{say(f'timeline.play.{name}', 'en')}\b"))


def test_steps_by_button_and_by_key(visit, shown):
    page, _ = visit()
    tab(page, "Timeline")
    first, *_, last = years_of(shown)
    says(page, shown, 2026)
    button(page, "first").click()
    says(page, shown, first)
    assert button(page, "back").is_disabled()
    page.keyboard.press("F9")
    says(page, shown, first + 1)
    page.keyboard.press("Shift+F9")
    says(page, shown, first)
    page.keyboard.press("Shift+F2")
    says(page, shown, last)
    assert button(page, "on").is_disabled()
    # what a key does is written on its button
    assert "F8" in button(page, "play").inner_text()


def drawn_parts(page, shown):
    """Note what the server draws from now on, in order: "map" for the page with the map in it, or a year."""
    drawn = []
    years = {year: plain(sentence(shown, year)).encode() for year in years_of(shown)[-4:]}

    def note(frame):
        content = frame if isinstance(frame, bytes) else frame.encode()
        if b"jingjinji_map" in content:
            drawn.append("map")
        drawn.extend(year for year, said in years.items() if said in content)

    page.on("websocket", lambda socket: socket.on("framereceived", note))
    return drawn


def test_playing_draws_nothing_but_the_timeline_and_stops_at_the_end(open_page, app, shown):
    page = open_page("about:blank", (1280, 1000), wait=False)
    drawn = drawn_parts(page, shown)
    page.goto(f"{app.address}/?lang=en&desk=who-plays-0123456789012345")
    ready(page)
    tab(page, "Timeline")
    assert "map" in drawn
    last = years_of(shown)[-1]
    button(page, "last").click()
    says(page, shown, last)
    for year in range(last - 1, last - 4, -1):
        page.keyboard.press("Shift+F9")
        says(page, shown, year)
    before = len(drawn)
    page.evaluate(YEARS_SEEN)
    page.keyboard.press("F8")
    says(page, shown, last)
    # no year was left out, the chart took them in without being drawn anew
    assert page.evaluate("window.seen") == [last - 2, last - 1, last]
    assert page.evaluate("window.marks.at(-1)") == last - 1
    # and nothing else of the page was drawn at all, until it had played to the end
    played = drawn[before:]
    assert "map" not in played[: played.index(last - 1)]
    assert last - 2 in played
    button(page, "play").wait_for(timeout=WAIT)
    assert stays(page) == last


def test_leaving_the_tab_stops_it(visit, shown):
    page, _ = visit()
    tab(page, "Timeline")
    button(page, "first").click()
    first = years_of(shown)[0]
    says(page, shown, first)
    button(page, "play").click()
    says(page, shown, first + 1)
    tab(page, "Effects")
    page.wait_for_timeout(3_000)
    app = page.locator("[data-testid=stApp]")
    assert app.get_attribute("data-test-script-state") == "notRunning"
    tab(page, "Timeline")
    button(page, "play").wait_for(timeout=WAIT)
    stays(page)


def stays(page):
    """Check that no year is played while one looks on, and return the year."""
    settle(page)
    year = page.get_by_role("heading", level=2).first.inner_text()
    page.wait_for_timeout(4_000)
    assert page.get_by_role("heading", level=2).first.inner_text() == year
    return int(year)


def test_pause_holds_the_year(visit, shown):
    page, _ = visit()
    tab(page, "Timeline")
    first = years_of(shown)[0]
    button(page, "first").click()
    says(page, shown, first)
    button(page, "play").click()
    says(page, shown, first + 1)
    button(page, "pause").click()
    button(page, "play").wait_for(timeout=WAIT)
    assert stays(page) < years_of(shown)[-1]
