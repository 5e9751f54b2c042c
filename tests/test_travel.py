"""Minutes by road and rail: hand-worked numbers and laws."""

import numpy as np
import pandas as pd
import pytest

from geo.errors import ModelError
from geo.model.level0 import calibrate
from geo.model.travel import (
    FLOOR_MINUTES,
    TERMINAL_MINUTES,
    RailParameters,
    RoadFit,
    RoadGraph,
    composite_minutes,
    fit_roads,
    measure_travel,
    own_zone_minutes,
    rail_minutes,
    road_graph,
    road_minutes,
)


def _graph(km=(10.0, 20.0), classes=(0, 2), congestion=(2.0, 1.0)):
    links = np.array([[0, 1], [1, 2]])
    return RoadGraph(("a", "b", "c"), links, np.array(km), np.array(classes), np.array(congestion))


def _fit(detour=1.2, speeds=(36.0, 60.0, 72.0, 50.0)):
    return RoadFit(detour, speeds, 0.0, 0.0, pd.DataFrame())


def test_road_minutes_by_hand():
    # 10 km x 1.2 at 36 km/h = 20 minutes, 20 km x 1.2 at 72 km/h = 20 minutes, ten at the ends
    free = road_minutes(_graph(), _fit(), peak=False)
    assert free == pytest.approx(np.array([[0, 30, 50], [30, 0, 30], [50, 30, 0]]))
    # in the peak the first link takes twice as long
    peak = road_minutes(_graph(), _fit(), peak=True)
    assert peak[0] == pytest.approx([0, 50, 70])


def test_composite_by_hand():
    # two modes of 30 minutes each are worth 30 - ln 2 / 0.1 minutes together
    assert composite_minutes(np.array(30.0), np.array(30.0), 0.1) == pytest.approx(30 - np.log(2) / 0.1)
    assert composite_minutes(np.array(30.0), np.array(np.inf), 0.1) == pytest.approx(30)
    assert composite_minutes(np.array(60.0), np.array(40.0), 0.1, asc=1.0) == pytest.approx(
        -np.log(np.exp(-6) + np.exp(1 - 4)) / 0.1
    )
    with pytest.raises(ModelError):
        composite_minutes(np.array(1.0), np.array(1.0), 0.0)


def test_a_second_mode_never_makes_it_slower():
    random = np.random.default_rng(1)
    road, rail = random.uniform(5, 200, (2, 50))
    assert (composite_minutes(road, rail, 0.08) <= np.minimum(road, rail) + 1e-12).all()
    assert (composite_minutes(road, rail, 0.08, 1.0) < composite_minutes(road, rail, 0.08)).all()


def test_own_zone_by_hand():
    # disc of radius 10 km: mean distance 128/(45 pi) x 10 = 9.05 km; 2 minutes a km; terminal 10
    minutes = own_zone_minutes(np.array([np.pi * 100]), np.array([2.0]))
    assert minutes == pytest.approx([TERMINAL_MINUTES + 2 * 9.0541], abs=1e-3)
    assert own_zone_minutes(np.array([1e-9]), np.array([2.0])) >= FLOOR_MINUTES


def _rail(links, access, year=2020):
    frame = pd.DataFrame(
        links, columns=["from_station", "to_station", "line_id", "minutes", "km", "opening_year", "state"]
    )
    stations = pd.DataFrame(index=["s", "t", "u"])
    return rail_minutes(stations, frame, np.array(access), year=year, parameters=RailParameters(20, 5, 60))


INF = np.inf
ACCESS = [[10.0, INF, INF], [INF, 10.0, INF], [INF, INF, 10.0]]
LINKS = [
    ("s", "t", "A", 15.0, 30.0, 2010, "open"),
    ("t", "u", "A", 15.0, 30.0, 2010, "open"),
]


def test_rail_by_hand():
    # access 10 + wait 20 + ride 15 + leave 5 + egress 10
    minutes = _rail(LINKS, ACCESS)
    assert minutes[0, 1] == pytest.approx(60)
    # on the same line nobody waits again
    assert minutes[0, 2] == pytest.approx(75)
    assert np.isinf(np.diag(minutes)).all()
    assert minutes == pytest.approx(minutes.T)


def test_a_change_of_line_waits_again():
    other = [LINKS[0], ("t", "u", "B", 15.0, 30.0, 2010, "open")]
    assert _rail(other, ACCESS)[0, 2] == pytest.approx(95)


