"""Names that try to run: shown as text, everywhere, and none runs."""

from types import SimpleNamespace

import pytest
import synthetic_maps as made

from geo.maps.export import export_html
from geo.maps.view import build_view

pytestmark = pytest.mark.browser

RUN = "window.hit=1"
HOSTILE = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<body onload={RUN}>",
    f"<a href='javascript:{RUN}'>x</a>",
    f"javascript:{RUN}",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<style>@import 'http://evil.example/x';</style><b onmouseover={RUN}>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "<img src=http://evil.example/pixel.png>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<base href=http://evil.example/>",
    f"${{{RUN}}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"`${{{RUN}}}`",
    f"';{RUN};//",
    f'";{RUN};//',
    f"\\';{RUN};//",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "</title></style></textarea></script>",
    "<plaintext>",
    "&lt;b&gt;&amp;&#60;",
    "&#x3c;script&#x3e;",
    "%3Cscript%3E",
    "\u202egnp.exe",
    "\u2028line\u2029end",
    "\u0000null\ufffd",
    '=HYPERLINK("http://evil.example")',
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "__proto__",
    "constructor",
    "{name} {count} {__class__}",
    "𝕏<b>北京\u200b</b>",
    "a" * 400,
]  # fmt: skip


TEXTS = "name_en name_zh source note notes anchor_firms destination scheme pinyin"


def hostile_region(region):
    """Return the region with a hostile name on everything that has one."""
    names = {}
    for layer in ("counties", "cities", "sites", "institutions", "stations", "corridors", "destinations"):
        frame = getattr(region, layer).copy()
        texts = [HOSTILE[i % len(HOSTILE)] for i in range(len(frame))]
        for column in (
            "name_en",
            "name_zh",
            "source",
            "note",
            "notes",
            "anchor_firms",
            "destination",
            "scheme",
            "pinyin",
        ):
            if column in frame:
                frame[column] = texts
        names[layer] = frame
    links = region.rail_links.copy()
    links["line_en"] = links["line_zh"] = [HOSTILE[i % len(HOSTILE)] for i in range(len(links))]
    catalog = {"layers": {"x": {"title_en": HOSTILE[0], "title_zh": HOSTILE[1], "source": HOSTILE[2]}}}
    return SimpleNamespace(
        **names,
        rail_links=links,
        neighbours=region.neighbours,
        catalog=catalog,
        facts=region.facts,
        content_hash="hostile",
    )


@pytest.fixture(scope="module")
def hostile_map(region, tmp_path_factory):
    bad = hostile_region(region)
    listed = [*made.measures(2), made.Measure("bad", unit=HOSTILE[2], source=HOSTILE[0], group=HOSTILE[3])]
    moves = [made.move("", name=name, kind="university") for name in HOSTILE]
    runs = [(name, made.outcome(bad, listed, seed=1, text=name, moves=moves)) for name in HOSTILE]
    view = build_view(bad, runs, measures=listed, date=HOSTILE[0], review_number=HOSTILE[2])
    path = tmp_path_factory.mktemp("hostile") / "map.html"
    export_html(view, path)
    return path.as_uri()


@pytest.fixture
def page(open_page, hostile_map):
    page = open_page(hostile_map)
    page.evaluate("() => { jjj.set({hidden: [], mode: 'swipe', year: 2050}); }")
    yield page
    assert page.evaluate("() => window.hit ?? null") is None
    foreign = "iframe, img, link, base, object, embed, #jjj script, #jjj style"
    assert page.locator(foreign).count() == 0


def test_there_are_forty():
    assert len(HOSTILE) >= 40


def test_names_of_everything_are_text(page):
    types = ("county", "institution", "site", "station", "corridor", "link", "city")
    for kind in types:
        found = page.evaluate(
            """kind => [...jjj.app.region.byType[kind].keys()].slice(0, 45).map(id => {
                jjj.app.select(kind, id);
                const item = jjj.app.region.byType[kind].get(id);
                const panel = document.querySelector('.jjj-info');
                return [item.name_en ?? item.line_en, panel.querySelector('h2').textContent]; })""",
            kind,
        )
        assert len(found) > 8
        assert [one for one, _ in found] == [two for _, two in found]


TIP = "_content(entry.marker).querySelector('strong').textContent"


def test_tips_labels_and_movers_are_text(page):
    marks = page.evaluate(f"() => jjj.app.marks.map(entry => entry.marker.getTooltip().{TIP})")
    assert set(HOSTILE) <= set(marks)
    movers = page.evaluate(f"() => jjj.app.movers.map(entry => entry.marker.getTooltip().{TIP})")
    assert set(movers) == set(HOSTILE)
    tips = page.evaluate(
        """() => { const side = jjj.app.sides.a;
            const tip = side.group.getTooltip();
            return side.layers.map(l => tip._content(l).querySelector('strong').textContent); }"""
    )
    assert set(HOSTILE) <= set(tips)


def test_open_tips_hold_no_elements_of_theirs(page):
    opened = page.evaluate(
        """() => jjj.app.marks.slice(0, 60).map(e => { e.marker.openTooltip();
            const tips = [...document.querySelectorAll('.jjj-tip')];
            return tips.map(tip => tip.querySelectorAll('b, svg, input, a, img').length).join(''); })"""
    )
    assert set("".join(opened)) == {"0"}


def test_search_table_and_about_are_text(page):
    found = page.evaluate(
        """names => names.map(name => { const box = jjj.app.parts.box; box.value = name;
            box.dispatchEvent(new Event('input'));
            return document.querySelector('#jjj-list').textContent; })""",
        HOSTILE,
    )
    assert sum(name in text for name, text in zip(HOSTILE, found, strict=True)) >= 30
    page.evaluate("() => { jjj.set({table: true, open: 'about'}); }")
    table = page.evaluate("() => document.querySelector('.jjj-table').textContent")
    about = page.evaluate("() => document.querySelector('.jjj-about').textContent")
    assert all(name in table for name in HOSTILE)
    assert all(name in about for name in HOSTILE)


def test_scenario_names_are_text(page):
    options = page.evaluate(
        "() => [...document.querySelectorAll('.jjj-scenario-b option')].map(o => o.textContent)"
    )
    assert options == HOSTILE
    for i in range(0, len(HOSTILE), 5):
        page.evaluate("i => { jjj.set({b: i}); }", i)
        assert HOSTILE[i] in page.locator(".jjj-side.right").text_content()
        assert HOSTILE[i] in page.locator(".jjj-legend").text_content()
