"""Any number of scenarios side by side: the rules of two, names, order, lines that can be told apart."""

import io
import itertools
from dataclasses import replace

import numpy as np
import openpyxl
import pytest

from geo import comparison, several_charts
from geo import several as many
from geo.charts import COLOURS
from geo.errors import ModelError
from geo.outcome import Outcome
from geo.scenario import Move, Scenario
from geo.words import say

YEARS = np.array([2030, 2031])
# Machado, Oliveira and Fernandes 2009: full protanopia, deuteranopia, tritanopia; linear RGB.
BLIND = (
    np.eye(3),
    np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
)


def outcome(region, shifts=None, *, name="made up", moves=(), **more):
    """Return residents as counted, shifted in the second year: code -> persons; and minutes of 40."""
    before = {"population": region.population, "mean_minutes": np.full(199, 40.0)}
    values = {key: np.vstack([value, value]) for key, value in before.items()}
    for code, shift in (shifts or {}).items():
        values["population"][1, region.codes.index(code)] += shift
    regional = {"population": values["population"].sum(axis=1)}
    free = (YEARS, region.codes, values, before, regional, Scenario(name=name, moves=moves))
    return replace(Outcome(*free, region.content_hash, "level0"), **more)


@pytest.fixture
def found(region):
    runs = [
        outcome(region, {"110108": -1000.0}, name="One"),
        outcome(region, {"110108": -5000.0, "130629": 3000.0, "110102": 0.4}, name="Two"),
        outcome(region, name="Three"),
    ]
    return many.several(region, runs, outcome(region, name="baseline"))


def row(found, place="beijing", *, year=2031, reference=many.BASELINE, measure="population"):
    where = comparison.place_of(found.region, place)
    return many.numbers(found, year, [measure], where, reference=reference)[0]


@pytest.mark.parametrize(
    ("place", "reference", "differences"),
    [
        ("beijing", many.BASELINE, [-1000, -4999.6, 0]),
        ("beijing", 0, [0, -3999.6, 1000]),
        ("xiongan", 1, [-3000, 0, -3000]),
        ("region", 2, [-1000, -1999.6, 0]),
        ("110102", many.BASELINE, [0, 0, 0]),  # 0.4 persons are none
    ],
)
def test_differences_to_a_reference_worked_by_hand(found, place, reference, differences):
    one = row(found, place, reference=reference)
    assert one.differences == pytest.approx(differences, abs=1e-6)
    of = one.start if reference == many.BASELINE else one.values[reference]
    assert one.percents == pytest.approx([100 * change / of for change in differences])
    assert row(found, place, year=2030, reference=reference).differences == (0, 0, 0)


@pytest.mark.parametrize("place", ["region", "central", "hebei", "130600", "130629"])
@pytest.mark.parametrize("measure", ["population", "mean_minutes"])
def test_two_of_many_are_as_two_alone(found, place, measure):
    a, b = found.outcomes[:2]
    two = comparison.pair(found.region, a, b, found.baseline)
    where = comparison.place_of(found.region, place)
    (alone,) = comparison.indicators(two, 2031, [measure], [where])
    one = row(found, place, reference=0, measure=measure)
    np.testing.assert_array_equal(
        [one.start, *one.values[:2], one.differences[1], one.percents[1]],
        [alone.start, alone.first, alone.second, alone.difference, alone.percent],
    )


def test_a_place_without_a_number_has_a_chart_without_lines(found):
    chart = several_charts.several_lines(found, "mean_minutes", comparison.place_of(found.region, "xiongan"))
    held = {key: np.full_like(value, np.nan) for key, value in found.outcomes[0].values.items()}
    bare = [replace(one, values=held, before={}) for one in found.outcomes]
    empty = replace(found, outcomes=tuple(bare), baseline=replace(found.baseline, values=held, before={}))
    place = comparison.place_of(found.region, "130629")
    assert chart.spec
    assert several_charts.several_lines(empty, "mean_minutes", place).spec["data"]["values"] == []


def test_order_on_the_desk_changes_no_number(found):
    turned = many.several(found.region, found.outcomes[::-1], found.baseline)
    assert turned.names == found.names[::-1]
    assert row(turned).values == row(found).values[::-1]
    assert row(turned, reference=2).differences == row(found, reference=0).differences[::-1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"region_hash": "0" * 64}, "compare.other_layers"),
        ({"model": "full"}, "compare.wants_level0"),
        ({"years": YEARS + 1}, "compare.other_years"),
    ],
)
def test_every_stale_scenario_is_named_at_once(region, change, code):
    runs = [outcome(region, name="Fresh")]
    runs += [replace(outcome(region, name=name), **change) for name in ("Stale", "Older")]
    with pytest.raises(ModelError) as caught:
        many.several(region, runs, outcome(region, name="baseline"))
    assert [fault.code for fault in caught.value.faults] == [code, code]
    said = "".join(fault.text("zh") for fault in caught.value.faults)
    assert "Stale" in said
    assert "Older" in said
    assert "Fresh" not in said


