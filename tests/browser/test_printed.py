"""The report in a real browser: colours as on the map, A4 pages that hold their tables, a PDF."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

from geo.classes import diverging_classes, sequential_classes
from geo.model import simulate_level0
from geo.presets import preset
from geo.report import report_html, report_pdf

pytestmark = pytest.mark.browser

MAPS = Path(__file__).parents[2] / "geo" / "maps"
CLASSES = """([kind, arrays, digits]) => {
  const made = (kind === "diverging" ? divergingClasses : sequentialClasses)(arrays, digits);
  const of = arrays.map((array) => Array.from(array, (value) => made.of(value)));
  return { ...made, of };
}"""


@pytest.fixture(scope="module")
def script(browser):
    """A page with the map's own functions of classes and colours."""
    page = browser.new_page()
    clamp = re.search(
        r"^function clamp.*?^}", (MAPS / "page_core.js").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )[0]
    page.add_script_tag(content=clamp + "\n" + (MAPS / "page_colour.js").read_text(encoding="utf-8"))
    yield page
    page.close()


def made_up(seed):
    draw = random.Random(seed)  # noqa: S311 - made-up numbers
    size = 10.0 ** draw.randint(-3, 7)
    signs = draw.choice([(1,), (1,), (-1, 1)])
    zeros = draw.choice([0, 0.2, 0.6])
    one = lambda: 0.0 if draw.random() < zeros else draw.choice(signs) * size * draw.lognormvariate(0, 1.5)  # noqa: E731
    return [[one() for _ in range(199)] for _ in range(draw.randint(1, 4))], draw.randint(0, 2)


@pytest.mark.parametrize("kind", ["sequential", "diverging"])
@pytest.mark.parametrize("seed", range(12))
def test_classes_are_those_of_the_map(script, kind, seed):
    arrays, digits = made_up(seed)
    theirs = script.evaluate(CLASSES, [kind, arrays, digits])
    ours = {"sequential": sequential_classes, "diverging": diverging_classes}[kind](
        [np.array(array) for array in arrays], digits
    )
    assert list(ours.bounds) == pytest.approx(theirs["bounds"], rel=1e-12)
    assert list(ours.colours) == theirs["colours"]
    assert (ours.kind, ours.digits, ours.none) == (theirs["kind"], theirs["digits"], theirs["none"])
    assert [ours.of(np.array(array)).tolist() for array in arrays] == theirs["of"]


@pytest.fixture(scope="module")
def reports(region):
    one, two = (simulate_level0(region, preset(name, region)) for name in ("announced", "moved"))
    return {"one": report_html(region, one), "two": report_html(region, one, two)}


@pytest.mark.parametrize("kind", ["one", "two"])
def test_a_page_of_paper_holds_every_table(open_page, reports, tmp_path, kind):
    path = tmp_path / "report.html"
    path.write_text(reports[kind], encoding="utf-8")
    page = open_page(path.as_uri(), (688, 1000), wait=False, offline=True)  # A4 less margins: 182 mm
    page.emulate_media(media="print")
    ends = "[...document.querySelectorAll('table, svg, pre')].map((e) => e.getBoundingClientRect().right)"
    widest = f"Math.max(...{ends})"
    assert page.evaluate(widest) <= 688.5
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"


def test_a_telephone_shows_it_without_scrolling_sideways(open_page, reports, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(reports["one"], encoding="utf-8")
    page = open_page(path.as_uri(), (390, 844), wait=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_prints(browser, reports):
    printed = report_pdf(reports["one"])
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 8
    boxes = set(re.findall(rb"/MediaBox\s*\[([^\]]*)\]", printed))
    sizes = {tuple(round(float(number)) for number in box.split()) for box in boxes}
    assert sizes == {(0, 0, 595, 842)}  # A4 in points
