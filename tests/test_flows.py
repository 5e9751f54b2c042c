"""Flows between counties: laws, hand-worked numbers, what the map carries, tables, charts and files."""

import csv
import io
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from test_roads import hand_made

from geo import comparison, flows
from geo.downloads import commuting_table, download, links_table, write_run
from geo.errors import ModelError
from geo.maps.export import export_html
from geo.maps.flows import PAIRS, flows_view, unpack_flows
from geo.maps.view import build_view
from geo.model.flows import commuting, commuting_change, has_flows, largest_pairs, links
from geo.model.simulate import simulate
from geo.presets import preset
from geo.scenario import Move, Scenario
from geo.words import LANGUAGES

YEAR = 2035


@pytest.fixture(scope="module")
def outcomes(region):
    """Announced, moved by now, and one office more than moved by now: a pair that differs little."""
    moved = preset("moved", region)
    office = Move(
        name="An office", kind="government", origin="110102", destination="130629", start=2027, posts=600
    )
    near = Scenario(name="moved, and an office", moves=(*moved.moves, office))
    return [simulate(region, one) for one in (preset("announced", region), moved, near)]


@pytest.fixture(scope="module")
def direct(region):
    return simulate(region, preset("moved", region), model="level0")


# Laws -----------------------------------------------------------------------------------------------


def test_links_and_own_streets_make_the_delay_of_a_county(outcomes):
    for outcome in outcomes:
        np.testing.assert_allclose(
            links(outcome).delay_by_county(), outcome.values["delay"], rtol=1e-12, atol=1e-9
        )


def test_all_links_and_streets_make_the_delay_of_the_region(outcomes):
    found = links(outcomes[0])
    total = found.delay.sum(axis=(1, 2)) + found.own.sum(axis=1)
    np.testing.assert_allclose(total, outcomes[0].regional["delay"], rtol=1e-12)
    before = found.delay_before.sum() + found.own_before.sum()
    assert before == pytest.approx(outcomes[0].before["delay"].sum(), rel=1e-12)


def test_the_mean_minutes_are_those_of_all_vehicles(outcomes):
    found, row = links(outcomes[0]), outcomes[0].position(YEAR)
    flow, minutes = found.flow[row], found.minutes[row]
    mean = found.mean_minutes(flow.sum(axis=0), found.delay[row].sum(axis=0))
    some = flow.sum(axis=0) > 0
    by_hand = (flow * minutes).sum(axis=0)[some] / flow.sum(axis=0)[some]
    assert mean[some] == pytest.approx(by_hand, rel=1e-9)
    assert (mean[~some] == found.free[~some]).all()
    assert found.mean_minutes(np.zeros(1), np.zeros(1))[0] == found.free[0]


def test_every_border_is_one_link(outcomes, region):
    ends = links(outcomes[0]).ends
    assert (ends[:, 0] < ends[:, 1]).all()
    assert len(np.unique(ends, axis=0)) == len(ends)
    shapes = region.counties.geometry.to_numpy()
    apart = shapely.distance(shapes[ends[:, 0]], shapes[ends[:, 1]])
    assert apart.max() < 0.02  # degrees


@pytest.mark.parametrize("year", [2021, YEAR, 2050])
def test_pairs_add_up_to_in_and_out_commuters(outcomes, year):
    for outcome in outcomes:
        change = commuting_change(outcome, year)
        np.fill_diagonal(change, 0.0)
        np.testing.assert_allclose(change.sum(axis=0), outcome.change("in_commuters", year), atol=1e-6)
        np.testing.assert_allclose(change.sum(axis=1), outcome.change("out_commuters", year), atol=1e-6)


def test_nothing_moves_nothing_changes(region):
    still = simulate(region, Scenario(name="still"))
    assert not commuting_change(still, YEAR).any()
    found = links(still)
    assert (found.flow == found.flow_before).all()
    assert (found.delay == found.delay_before).all()


# By hand --------------------------------------------------------------------------------------------


def made_up(before, after):
    """Return an outcome of two counties whose daily trips change from one matrix to another in 2021."""
    roads = hand_made(before)
    later = SimpleNamespace(traffic=roads.assign(np.array(after)), daily=np.array(after))
    solved = SimpleNamespace(years=(None, later, later), trips=np.array(before))
    world = SimpleNamespace(air=SimpleNamespace(roads=roads), solved=solved)
    years = np.array([2020, 2021])
    return SimpleNamespace(
        years=years, codes=("a", "b"), world=world, scenario=Scenario(name="made up"),
        position=lambda year: int(np.flatnonzero(years == year)[0]),
    )  # fmt: skip


