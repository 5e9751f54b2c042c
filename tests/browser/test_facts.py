"""Published facts played on the map, in the exported file as in the live one."""

import json

import pytest

from geo.timeline import sentence, state_in, timeline, years_of

pytestmark = pytest.mark.browser

MOVERS = ".leaflet-movers-pane .jjj-mark"


@pytest.fixture
def page(open_page, exported):
    return open_page(exported)


def js(page, code):
    return page.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


def state(page, key):
    return js(page, f"jjj.state()['{key}']")


def facts(page, **patch):
    page.locator("[data-clock='facts']").click()
    if patch:
        js(page, f"jjj.set({json.dumps(patch)})")


@pytest.fixture(scope="module")
def institutions(region):
    """Institutions with a published year that the map shows at first."""
    known = list(region.institutions.index)
    listed = {
        language: {event.id: event for event in timeline(region, language)} for language in ("en", "zh")
    }
    # in the order of the layer, as the map has them
    return {
        language: [events[key] for key in known if events[key].years and not events[key].hypothetical]
        for language, events in listed.items()
    }


def test_the_years_are_those_of_the_published_facts(page, institutions):
    facts(page)
    first, *_, last = years_of(institutions["en"])
    slider = page.locator(".jjj-time input")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == (str(first), str(last))
    assert state(page, "mode") == "baseline"
    page.locator("[data-clock='scenario']").click()
    assert slider.get_attribute("max") == "2050"
    assert state(page, "mode") == "difference"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_year_says_what_it_brings_and_counts_what_is_there(page, institutions, language):
    facts(page, language=language)
    listed = institutions[language]
    names = ("open", "expected", "moving", "announced", "later")
    for year in years_of(listed):
        js(page, f"jjj.set({{factYear: {year}}})")
        assert page.locator(".jjj-said").inner_text() == sentence(listed, year, language)
        shown = page.locator(".jjj-factstates li").all_inner_texts()
        counted = [int(text.split()[-1]) for text in shown]
        assert counted == [sum(state_in(event, year) == name for event in listed) for name in names]


def test_an_institution_is_there_from_the_year_it_was_opened(page, region, institutions):
    facts(page)
    opened = [e for e in institutions["en"] if e.opened and e.announced and e.announced < e.opened]
    by_id = region.institutions["dest_code"]
    one = next(event for event in opened if by_id[event.id] is not None)
    hollow = f"jjj.app.marks.find((e) => e.item.id === '{one.id}').marker.box.classList.contains('hollow')"
    mover = f"jjj.app.movers.find((m) => m.ends.item.id === '{one.id}')?.ends.move.state ?? null"
    for year, expected in (
        (one.announced - 1, (None, False)),
        (one.announced, ("announced", False)),
        (one.opened - 1, (state_in(one, one.opened - 1), False)),
        (one.opened, ("open", True)),
    ):
        js(page, f"jjj.set({{factYear: {year}}})")
        assert (js(page, mover), js(page, hollow)) == expected


def test_play_walks_to_the_last_year_and_stops(page, institutions):
    last = years_of(institutions["en"])[-1]
    facts(page, factYear=last - 2, pace="fast")
    page.locator(".jjj-play").click()
    page.wait_for_selector(f".jjj-year:text('{last}')")
    page.wait_for_selector(".jjj-play[aria-label='Play the years']")
    assert state(page, "playing") is False
    # from the end it begins anew
    page.locator(".jjj-play").click()
    assert state(page, "factYear") < last
    page.locator(".jjj-play").click()
    assert state(page, "playing") is False


def test_by_keyboard_alone(page, institutions):
    page.locator("[data-clock='facts']").focus()
    page.keyboard.press("Enter")
    page.locator(".jjj-time input").focus()
    page.keyboard.press("Home")
    first = years_of(institutions["en"])[0]
    assert page.locator(".jjj-said").inner_text().startswith(f"{first}: announced: ")
    assert page.locator(".jjj-said").get_attribute("aria-live") == "polite"
    page.keyboard.press("ArrowRight")
    assert page.locator(".jjj-said").inner_text() == f"{first + 1}: nothing published."


def test_facts_are_apart_from_scenarios(page):
    js(page, "jjj.set({mode: 'scenario', year: 2050})")
    scenario = js(page, "jjj.app.movers.map((m) => m.ends.item.id)")
    assert scenario
    facts(page, factYear=2005)
    assert page.locator(MOVERS).count() == 1
    # a scenario's view ends the facts, and its movers are back
    page.locator("[data-mode='scenario']").click()
    assert state(page, "facts") is False
    assert js(page, "jjj.app.movers.map((m) => m.ends.item.id)") == scenario
    assert page.locator("[data-clock='scenario']").get_attribute("aria-pressed") == "true"


def test_what_is_hidden_is_not_counted(page):
    facts(page, factYear=2028)
    before = page.locator(".jjj-factstates li").first.inner_text()
    js(page, "jjj.toggle('kind:university')")
    assert page.locator(".jjj-factstates li").first.inner_text() != before


def test_on_a_telephone_nothing_lies_beside_the_screen(open_page, exported):
    page = open_page(exported, (390, 844))
    facts(page, factYear=2025)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".jjj-time").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844
