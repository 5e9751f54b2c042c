"""Comparison: hand-worked numbers, noise, refusals, shared classes."""

import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import comparison as compare
from geo.classes import BLUES, BROWNS, MISSING, NEUTRAL, TEALS, breaks
from geo.errors import ModelError
from geo.measures import MEASURES, across
from geo.model.result import MODEL_VERSION
from geo.outcome import Outcome
from geo.scenario import Move, Scenario

COLOURS = Path(__file__).parents[1] / "geo" / "maps" / "page_colour.js"
YEARS = np.array([2030, 2031])


def outcome(region, shifts=None, *, scenario=None, **more):
    """Return residents as counted, shifted in the second year: code -> persons; and minutes of 40."""
    before = {
        "population": region.counties["population"].to_numpy(dtype=float),
        "mean_minutes": np.full(199, 40.0),
    }
    values = {key: np.vstack([value, value]) for key, value in before.items()}
    for code, shift in (shifts or {}).items():
        values["population"][1, region.codes.index(code)] += shift
    regional = {"population": values["population"].sum(axis=1)}
    given_ = {
        "years": YEARS,
        "codes": region.codes,
        "values": values,
        "before": before,
        "regional": regional,
        "scenario": scenario or Scenario(name="made up"),
        "region_hash": region.content_hash,
        "model": "level0",
    }
    return Outcome(**given_ | more)


@pytest.fixture
def two(region):
    a = outcome(region, {"110108": -1000.0})
    b = outcome(region, {"110108": -5000.0, "130629": 3000.0, "110102": 0.4})
    return compare.pair(region, a, b, outcome(region))


def row_of(two, place, measure="population", year=2031):
    return compare.indicators(two, year, [measure], [compare.place_of(two.region, place)])[0]


@pytest.mark.parametrize(
    ("place", "difference"),
    [
        ("110108", -4000),
        ("130629", 3000),
        ("110102", 0),
        ("beijing", -3999.6),
        ("central", -3999.6),
        ("xiongan", 3000),
        ("hebei", 3000),
        ("tianjin", 0),
        ("130600", 3000),
        ("region", -999.6),
    ],
)
def test_differences_by_place_worked_by_hand(two, place, difference):
    row = row_of(two, place)
    assert row.difference == pytest.approx(difference, abs=1e-6)
    inside = compare.place_of(two.region, place).inside
    assert row.start == pytest.approx(two.region.counties["population"].to_numpy()[inside].sum())
    assert row.percent == pytest.approx(100 * difference / row.first)
    assert row_of(two, place, year=2030).difference == 0


def test_a_mean_is_weighted_and_a_mean_that_makes_no_sense_is_not_formed():
    values, weights = np.array([[10.0, 40.0, np.nan]]), np.array([[3.0, 1.0, 5.0]])
    inside = np.array([True, True, True])
    assert compare.aggregated(values, weights, inside) == pytest.approx([17.5])  # (3*10 + 40) / 4
    assert compare.aggregated(values, None, inside) == pytest.approx([50.0])
    assert np.isnan(compare.aggregated(values, weights, np.array([False, False, True]))).all()


# No mean over counties is formed of these: ratios of changes, a speed, and numbers of the region alone.
NO_MEAN = {
    "private_per_post", "services_per_post", "peak_speed", "exposure", "welfare", "gini", "theil_within",
    "theil_between", "income_beijing_hebei", "income_tianjin_hebei", "xiongan_fill",
}  # fmt: skip


def test_of_every_measure_it_is_decided_how_counties_make_a_group():
    undecided = {key for key, measure in MEASURES.items() if not across(key, measure.unit)}
    assert undecided <= NO_MEAN