def test_a_link_by_hand():
    # 100 cars on 100: 10 (1 + 0.15) = 11.5 minutes, 150 minutes lost; 200 cars: 34 minutes, 4,800 lost
    outcome = made_up(((500.0, 1000.0), (0.0, 200.0)), ((500.0, 2000.0), (0.0, 200.0)))
    found = links(outcome)
    assert found.ends.tolist() == [[0, 1]]
    assert found.flow_before == pytest.approx(np.array([[100], [0]]))
    assert found.minutes_before == pytest.approx(np.array([[11.5], [10]]))
    assert found.delay_before == pytest.approx(np.array([[150 / 60], [0]]))
    assert found.flow[1] == pytest.approx(np.array([[200], [0]]))
    assert found.minutes[1] == pytest.approx(np.array([[34], [10]]))
    assert found.delay[1] == pytest.approx(np.array([[4800 / 60], [0]]))
    assert found.delay[0] == pytest.approx(found.delay_before)
    # streets: 50 cars lose 0.375 minutes each, 20 cars 0.15
    own = np.array([50 * 0.375, 20 * 0.15]) / 60
    assert found.own == pytest.approx(np.stack([own, own]))
    assert found.delay_by_county()[1] == pytest.approx(own + 40)


def test_pairs_by_hand():
    outcome = made_up(((500.0, 1000.0), (0.0, 200.0)), ((400.0, 1060.0), (40.0, 200.0)))
    change = commuting_change(outcome, 2021)
    assert change.tolist() == [[-100, 60], [40, 0]]
    assert largest_pairs(change, 9).tolist() == [[0, 1], [1, 0]]  # the diagonal crosses no border
    assert largest_pairs(change, 1).tolist() == [[0, 1]]
    assert largest_pairs(change, 9, least=50).tolist() == [[0, 1]]
    assert largest_pairs(np.array([[0, -3.0], [3.0, 0]]), 9).tolist() == [[0, 1], [1, 0]]
    assert change.tolist() == [[-100, 60], [40, 0]]  # what was asked stays as it was


# Without flows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [links, commuting])
def test_direct_effects_hold_no_flows_and_say_so(direct, ask):
    assert not has_flows(direct)
    with pytest.raises(ModelError) as caught:
        ask(direct)
    assert "level 0" in caught.value.faults[0].text("en")
    assert "零级" in caught.value.faults[0].text("zh")


def test_direct_effects_are_compared_and_written_without_flows(region, direct, tmp_path):
    two = comparison.pair(region, direct, direct)
    assert flows.flow_tables(two, YEAR) == ()
    names = {path.name for path in write_run(direct, region, tmp_path)}
    assert not names & {"links.csv", "commuting.csv"}
    assert flows_view([direct]) is None
    assert '"flows":""' in export_html(build_view(region, [("one", direct)]))


# What the map carries -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def view(outcomes, direct):
    return flows_view([*outcomes[:1], direct, *outcomes[1:]])


def test_packed_flows_come_back(view):
    read = unpack_flows(view.packed, [31] * 4)
    assert (read.ends == view.ends).all()
    assert (read.pairs == view.pairs).all()
    assert read.km == pytest.approx(view.km, abs=0.051)
    assert read.free == pytest.approx(view.free, abs=0.0051)
    assert [one is None for one in read.scenarios] == [False, True, False, False]
    for one, two in zip(read.scenarios, view.scenarios, strict=True):
        if two is None:
            continue
        assert one.flow - read.flow_before == pytest.approx(two.flow - view.flow_before, abs=0.2501)
        assert one.delay - read.delay_before == pytest.approx(two.delay - view.delay_before, abs=0.0101)
        assert one.trips - one.trips_before == pytest.approx(two.trips - two.trips_before, abs=0.1001)
        assert one.flow == pytest.approx(two.flow, abs=0.76)
        assert one.delay == pytest.approx(two.delay, abs=0.061)
        assert one.trips == pytest.approx(two.trips, abs=0.61)


def test_no_change_stays_exactly_none(region, outcomes):
    still = simulate(region, Scenario(name="still"))
    view = flows_view([outcomes[1], still])
    read = unpack_flows(view.packed, [31, 31]).scenarios[1]
    assert (np.diff(read.flow, axis=0) == 0).all()
    assert (read.trips == read.trips_before).all()


@pytest.mark.parametrize("sides", [(None, 0), (None, 1), (0, 1), (1, 2)])
@pytest.mark.parametrize("year", [2026, YEAR, 2050])
def test_the_map_holds_every_pair_that_a_full_ranking_shows(outcomes, view, sides, year):
    first, second = (None if side is None else outcomes[side] for side in sides)
    change = commuting(second, year) - (commuting(second) if first is None else commuting(first, year))
    wanted = {tuple(pair) for pair in largest_pairs(change, PAIRS).tolist()}
    assert wanted
    assert wanted <= {tuple(pair) for pair in view.pairs.tolist()}


def test_the_same_outcomes_make_the_same_part(outcomes):
    assert flows_view(outcomes) is flows_view(list(outcomes))
    assert flows_view(outcomes[:2]) is not flows_view(outcomes)


def test_a_map_of_three_scenarios_grows_by_little(outcomes):
    assert len(flows_view(outcomes).packed) * 4 / 3 < 30_000  # bytes of base64 in an exported file


# Compared -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(region, outcomes):
    return comparison.pair(region, outcomes[1], outcomes[0])


