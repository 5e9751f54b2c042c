"""The printed report: what it holds, that it holds nothing else, and that its figures are the outcome's."""

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as ET  # our own text, not a stranger's

import numpy as np
import pytest
from typer.testing import CliRunner

from geo import report
from geo.assumptions import Assumptions
from geo.classes import MISSING, NEUTRAL, Classes, diverging_classes, sequential_classes
from geo.cli import FAULT, app
from geo.comparison import place_of
from geo.ensemble import run_ensemble
from geo.errors import ExportError, ModelError
from geo.explaining import said_label
from geo.limits import standings
from geo.measures import MEASURES, summary
from geo.model import calibrate, simulate_level0
from geo.model.result import MODEL_VERSION
from geo.model.simulate import simulate
from geo.panels.report import _stem as stem_of
from geo.ranges import Range, Spread, said_ranges, span
from geo.report import pdf, report_html, report_pdf, static_map_svg, write_report
from geo.report.figures import Line, line_chart_svg
from geo.scenario import Move, Scenario
from geo.words import number, section

HOSTILE = "<img src=x onerror=alert(1)>&\"'</style><script>alert(2)</script>\u202e"
SVG = "{http://www.w3.org/2000/svg}"


class Reader(HTMLParser):
    """Collects elements with their attributes, and rows of tables as lists of texts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.rows, self.cell = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.cell = tag

    def handle_endtag(self, tag):
        if tag == self.cell:
            self.cell = None
        if self.cell and tag == "span":
            self.rows[-1][-1] += "|"

    def handle_data(self, data):
        if self.cell:
            self.rows[-1][-1] += data

    def row(self, start):
        return next(row for row in self.rows if row and row[0].startswith(start))


def scenario(name="Two moves", **more):
    office = {"name": "Test office", "kind": "state_enterprise", "origin": "110102"}
    hospital = {"name": "Test hospital", "kind": "hospital", "origin": "110102"}
    moves = (
        Move(**office, destination="130629", start=2025, years=2, posts=5000, home_share=0.5),
        Move(**hospital, destination="110112", start=2028, posts=900, beds=0),
    )
    return Scenario(**({"name": name, "moves": moves} | more))


@pytest.fixture(scope="module")
def baseline(region):
    return calibrate(region)


@pytest.fixture(scope="module")
def outcome(baseline):
    return simulate_level0(baseline, scenario())


@pytest.fixture(scope="module")
def other(baseline):
    return simulate_level0(baseline, scenario("One move", moves=scenario().moves[:1]))


@pytest.fixture(scope="module")
def text(region, outcome):
    return report_html(region, outcome, date="2026-03-01")


@pytest.fixture(scope="module")
def compared(region, outcome, other):
    return report_html(region, outcome, other, date="2026-03-01")


def test_nothing_runs_and_nothing_is_fetched(text):
    seen = Reader(text)
    assert {"script", "link", "img", "iframe", "object", "a"}.isdisjoint(tag for tag, _ in seen.elements)
    names = {name for _, attributes in seen.elements for name in attributes}
    assert {"src", "href", "xlink:href", "style"}.isdisjoint(names)
    assert not any(name.startswith("on") for name in names)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(a["content"] for tag, a in seen.elements if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "url(" not in style
    assert "size: A4" in style


def test_text_from_data_stays_text(region, baseline):
    moves = (
        Move(
            name=HOSTILE,
            kind="school",
            origin="110102",
            destination="130629",
            start=2025,
            class_default=True,
            note=HOSTILE,
        ),
    )
    hostile = simulate_level0(baseline, Scenario(name=HOSTILE, note=HOSTILE, moves=moves))
    for text in (report_html(region, hostile), report_html(region, hostile, hostile)):
        assert {"img", "script"}.isdisjoint(tag for tag, _ in Reader(text).elements)
        assert HOSTILE[:28] in unescape(text)
        assert "\u202e" not in text


def test_every_part_speaks_both_languages(text, compared):
    for made in (text, compared):
        plain = unescape(made)
        for language in ("en", "zh"):
            for key, words in section("report.heading", language).items():
                assert f'id="{key}"' in made
                assert words in plain
            for place in range(1, 5):
                assert section("report.method", language)[f"level0_{place}"] in plain
        assert section("report.method")["full_1"] not in plain
        assert "示意图" in plain


def test_it_can_be_made_again_from_what_it_says(text, region, outcome):
    plain = unescape(text)
    assert outcome.scenario.hash in plain
    assert region.content_hash in plain
    assert re.search(rf"Version of the model.*?<dd[^>]*>{MODEL_VERSION}</dd>", text, re.DOTALL)
    assert "2026-03-01" in plain
    written = re.search(r"<pre.*?>(.*?)</pre>", text, re.DOTALL)[1]
    again = Scenario.from_toml(unescape(re.sub(r"<.*?>", "", written)))
    assert again.hash == outcome.scenario.hash


def test_numbers_are_those_of_the_outcome_as_each_language_writes_them(text, region, outcome):
    seen = Reader(text)
    assert seen.row("Posts moved")[1].startswith(number(5900))
    beijing = region.counties["city_code"] == "110000"
    before = outcome.before["population"][beijing].sum()
    after = outcome.at("population", 2028)[beijing].sum()
    row = next(row for row in seen.rows if row and row[0].startswith("Beijing|") and len(row) > 5)
    wanted = [
        f"{number(before, 'en')}|{number(before, 'zh')}|",
        f"{number(after, 'en')}|{number(after, 'zh')}|",
        f"{number(after - before, 'en', sign=True)}|",
    ]
    assert row[1:4] == wanted
    assert "万" in row[1]


def test_the_lines_have_their_numbers(text, outcome):
    rows = [row for row in Reader(text).rows if row and re.fullmatch(r"20[2-5]\d", row[0])]
    assert [int(row[0]) for row in rows] == outcome.years.tolist()
    assert rows[5][1] == f"{number(outcome.regional['posts'][5])}|"


def test_all_counties_stand_behind_the_maps(text, region):
    names = {row[0].split("|")[0] for row in Reader(text).rows if len(row) > 4}
    assert set(region.counties["name_en"]) <= names


def test_a_comparison_is_second_less_first(compared, outcome, other):
    row = Reader(compared).row("Posts moved")
    assert [cell.split("|")[0] for cell in row[1:4]] == ["5,900", "5,000", "\u2212900"]
    assert outcome.scenario.hash in compared
    assert other.scenario.hash in compared
    # today, and for each measure A, B and their difference
    assert compared.count("data-code") % (3 * 199) == 199


def test_what_cannot_be_compared_is_refused(region, outcome, other):
    from dataclasses import replace  # noqa: PLC0415

    with pytest.raises(ModelError):
        report_html(region, outcome, replace(other, region_hash="x"))
    with pytest.raises(ModelError):
        report_html(region, outcome, year=1999)


def test_assumptions_show_default_use_and_range(region, baseline):
    set_by_hand = scenario(assumptions=Assumptions({"day_limit": 61.5}))
    text = report_html(region, simulate_level0(baseline, set_by_hand))
    assert "<strong>61.5</strong>" in text
    row = next(row for row in Reader(text).rows if len(row) == 7 and row[2] == "61.5")
    assert (row[1], row[3]) == ("105", "90–120")
    shown = {row[0] for row in Reader(text).rows}
    assert not any("housing" in name.lower() for name in shown)  # level 0 has no prices


def test_nothing_moves(region, baseline):
    text = report_html(region, simulate_level0(baseline, Scenario(name="empty")))
    assert section("report")["nothing_moves"] in text
    assert text.count("data-code") == 199


# Map and lines --------------------------------------------------------------------------------------


def test_every_county_has_the_colour_of_its_class(region):
    values = np.linspace(-50, 70, 199)
    values[7] = np.nan
    svg = ET.fromstring(static_map_svg(region, values, "posts", True, title="<&"))  # noqa: S314, FBT003 - ours
    classes = diverging_classes([values], MEASURES["posts"].digits)
    paths = [path for path in svg.iter(f"{SVG}path") if path.get("data-code")]
    assert [path.get("data-code") for path in paths] == list(region.codes)
    assert [path.get("fill") for path in paths] == classes.colour(values)
    assert paths[7].get("fill") == MISSING
    assert svg.find(f"{SVG}title").text == "<&"
    assert svg.get("role") == "img"
    assert "示意图" in "".join(svg.itertext())


def test_a_map_of_other_counties_is_refused(region):
    with pytest.raises(ValueError, match="198"):
        static_map_svg(region, np.zeros(198), "posts", True)  # noqa: FBT003


def test_classes_by_hand():
    # sizes 1..100 without zero: 55 % quantile 55.45 -> 55, 88 % quantile 88.12 -> 88, limit 100
    values = np.concatenate([np.arange(1.0, 101.0), [0.0] * 5])
    found = diverging_classes([values], 0)
    assert found.bounds == (-100, -88, -55, -0.5, 0.5, 55, 88, 100)
    assert found.colours[found.none] == NEUTRAL
    assert found.of(np.array([-0.5, 0.5, 0.49, 88, 1e9, np.nan])).tolist() == [3, 4, 3, 6, 6, -1]
    # seven classes of 1..700: bounds at sevenths, two figures
    assert sequential_classes([np.arange(1.0, 701.0)], 0).bounds == (1, 100, 200, 300, 400, 500, 600, 700)


@pytest.mark.parametrize("make", [sequential_classes, diverging_classes])
@pytest.mark.parametrize("values", [[], [0.0], [5.0, 5.0], [np.nan], [0.0, 0.0, 3.0], [1e-9, 1.0]])
def test_classes_of_few_values_hold_them_all(make, values):
    found = make([np.array(values)], 0)
    assert len(found.bounds) == len(found.colours) + 1
    counts, missing = found.counts(np.array(values))
    assert sum(counts) + missing == len(values)
    assert isinstance(found, Classes)


def test_lines_meet_their_values():
    years, values = list(range(2020, 2051)), np.linspace(0, 300, 31)
    svg = ET.fromstring(line_chart_svg(years, [Line("<A>", values), Line("B", values / 2)], "t"))  # noqa: S314
    first, second = (one.get("points").split() for one in svg.iter(f"{SVG}polyline"))
    assert len(first) == 31
    ends = [float(point.split(",")[1]) for point in (first[0], first[-1], second[-1])]
    assert ends[2] == pytest.approx((ends[0] + ends[1]) / 2, abs=0.1)
    assert "<A>" in "".join(svg.itertext())


# Files and the command line -------------------------------------------------------------------------


def test_without_a_browser_the_reader_is_told_to_print(region, outcome, monkeypatch, tmp_path):
    monkeypatch.setattr(pdf, "find_browser", lambda: None)
    with pytest.raises(ExportError) as told:
        write_report(region, outcome, tmp_path / "report.html", pdf=True)
    assert "print" in told.value.text("en")
    assert "打印" in told.value.text("zh")
    assert (tmp_path / "report.html").is_file()


def test_a_browser_that_prints_nothing_is_told(monkeypatch):
    monkeypatch.setattr(pdf, "find_browser", lambda: "/bin/true")
    with pytest.raises(ExportError, match="did not make"):
        report_pdf("<p>")


def test_the_command_writes_a_report(tmp_path):
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(scenario().to_toml(), encoding="utf-8")
    two.write_text(scenario("Other").to_toml(), encoding="utf-8")
    out = tmp_path / "new" / "report.html"
    command = ["report", str(one), "--compare", str(two), "--out", str(out), "--year", "2030"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "B − A" in out.read_text(encoding="utf-8")
    done = CliRunner().invoke(app, [*command, "--year", "1990"])
    assert done.exit_code == FAULT
    assert "Traceback" not in done.output


def test_public_names():
    assert all(hasattr(report, name) for name in report.__all__)


def part(text, key):
    return re.search(rf'<section id="{key}">(.*?)</section>', text, re.DOTALL)[1]


def test_numbers_of_the_report_are_taken_apart(text, outcome, region):
    seen = Reader(part(text, "explained"))
    for said in (one for effect in summary(outcome) for one in effect.numbers if one.kind != "count"):
        assert any(said_label(outcome, region, said) in row[0] for row in seen.rows), said.key
    found = [row for row in seen.rows if row and row[0].startswith("Posts moved|")]
    # the number, then what both offices bring
    assert found[0][1].startswith("5,900 jobs|")
    at = seen.rows.index(found[0])
    assert [row[0].split("|")[0] for row in seen.rows[at + 1 : at + 3]] == [
        "Move: Test office", "Move: Test hospital",
    ]  # fmt: skip
    assert [row[1].split(" ")[0] for row in seen.rows[at + 1 : at + 3]] == ["5,000", "900"]


def test_terms_of_the_report_say_where_they_were_read(region):
    made = report_html(region, simulate(region, scenario()))
    seen = Reader(part(made, "explained"))
    target = seen.row("Less the target|")
    assert "xiongan_and_beijing_plan_facts.csv, fact beijing_six_districts_target" in target[0]
    assert "有出处" in target[0]
    assert target[1].startswith("\u221210,850,000 persons|")


def test_a_comparison_takes_its_differences_apart(compared):
    inside = part(compared, "explained")
    seen = Reader(inside)
    assert "B − A" in unescape(inside)
    row = [row for row in seen.rows if row and row[0].startswith("Posts moved|")][-1]
    assert row[1].startswith("−900 jobs|")
    assert "A 5,900 jobs, B 5,000 jobs" in row[1]
    after = seen.rows[seen.rows.index(row) + 1]
    assert after[0].startswith("Move: Test hospital")
    assert after[1].startswith("−900 jobs|")


def test_every_limit_is_in_the_report_with_what_is_reached(text, outcome, region):
    inside = part(text, "limits")
    seen = Reader(inside)
    for one in standings(outcome.scenario, region, outcome):
        row = seen.row(section("limits.rule")[one.limit.id])
        assert one.limit.source in row[0]
        assert section("limits.rule", "zh")[one.limit.id] in row[0]
        assert row[5] == str(one.year)


def test_ranges_stand_beside_an_empty_scenario_too(region, baseline):
    moved = simulate(region, scenario())
    nothing = simulate(region, Scenario(name="Nothing moves"))
    drawn = run_ensemble(baseline, moved.scenario, size=3, measures=("population", "jobs", "wage"))
    place, year = place_of(region, "region"), 2030
    for pair, draws, sign in (((nothing, moved), (None, drawn), 1), ((moved, nothing), (drawn, None), -1)):
        seen = Reader(report_html(region, *pair, year=year, drawn=draws))
        low, high = Spread(region, moved, drawn).change("staff_daily", place, year)
        ends = sorted((sign * low, sign * high))
        row = seen.row("Staff who now commute daily")
        assert span(MEASURES["staff_daily"], Range(*ends)) in row[4]
    alone = unescape(report_html(region, moved, year=year, drawn=(drawn,)))
    low, high = Spread(region, moved, drawn).change("staff_daily", place, year)
    row = Reader(alone).row("Staff who now commute daily")
    assert span(MEASURES["staff_daily"], Range(low, high)) in row[2]
    assert low > 0
    assert said_ranges(Spread(region, moved, drawn), summary(moved)[2]) in alone
    assert said_ranges(Spread(region, moved, drawn), summary(moved, "zh")[2], "zh") in alone


def test_a_scenario_in_which_nothing_moves_says_so_and_gives_no_advice(region, baseline, other):
    empty = simulate_level0(baseline, Scenario(name="empty"))
    told = unescape(part(report_html(region, empty, other), "effects"))
    for language in ("en", "zh"):
        assert told.count(section("report", language)["nothing_moves"]) == 1
        (advice,) = summary(empty, language)
        assert advice.text not in told


def test_files_of_a_comparison_are_named_after_both(outcome, other):
    first, second = (one.scenario.hash[:8] for one in (outcome, other))
    assert stem_of(outcome, None) == f"jingjinji-report-{first}"
    assert stem_of(outcome, other) == f"jingjinji-report-{first}-{second}"
