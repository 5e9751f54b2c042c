"""Reach: axe-core on the exported map, the report and the app, and the map by keyboard alone."""

import pytest
from axe import grave
from served import WAIT, map_frame, settle

from geo.model import simulate_level0
from geo.presets import preset
from geo.report import report_html

pytestmark = pytest.mark.browser


def js(page, code):
    return page.evaluate(f"() => {{ const value = {code}; return value === undefined ? null : value; }}")


# The map as a file, and the report -------------------------------------------------------------------

STATES = {
    "difference": "jjj.set({ mode: 'difference' })",
    "swipe in Chinese": "jjj.set({ mode: 'swipe', language: 'zh' })",
    "a county": "jjj.app.select('county', '130629')",
    "an institution": "jjj.app.select('institution', 'bjtu')",
    "the table": "document.querySelector('[data-tool=table]').click()",
    "the sources": "document.querySelector('[data-tool=about]').click()",
}


@pytest.mark.parametrize("state", STATES)
def test_the_exported_map_has_no_grave_finding(open_page, exported, state):
    page = open_page(exported)
    js(page, STATES[state])
    page.wait_for_timeout(300)
    assert grave(page) == []


def test_axe_sees_a_grave_fault(open_page, exported):
    page = open_page(exported)
    page.evaluate("document.querySelector('#jjj').append(document.createElement('button'))")
    assert any(finding.startswith("button-name") for finding in grave(page))


def test_the_guard_sees_what_goes_out(open_page):
    page = open_page("about:blank", wait=False)
    for address in ("https://elsewhere.example/a", "http://localhost.elsewhere.example/b"):
        page.evaluate("address => fetch(address).catch(() => null)", address)
    seen, guard = list(page.guard.outside), page.guard
    guard.outside.clear()
    guard.errors.clear()
    assert seen == ["https://elsewhere.example/a", "http://localhost.elsewhere.example/b"]


def test_the_report_has_no_grave_finding(open_page, region, tmp_path):
    one, two = (simulate_level0(region, preset(name, region)) for name in ("announced", "moved"))
    path = tmp_path / "report.html"
    path.write_text(report_html(region, one, two), encoding="utf-8")
    assert grave(open_page(path.as_uri(), wait=False)) == []


# The map by keyboard alone ---------------------------------------------------------------------------


def tab_to(page, selector):
    """Press Tab until the focus is on an element that fits; return how it is outlined."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if js(page, f"document.activeElement.matches({selector!r})"):
            return js(page, "getComputedStyle(document.activeElement).outlineStyle")
    raise AssertionError(selector)


@pytest.mark.parametrize("tool", ["table", "about"])
def test_a_panel_opens_and_closes_by_keyboard(open_page, exported, tool):
    page = open_page(exported)
    assert tab_to(page, f"[data-tool='{tool}']") != "none"
    page.keyboard.press("Enter")
    panel = page.locator(f".jjj-{tool}")
    panel.wait_for(state="visible")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert js(page, f"document.activeElement.dataset.tool === '{tool}'")


def test_a_whole_look_without_a_mouse(open_page, exported):
    page = open_page(exported)
    assert tab_to(page, "[data-mode]") != "none"
    tab_to(page, "[role=combobox]")
    page.keyboard.type("rongcheng")
    page.keyboard.press("Enter")
    assert js(page, "jjj.state().selected.id") == "130629"
    page.keyboard.press("Escape")
    assert js(page, "jjj.state().selected") is None
    tab_to(page, "input[data-key='sector:robotics']")
    page.keyboard.press("Space")
    assert "sector:robotics" in js(page, "jjj.state().hidden")
    tab_to(page, ".jjj-time input")
    page.keyboard.press("Home")
    assert js(page, "jjj.state().year") == 2020


# The app ---------------------------------------------------------------------------------------------


# Findings that are Streamlit's own, each with the reason why this side cannot mend it.
STREAMLITS = {
    "scrollable-region-focusable": "st.code and st.dataframe scroll in elements without a tabindex",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_tab_of_the_app_has_no_grave_finding_of_ours(visit, language):
    page, _ = visit(language=language)
    tabs = page.get_by_role("tab")
    tabs.first.wait_for(timeout=WAIT)
    found = []
    for place in range(tabs.count()):
        tabs.nth(place).click()
        settle(page)
        found += grave(page)
    assert [one for one in found if one.split(" | ")[0] not in STREAMLITS] == []
    assert grave(map_frame(page)) == []