def test_people_who_move_do_not_carry_a_citys_value_along(region):
    levels = np.linspace(10, 90, 199)
    held = {"pm25": np.vstack([levels, levels])}
    a, b = outcome(region), outcome(region, {"110108": -1e6, "130629": 1e6})
    for one in (a, b):
        one.values.update(held)
        one.before["pm25"] = levels
    two = compare.pair(region, a, b)
    row = row_of(two, "beijing", "pm25")
    assert row.difference == 0
    assert row.start == pytest.approx(row.first)


def test_every_place_holds_what_it_says(region):
    sizes = {place.id: int(place.inside.sum()) for place in compare.groups(region)}
    assert (sizes["region"], sizes["central"], sizes["xiongan"]) == (199, 6, 3)
    assert sizes["beijing"] + sizes["tianjin"] + sizes["hebei"] == 199
    assert np.sum([place.inside for place in compare.cities(region)], axis=0).tolist() == [1] * 199


@pytest.mark.parametrize(
    ("measure", "change", "kept"),
    [
        ("population", 0.49, 0.0),
        ("population", -0.5, -0.5),
        ("mean_minutes", 0.049, 0.0),
        ("mean_minutes", 0.06, 0.06),
    ],
)
def test_noise_below_the_shown_tolerance_is_no_change(measure, change, kept):
    assert float(compare.settled(MEASURES[measure], np.array(change))) == kept


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-0.499, 0.499), min_size=199, max_size=199))
def test_noise_is_nobodys_gain(region, noise):
    quiet = outcome(region, dict(zip(region.codes, noise, strict=True)))
    two = compare.pair(region, outcome(region), quiet)
    assert compare.ranking(two, "population", 2031) == ((), ())
    rows = compare.indicators(two, 2031, ["population"], compare.counties(region))
    assert all(row.difference == 0 and row.percent == 0 for row in rows)


def test_gainers_and_losers_by_name_largest_first(two):
    gains, losses = compare.ranking(two, "population", 2031)
    assert [(row.name, row.difference) for row in gains] == [("Rongcheng County", 3000.0)]
    assert [(row.code, row.difference) for row in losses] == [("110108", -4000.0)]


def test_percent_of_nothing_is_no_number():
    assert np.isnan(compare.percent(MEASURES["posts"], 5.0, 0.2))
    assert compare.percent(MEASURES["posts"], -5.0, -50.0) == -10.0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"region_hash": "0" * 64}, "compare.other_layers"),
        ({"model": "full"}, "compare.wants_level0"),
        ({"version": MODEL_VERSION - 1}, "compare.other_version"),
        ({"years": YEARS + 1}, "compare.other_years"),
        ({"codes": ("110101",)}, "compare.other_layers"),
    ],
)
def test_outcomes_of_other_data_models_or_years_are_refused_in_both_languages(region, change, code):
    with pytest.raises(ModelError) as caught:
        compare.pair(region, outcome(region), replace(outcome(region), **change))
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == (code, "b")
    assert "made up" in fault.text("en")
    assert "made up" in fault.text("zh")


def test_a_stale_first_is_refused_too(region):
    stale = replace(outcome(region), region_hash="0" * 64)
    with pytest.raises(ModelError) as caught:
        compare.pair(region, stale, stale)
    assert [fault.where for fault in caught.value.faults] == ["a", "b"]


def moves(**more):
    return Scenario(
        name="made up",
        moves=(Move(institution="bjtu", destination="130629", start=2030, years=1, posts=100, **more),),
    )


def test_flows_and_classes_worked_by_hand(region):
    a = outcome(region, scenario=moves())
    b = outcome(region, scenario=moves(share=0.5))
    two = compare.pair(region, a, b)
    (flow,) = compare.flows(two, 2031)
    assert (flow.origin, flow.destination, flow.first, flow.second, flow.difference) == (
        "110108", "130629", 100, 50, -50,
    )  # fmt: skip
    found = {(row.kind, row.what): (row.first, row.second) for row in compare.kinds(two, 2031)}
    assert found["university", "posts"] == (100, 50)
    assert compare.flows(compare.pair(region, outcome(region), outcome(region)), 2031) == ()