def test_a_skip_stop_link_is_taken_instead_not_as_well():
    fast = [*LINKS, ("s", "u", "A", 25.0, 60.0, 2010, "open")]
    assert _rail(fast, ACCESS)[0, 2] == pytest.approx(70)


@pytest.mark.parametrize(
    ("year", "state", "runs"),
    [
        (2030, "under construction", True),
        (None, "open", True),
        (None, "planned", False),
        (2021, "open", False),
    ],
)
def test_only_open_lines_run(year, state, runs):
    links = [("s", "t", "A", 15.0, 30.0, year, state), ("t", "u", "B", 15.0, 30.0, 2010, "open")]
    minutes = _rail(links, ACCESS, year=2030 if year == 2030 else 2020)
    assert np.isfinite(minutes[0, 1]) == runs


def test_of_two_links_between_the_same_stations_the_faster_runs():
    twice = [LINKS[0], ("s", "t", "A", 12.0, 30.0, 2010, "open")]
    assert _rail(twice, ACCESS)[0, 1] == pytest.approx(57)


def test_missing_minutes_are_read_off_a_line():
    # minutes = 5 + 0.5 km through (20, 15) and (40, 25): a link of 30 km takes 20
    links = [
        ("s", "t", "A", 15.0, 20.0, 2010, "open"),
        ("t", "u", "B", 25.0, 40.0, 2010, "open"),
        ("s", "u", "C", None, 30.0, 2010, "open"),
    ]
    assert _rail(links, ACCESS)[0, 2] == pytest.approx(10 + 20 + 20 + 5 + 10)


def _counties(codes, lon):
    return pd.DataFrame(
        {"lon": lon, "lat": 0.0, "population": 1000.0, "area_km2": 1.0, "city_code": "110000"}, index=codes
    )


def test_links_are_as_long_as_the_great_circle():
    graph = road_graph(_counties(["a", "b"], [0.0, 1.0]), np.array([[0, 1]]))
    assert graph.km == pytest.approx([6371.0088 * np.pi / 180])


def test_a_graph_in_two_parts_is_refused():
    with pytest.raises(ModelError, match="c, d"):
        road_graph(_counties(list("abcd"), [0.0, 1.0, 2.0, 3.0]), np.array([[0, 1], [2, 3]]))


def test_a_fit_finds_the_speed_it_was_made_with():
    codes = ("110101", "120101", "130629")
    graph = RoadGraph(
        codes, np.array([[0, 1], [1, 2]]), np.array([100.0, 100.0]), np.array([2, 2]), np.ones(2)
    )
    rows = pd.DataFrame(
        {
            "from": ["Beijing"] * 30, "to": ["Tianjin"] * 15 + ["Xiong'an"] * 15,
            "km": [110.0] * 15 + [220.0] * 15, "minutes": [66.0] * 15 + [132.0] * 15,
            "kind": "drive", "note": None, "status": "sourced",
        }
    )  # fmt: skip
    fit = fit_roads(graph, rows)
    assert fit.detour == pytest.approx(1.1, rel=0.01)
    assert fit.speeds[2] == pytest.approx(100, rel=0.02)
    assert fit.rmse_minutes < 1
    with pytest.raises(ModelError):
        fit_roads(graph, rows.assign(status="unverified"))


# The region as it ships -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def travel(region):
    return calibrate(region).travel


def test_the_fit_is_reported_and_near(travel):
    fit = travel.fit
    assert {"model_km", "model_minutes", "used_km", "used_minutes"} <= set(fit.table.columns)
    assert fit.table["used_minutes"].sum() >= 8
    assert fit.rmse_minutes < 25
    assert fit.rmse_km < 20
    assert np.argmin(fit.speeds) == 0  # town links are the slowest


def test_times_are_possible(travel):
    minutes = travel.minutes(0.1)
    assert np.isfinite(minutes).all()
    assert (minutes >= FLOOR_MINUTES).all()
    assert travel.road == pytest.approx(travel.road.T)


def test_a_later_rail_network_is_never_slower(region, travel):
    later = measure_travel(region, year=2030)
    assert (later.rail <= travel.rail + 1e-9).all()
    assert (later.rail < travel.rail - 1).any()


def test_a_tiny_county_takes_three_minutes_even_without_time_at_the_door(monkeypatch):
    monkeypatch.setattr("geo.model.travel.TERMINAL_MINUTES", 0.0)
    assert own_zone_minutes(np.array([1e-9]), np.array([2.0])).tolist() == [3.0]