def test_links_that_differ_are_b_less_a(two, outcomes):
    rows = flows.links_that_differ(two, YEAR)
    sizes = [abs(row.difference) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) >= 0.05
    found = [links(one) for one in (outcomes[1], outcomes[0])]
    ends = [tuple(pair) for pair in found[0].ends.tolist()]
    at = ends.index(tuple(two.region.codes.index(code) for code in (rows[0].first, rows[0].second)))
    place = outcomes[0].position(YEAR)
    levels = [one.delay[place, :, at].sum() for one in found]
    assert (rows[0].a, rows[0].b) == pytest.approx(levels)
    assert rows[0].difference == pytest.approx(levels[1] - levels[0])
    assert flows.links_that_differ(comparison.pair(two.region, two.first, two.first), YEAR) == ()


def test_pairs_that_differ_leave_out_what_is_less_than_a_trip(two, outcomes):
    rows = flows.pairs_that_differ(two, YEAR)
    change = commuting(outcomes[0], YEAR) - commuting(outcomes[1], YEAR)
    np.fill_diagonal(change, 0.0)
    assert len(rows) == int((np.abs(change) >= 0.5).sum())
    assert abs(rows[0].difference) == pytest.approx(np.abs(change).max())
    home, work = (two.region.codes.index(code) for code in (rows[0].first, rows[0].second))
    assert rows[0].difference == pytest.approx(change[home, work])


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_speak_and_carry_their_numbers(two, language):
    for make in (flows.delay_chart, flows.commuting_chart):
        chart = make(two, YEAR, language)
        bars = chart.spec["data"]["values"]
        assert len(bars) == 12
        assert len({bar["name"] for bar in bars}) == 12
        assert [bar["value"] for bar in bars] == sorted((bar["value"] for bar in bars), reverse=True)
        assert len(chart.table.rows) > 12
        assert str(YEAR) in chart.title
        assert bars[-1]["text"] in chart.alt
        assert chart.svg().startswith("<svg")
    assert (
        len(
            openpyxl.load_workbook(
                io.BytesIO(comparison.workbook(flows.flow_tables(two, YEAR, language)))
            ).sheetnames
        )
        == 2
    )


def test_alike_is_empty(two):
    same = comparison.pair(two.region, two.first, two.first)
    assert flows.delay_chart(same, YEAR).empty
    assert flows.commuting_chart(same, YEAR).empty


def test_two_bars_never_share_a_name():
    rows = [flows.Between(code, "2", "Qiaoxi District", "B", 0.0, 1.0, 1.0) for code in ("130104", "130703")]
    assert len({name for name, _ in flows._named(rows, "–")}) == 2


# Files ----------------------------------------------------------------------------------------------


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def test_a_run_has_its_flows(region, outcomes, tmp_path):
    outcome = outcomes[1]
    paths = {path.name: path for path in write_run(outcome, region, tmp_path, year=YEAR)}
    listed = rows_of(paths["links.csv"])
    keys = [field.id for field in links_table(region, outcome, year=YEAR).fields]
    assert len(listed) == 1 + len(links(outcome).ends) * len(outcome.years)
    lost = keys.index("delay")
    total = sum(float(row[lost]) for row in listed[1:] if row[0] == str(YEAR))
    assert total == pytest.approx(links(outcome).delay[outcome.position(YEAR)].sum(), abs=1e-3)
    pairs = rows_of(paths["commuting.csv"])
    change = commuting_change(outcome, YEAR)
    np.fill_diagonal(change, 0.0)
    written = sum(float(row[-1]) for row in pairs[1:] if row[0] == str(YEAR))
    assert written == pytest.approx(change[np.abs(change) >= 0.5].sum(), abs=1e-2)


def test_the_geopackage_draws_links_and_pairs(region, outcomes, tmp_path):
    outcome, path = outcomes[1], tmp_path / "run.gpkg"
    path.write_bytes(download(region, outcome, "gpkg", YEAR))
    assert {"links", "commuting"} <= {name for name, _ in pyogrio.list_layers(path)}
    found = gpd.read_file(path, layer="links")
    assert len(found) == len(links(outcome).ends)
    first = found.iloc[0]
    ends = [
        tuple(region.counties.loc[code, ["lon", "lat"]]) for code in (first["from_code"], first["to_code"])
    ]
    assert np.array(first.geometry.coords) == pytest.approx(np.array(ends))
    assert found["delay_change"].sum() == pytest.approx(
        links(outcome).delay[outcome.position(YEAR)].sum() - links(outcome).delay_before.sum(), abs=1e-3
    )
    pairs = gpd.read_file(path, layer="commuting")
    assert set(pairs.geom_type) == {"LineString"}
    assert (pairs["change_trips"].abs().diff().dropna() <= 1e-6).all()


def test_columns_say_unit_status_and_source(region, outcomes):
    for make in (links_table, commuting_table):
        table = make(region, outcomes[1], "zh", year=YEAR)
        numbers = table.fields[5:]
        assert all(field.unit and field.status and field.source for field in numbers)
    sheets = openpyxl.load_workbook(io.BytesIO(download(region, outcomes[1], "xlsx", YEAR, "zh"))).sheetnames
    assert {"道路路段", "通勤"} <= set(sheets)
