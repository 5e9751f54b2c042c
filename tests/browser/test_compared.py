"""The tabs that compare and the timeline, as a visitor meets them, in both languages, wide and narrow."""

import os
from pathlib import Path

import pytest
from served import WAIT, no_sideways, settle, tab

pytestmark = pytest.mark.browser


@pytest.fixture
def visit_tab(visit):
    def visit_at(language, width, name):
        page, _ = visit(language=language, size=(width, 900))
        tab(page, name, exact=True)
        return page

    return visit_at


def keep(page, name):
    """Leave a picture for a person to look at, where one is asked for."""
    if folder := os.environ.get("JINGJINJI_SCREENSHOTS"):
        page.set_viewport_size({"width": page.viewport_size["width"], "height": 4800})
        settle(page)
        page.screenshot(path=f"{folder}/{name}.png")


# Part of the tab: its name, a heading in it, and how many charts it has at least.
PARTS = {
    "en": {
        "A and B": ("Population: Whole region", 1),
        "All": ("One measure, to be sorted: Population", 1),
        "Counties": ("Population: who gains, who loses, B less A, 2050", 3),
        "People": ("Who gains, who loses, by pay before, 2050", 5),
        "Flows": ("Posts moved: from where to where, moved by 2050", 2),
    },
    "zh": {
        "A 与 B": ("常住人口：整个区域", 1),
        "全部": ("单项指标（可排序）：常住人口", 1),
        "县市": ("常住人口：谁增谁减（B 减 A），2050 年", 3),
        "人群": ("谁受益，谁受损：按搬迁前收入，2050 年", 5),
        "流向": ("岗位变化：从哪里迁往哪里，截至 2050 年", 2),
    },
}


@pytest.mark.parametrize(("language", "width", "name"), [("en", 1280, "Compare"), ("zh", 390, "对比")])
def test_scenarios_side_by_side_in_every_part(visit_tab, language, width, name):
    page = visit_tab(language, width, name)
    for part, (heading, charts) in PARTS[language].items():
        page.get_by_test_id("stButtonGroup").get_by_text(part, exact=True).click(timeout=WAIT)
        page.get_by_role("heading", name=heading).wait_for(timeout=WAIT)
        settle(page)
        assert page.get_by_test_id("stException").count() == 0
        drawn = page.get_by_test_id("stVegaLiteChart")
        drawn.nth(charts - 1).wait_for(timeout=WAIT)  # drawn after the script has ended
        described = [
            drawn.nth(at).evaluate("e => e.outerHTML.includes('aria-label')") for at in range(drawn.count())
        ]
        assert all(described)
        no_sideways(page)
    keep(page, f"compare-{language}-{width}")


def test_another_measure_is_compared(visit_tab):
    page = visit_tab("en", 1280, "Compare")
    page.get_by_role("heading", name="Population: Whole region").wait_for(timeout=WAIT)
    settle(page)
    page.get_by_role("combobox", name="Measure").fill("Mean comm")
    page.get_by_role("option", name="Mean commute").click()
    page.get_by_role("heading", name="Mean commute: Whole region").wait_for(timeout=WAIT)
    page.get_by_text("What is asked differently").click()
    page.get_by_text("To get B from A").wait_for(timeout=WAIT)


def test_a_chart_is_taken_along_as_svg(visit_tab):
    page = visit_tab("zh", 1280, "对比")
    page.get_by_text("本图的数据").first.click(timeout=WAIT)
    settle(page)
    with page.expect_download(timeout=WAIT) as waiting:
        page.get_by_role("button", name="SVG").first.click()
    text = Path(waiting.value.path()).read_text("utf-8")
    assert text.startswith("<svg")
    assert "常住人口" in text


@pytest.mark.parametrize(
    ("language", "width", "words"),
    [
        (
            "en",
            1280,
            ("Timeline", "What is open by the end of", "By the end of 2026", "By the end of 2027"),
        ),
        ("zh", 390, ("时间线", "到哪一年底已经启用", "到 2026 年底", "到 2027 年底")),
    ],
)
def test_the_timeline_answers_to_the_keyboard(visit_tab, language, width, words):
    name, slider, before, after = words
    page = visit_tab(language, width, name)
    page.get_by_text(before).wait_for(timeout=WAIT)
    settle(page)
    page.get_by_role("slider", name=slider).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text(after).wait_for(timeout=WAIT)
    settle(page)
    page.get_by_test_id("stVegaLiteChart").wait_for(timeout=WAIT)
    no_sideways(page)
    keep(page, f"timeline-{language}-{width}")