@pytest.mark.parametrize(("language", "part"), [("en", "50 %"), ("zh", "50%")])
def test_what_is_asked_differently_is_said_in_words(region, language, part):
    (said,) = compare.input_differences(moves(), moves(share=0.5), region, language)
    assert part in said
    assert region.institutions.loc["bjtu", f"name_{language}"] in said
    assert compare.input_differences(moves(), moves(), region, language) == ()


def test_a_workbook_runs_nothing(two):
    table = compare.table_of_rows([row_of(two, "xiongan")])
    hostile = replace(table, rows=(("=1+1", *table.rows[0][1:]),))
    book = openpyxl.load_workbook(io.BytesIO(compare.workbook([hostile])))
    assert book.worksheets[0]["A2"].value == "'=1+1"
    assert book.worksheets[0]["A2"].data_type == "s"
    assert book.worksheets[0]["G2"].value == 3000


# Classes --------------------------------------------------------------------------------------------

ARRAYS = (
    ([-3.0, 0.2, 7.0, 12.0, 40.0], 0, True),
    ([0.1, -0.2], 0, True),
    (list(range(1, 200)), 0, False),
    ([0.0] * 80 + [3.0, 5.0, 8.0, 900.0, 12345.0] * 4, 0, False),
    ([float("nan"), 2.0, 2.0], 1, False),
    ([], 0, False),
)


def test_classes_worked_by_hand():
    classes = breaks([np.array([-100.0, 10.0]), np.array([50.0, 0.1])], digits=0, diverging=True)
    assert classes.bounds == (-100, -88, -55, -0.5, 0.5, 55, 88, 100)  # quantiles of 10, 50, 100
    assert classes.of(np.array([-90, -60, 0.4, 55, 99, np.nan])).tolist() == [0, 1, 3, 5, 6, -1]
    assert classes.counts(np.array([0.0, 0.1, 60, np.nan])) == ([0, 0, 0, 2, 0, 1, 0], 1)


def test_two_scenarios_share_their_classes_whatever_their_order():
    a, b = np.array([1.0, 5.0, 9.0]), np.array([2.0, 80.0, np.nan])
    for diverging in (True, False):
        assert breaks([a, b], digits=0, diverging=diverging) == breaks([b, a], digits=0, diverging=diverging)


def test_colours_are_those_of_the_map():
    source = COLOURS.read_text("utf-8")
    for name, colours in (("TEALS", TEALS), ("BROWNS", BROWNS), ("BLUES", BLUES)):
        listed = re.search(rf"const {name} = \[(.*?)\]", source)[1]
        assert tuple(re.findall(r"#\w{6}", listed)) == colours
    assert f'NEUTRAL = "{NEUTRAL}"' in source
    assert f'MISSING = "{MISSING}"' in source


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run the map's own script")
@pytest.mark.parametrize(("values", "digits", "diverging"), ARRAYS)
def test_classes_are_those_of_the_map(tmp_path, values, digits, diverging):
    name = "divergingClasses" if diverging else "sequentialClasses"
    given_ = json.dumps([None if v != v else v for v in values])  # noqa: PLR0124 -- NaN
    script = tmp_path / "run.js"
    script.write_text(
        "const clamp = (v, low, high) => Math.min(Math.max(v, low), high);\n"
        + COLOURS.read_text("utf-8")
        + f"\nconst c = {name}([{given_}.map((v) => (v === null ? NaN : v))], {digits});"
        + "\nconsole.log(JSON.stringify([c.bounds, c.colours, c.digits]));",
        "utf-8",
    )
    done = subprocess.run(["node", str(script)], capture_output=True, check=True, text=True)
    bounds, colours, shown = json.loads(done.stdout)
    classes = breaks([np.array(values, dtype=float)], digits=digits, diverging=diverging)
    assert list(classes.bounds) == pytest.approx(bounds)
    assert list(classes.colours) == colours
    assert classes.digits == shown
