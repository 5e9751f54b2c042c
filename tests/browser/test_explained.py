"""A number explained where it stands: in a sentence, in the comparison, on the map, and in a file."""

from pathlib import Path

import pytest
from axe import grave
from served import WAIT, no_sideways, settle, tab

from geo.maps.export import export_html
from geo.maps.view import build_view
from geo.measures import MEASURES
from geo.model import simulate, simulate_level0
from geo.model.explain_flows import explain_link
from geo.presets import preset
from geo.words import number, say

pytestmark = pytest.mark.browser

DIALOG = "[role=dialog]"


def opened(page):
    """Return the dialog, once it has its tree."""
    dialog = page.get_by_role("dialog")
    dialog.locator(".jjj-tree").first.wait_for(timeout=WAIT)
    settle(page)
    return dialog


def chosen(page, dialog, label, option):
    """Choose an option of a select box by its first letters, as the keyboard does."""
    dialog.get_by_role("combobox", name=label).fill(option)
    page.get_by_role("option", name=option).first.click()
    settle(page)


def test_a_sentence_is_explained_and_escape_closes(visit):
    page, _ = visit()
    first = page.get_by_role("button", name="Explain the numbers of sentence 1")
    first.wait_for(timeout=WAIT)
    first.focus()
    page.keyboard.press("Enter")
    dialog = opened(page)
    chosen(page, dialog, "Which number", "Population, Beijing")
    assert dialog.get_by_text("Formula: Residents of the 2020 census").count() == 1
    sentence = page.get_by_text("moves shift").first.inner_text()
    tree = dialog.locator(".jjj-tree")
    said = tree.locator("summary b").first.inner_text().split(" ")[0]
    assert said in sentence
    move = tree.get_by_text("Move: China Huaneng Group (HQ)").first
    assert not move.is_visible()
    branch = tree.get_by_text("Staff who moved home")
    branch.focus()
    page.keyboard.press("Enter")
    move.wait_for(state="visible")
    assert grave(page, DIALOG) == []
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_a_difference_is_explained_from_the_comparison(visit):
    page, _ = visit(language="zh", size=(390, 900))
    tab(page, "对比", exact=True)
    page.get_by_role("button", name="解释表中一行").click(timeout=WAIT)
    dialog = opened(page)
    assert dialog.get_by_text("每行均为 B 减 A").count() == 1
    dialog.get_by_text("区县", exact=True).click()
    settle(page)
    assert (
        dialog.locator(".jjj-tree").get_by_text("区县：").or_(dialog.get_by_text("区县: ")).first.is_visible()
    )
    with page.expect_download(timeout=WAIT) as waiting:
        dialog.get_by_role("button", name="表格（CSV）").click()
    assert "常住人口" in Path(waiting.value.path()).read_text("utf-8-sig")
    no_sideways(page)
    assert grave(page, DIALOG) == []


def test_a_number_on_the_map_is_explained(visit):
    page, frame = visit()
    frame.evaluate("() => { jjj.app.select('county', '130629'); }")
    settle(page)
    frame.get_by_role("button", name="Explain this number").click(timeout=WAIT)
    dialog = opened(page)
    assert dialog.get_by_text("Population · Rongcheng County").count() == 1
    shown = frame.evaluate("() => Math.round(jjj.now().after[jjj.app.region.countyAt.get('130629')])")
    assert f"{shown:,}" in dialog.locator(".jjj-tree").inner_text()
    assert grave(page, DIALOG) == []
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    settle(page)
    assert page.get_by_role("dialog").count() == 0  # an answer is given once


def test_a_link_on_the_map_is_explained(visit):
    page, frame = visit()
    frame.evaluate(
        "() => { jjj.app.select('road', jjj.app.roads.find((one) => one.id.includes('130629')).id); }"
    )
    settle(page)
    frame.get_by_role("button", name="Explain this number").click(timeout=WAIT)
    dialog = opened(page)
    assert "Xushui District → Rongcheng County" in dialog.locator(".jjj-tree").inner_text()
    assert grave(page, DIALOG) == []


def test_a_map_in_a_file_explains_what_it_holds(open_page, region, tmp_path):
    outcome = simulate_level0(region, preset("announced", region))
    view = build_view(region, [('<img src=x onerror="alert(1)">', outcome)], measures=MEASURES.values())
    path = tmp_path / "map.html"
    export_html(view, path)
    page = open_page(path.as_uri())
    page.evaluate("() => { jjj.set({ measure: 'population' }); jjj.app.select('county', '130629'); }")
    press = page.get_by_role("button", name="Explain this number")
    press.focus()
    page.keyboard.press("Enter")
    assert press.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.classList.contains('jjj-explain')")
    told = page.locator(".jjj-why").inner_text()
    assert "Residents of the 2020 census" in told
    assert "<img src=x" in told
    shown = page.evaluate("() => Math.round(jjj.now().after[jjj.app.region.countyAt.get('130629')])")
    assert f"{shown:,}" in told
    assert grave(page) == []
    page.evaluate("() => { jjj.set({ language: 'zh' }); }")
    assert "2020 年普查常住人口" in page.locator(".jjj-why").inner_text()


def test_a_link_in_a_file_is_explained_by_what_the_file_holds(open_page, region, tmp_path):
    runs = [(key, simulate(region, preset(key, region))) for key in ("announced", "moved")]
    path = tmp_path / "map.html"
    export_html(build_view(region, runs, measures=[MEASURES["delay"]]), path)
    page = open_page(path.as_uri())
    ends = ("110108", "110114")
    page.evaluate(
        "(id) => { jjj.set({ a: 1, b: 0, year: 2035 }); jjj.app.select('road', id); }", "-".join(ends)
    )
    page.get_by_role("button", name="Explain this number").click()
    told = page.locator(".jjj-why").inner_text()
    assert "Vehicles of the peak hour" in told
    b, a = (explain_link(outcome, region, ends, 2035).value for _, outcome in runs)
    for key, name, value in (("before", "moved", a), ("after", "announced", b)):
        label = f"{say(f'map.explain.{key}', 'en')} ({name}, 2035)"
        assert told.split(label)[1].strip().startswith(number(value, "en", digits=1))
    assert grave(page) == []