def test_none_is_refused(region):
    with pytest.raises(ModelError):
        many.several(region, [], outcome(region))


def test_equal_names_are_told_apart(region):
    names = ["Same", "Same", "Same (2)", say("compare.baseline", "zh")]
    runs = [outcome(region, name=name) for name in names]
    made = many.several(region, runs, outcome(region)).names
    assert len(set(made)) == 4
    assert made[:2] == ("Same", "Same (2)")
    assert made[3] != say("compare.baseline", "zh")


def test_tables_hold_every_scenario_and_run_nothing(region, found):
    hostile = many.several(region, [outcome(region, name="=1+1"), *found.outcomes], found.baseline)
    rows = many.numbers(hostile, 2031, ["population"], comparison.place_of(region, "xiongan"))
    tables = [
        many.table_of_numbers(hostile, rows),
        many.table_of_differences(hostile, rows, many.BASELINE),
        many.table_of_one(hostile, rows[0], many.BASELINE),
        many.table_of_inputs(hostile, many.BASELINE),
    ]
    book = openpyxl.load_workbook(io.BytesIO(comparison.workbook(tables)))
    heads = [cell.value for cell in book.worksheets[0][1]]
    assert heads[4:8] == ["'=1+1", "One", "Two", "Three"]
    assert [cell.value for cell in book.worksheets[1][2]][4:8] == [0, 0, 3000, 0]
    assert [cell.value for cell in book.worksheets[2]["A"]][2:] == ["'=1+1", "One", "Two", "Three"]


def test_what_is_asked_differently_stands_beside_its_scenario(region):
    moves = (Move(institution="bjtu", destination="130629", start=2030, posts=100),)
    runs = [outcome(region, name="Moves", moves=moves), outcome(region, name="Rests")]
    table = many.table_of_inputs(many.several(region, runs, outcome(region)), many.BASELINE)
    said = {name: [line for other, line in table.rows if other == name] for name in ("Moves", "Rests")}
    assert len(said["Moves"]) == 1
    assert region.institutions.loc["bjtu", "name_en"] in said["Moves"][0]
    assert said["Rests"] == [say("several.same")]


# Lines ----------------------------------------------------------------------------------------------


def lab(colour, matrix):
    """Return a colour as it is seen, in CIE L*a*b*."""
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(matrix @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ seen / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_lines_are_told_apart_by_colour_and_by_dash():
    colours = (*several_charts.PALETTE, COLOURS["baseline"])
    assert len(set(several_charts.DASHES)) == len(several_charts.PALETTE) == several_charts.LINES == 8
    for matrix in BLIND:
        seen = [lab(colour, matrix) for colour in colours]
        assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 12
    for colour in several_charts.PALETTE:  # 3 to 1 against white: L* of at most 62
        assert lab(colour, np.eye(3))[0] < 62


@pytest.mark.parametrize("language", ["en", "zh"])
def test_years_of_all_are_drawn_and_said(found, language):
    place = comparison.place_of(found.region, "xiongan", language)
    chart = several_charts.several_lines(found, "population", place, language)
    assert chart.svg().startswith("<svg")
    assert all(name in chart.alt for name in found.names)
    assert [len(row) for row in chart.table.rows] == [5, 5]
    drawn = chart.spec["encoding"]
    for looks in (drawn["color"], drawn["strokeDash"]):
        assert looks["scale"]["domain"] == [say("compare.baseline", language), *found.names]
        assert len(looks["scale"]["range"]) == 4


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_not_drawn_is_said_and_in_the_table(region, language):
    long = "A scenario whose name is cut off in a legend"
    runs = [outcome(region, {"130629": 100.0 * at}, name=f"{long} {at}") for at in range(11)]
    found = many.several(region, runs, outcome(region))
    chart = several_charts.several_lines(found, "population", comparison.place_of(region, "region"), language)
    sides = {row["side"] for row in chart.spec["data"]["values"]}
    assert len(sides) == 9  # names cut alike stay apart
    assert say("several.not_drawn", language, count=3, most=8) in chart.note
    assert len(chart.table.fields) == 13
