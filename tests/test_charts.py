"""Charts and the timeline: rendered without a network, in both languages, with all that belongs to them."""

import json
import re
import socket

import numpy as np
import pytest

from geo import charts, comparison
from geo.classes import BLUES, BROWNS
from geo.model.level0 import simulate_level0
from geo.presets import preset
from geo.timeline import STATES, Event, state_in, table_of_events, timeline, years_of

YEAR = 2035


@pytest.fixture(scope="module")
def two(region):
    runs = [simulate_level0(region, preset(name, region, "en")) for name in ("moved", "announced", "empty")]
    return comparison.pair(region, *runs)


def every_chart(two, language):
    place = comparison.place_of(two.region, "xiongan", language)
    return [
        charts.years_lines(two, "population", place, language),
        charts.who_gains(two, "population", YEAR, language),
        charts.by_city(two, "mean_minutes", YEAR, language),
        charts.spread_of_counties(two, "population", YEAR, language),
        charts.what_moves(two, YEAR, language),
        charts.where_from_where_to(two, YEAR, language),
        charts.timeline_chart(timeline(two.region, language), 2027, language),
    ]


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_chart_renders_and_carries_its_words_and_numbers(two, language, no_network):
    for chart in every_chart(two, language):
        svg = chart.svg()
        assert svg.startswith("<svg")
        # nothing to load, neither in the picture nor in what Streamlit draws
        assert not re.search(r'(href|src)="http', svg)
        assert '"url"' not in chart.json()
        assert chart.title
        assert chart.alt
        assert chart.note
        assert chart.table.rows
        assert not chart.empty
        wide = [len(row) for row in chart.table.rows]
        assert set(wide) == {len(chart.table.fields)}


def test_chinese_text_and_numbers_are_in_the_picture(two):
    place = comparison.place_of(two.region, "xiongan", "zh")
    svg = charts.years_lines(two, "population", place, "zh").svg()
    assert "常住人口：雄安（三县）" in svg
    assert re.search(r">\d+(\.\d+)?万<", svg)
    assert "万" not in charts.years_lines(two, "population", place, "en").svg()


def test_chinese_is_drawn_and_not_boxes(two):
    if not charts.draws_chinese():
        pytest.skip("no font for Chinese on this machine")
    chart = charts.what_moves(two, YEAR, "zh")
    assert chart.png(1.0).startswith(b"\x89PNG\r\n")
    assert chart.pdf().startswith(b"%PDF")


def test_a_renderer_without_the_font_is_noticed(monkeypatch):
    class Boxes:
        @staticmethod
        def svg_to_png(_):
            return b"two boxes"

    monkeypatch.setattr(charts, "_converter", Boxes)
    assert not charts.draws_chinese.__wrapped__()


def bars(chart):
    return {row["name"]: row for row in chart.spec["data"]["values"]}


def test_bars_have_the_maps_colours_of_more_and_less(two):
    found = bars(charts.who_gains(two, "population", YEAR))
    for row in found.values():
        assert row["colour"] in (BLUES if row["value"] > 0 else BROWNS)
    largest = max(found.values(), key=lambda row: abs(row["value"]))
    assert largest["colour"] in {BLUES[-1], BROWNS[-1]}


def test_colours_hold_for_all_years(two):
    early, late = (bars(charts.who_gains(two, "population", year)) for year in (2027, 2050))
    shared = {row["value"]: row["colour"] for row in early.values()}
    classes = comparison.settled(
        charts.MEASURES["population"], two.second.values["population"] - two.first.values["population"]
    )
    expected = charts.breaks([classes], digits=0, diverging=True)
    assert early.keys() != late.keys()
    for value, colour in shared.items():
        assert colour == expected.colours[int(expected.of(np.array([value]))[0])]


def test_noise_stays_flat_in_the_lines(two):
    place = comparison.place_of(two.region, "region")
    chart = charts.years_lines(two, "population", place)
    low, high = chart.spec["encoding"]["y"]["scale"]["domain"]
    assert high - low > 0.99e-3 * high  # the region's sum moves by rounding alone
    assert len({row["value"] for row in chart.spec["data"]["values"]}) == 1


def test_names_from_data_stay_text(two, region):
    hostile = '<img src=x onerror="window.hacked=1">'
    scenario = two.first.scenario.model_copy(update={"name": hostile})
    named = type(two)(region, type(two.first)(**{**vars(two.first), "scenario": scenario}), two.second)
    svg = charts.what_moves(named, YEAR).svg()
    assert "<img" not in svg
    assert "&lt;img" in svg


def test_counties_in_the_classes_add_up(two):
    table = charts.spread_of_counties(two, "population", YEAR).table
    assert [sum(row[at] for row in table.rows) for at in (1, 2)] == [199, 199]


def event(**dates):
    known = dict.fromkeys(("announced", "opened", "expected", "start", "end")) | dates
    return Event("x", "X", "school", "moved", "", **known, source="made up", status="sourced")


@pytest.mark.parametrize(
    ("dates", "year", "state"),
    [
        ({"announced": 2022, "expected": 2027}, 2021, "later"),
        ({"announced": 2022, "expected": 2027}, 2022, "announced"),
        ({"announced": 2022, "expected": 2027}, 2027, "expected"),
        ({"announced": 2014, "opened": 2021}, 2021, "open"),
        ({"start": 2018, "end": 2019}, 2018, "moving"),
        ({"start": 2018, "end": 2019}, 2019, "open"),
        ({"opened": 2024, "end": 2025}, 2024, "open"),
        ({}, 2030, "undated"),
    ],
)
def test_what_is_open_by_a_year(dates, year, state):
    assert state_in(event(**dates), year) == state
    assert state in STATES


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_timeline_holds_every_institution_and_invents_no_date(region, language):
    events = timeline(region, language)
    listed = {event.id: event for event in events}
    assert set(region.institutions.index) <= set(listed)
    assert "tongzhou_pop" not in listed  # a trend, not a move
    assert listed["bjtu"].name == region.institutions.loc["bjtu", f"name_{language}"]
    assert (listed["bjtu"].announced, listed["bjtu"].expected, listed["bjtu"].opened) == (2022, 2027, None)
    assert all(event.hypothetical == (event.stage == "candidate") for event in events)
    assert not any(event.years for event in events if event.hypothetical)
    years = years_of(events)
    assert list(years) == list(range(years[0], years[-1] + 1))
    table = table_of_events(events, language, 2026)
    assert len(table.rows) == len(events)
    if language == "zh":
        assert all(re.search("[\u4e00-\u9fff]", event.name) for event in events)


def test_a_chart_is_plain_json(two):
    for chart in every_chart(two, "en"):
        assert json.loads(chart.json()) == json.loads(json.dumps(chart.spec))
