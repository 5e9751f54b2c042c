"""Road traffic in the peak: hand-worked numbers, laws, the fit to published indices, and faults."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geo.errors import ModelError
from geo.model.assignment import Network
from geo.model.baseline import calibrate
from geo.model.roads import (
    LANE,
    TRIPS_A_DAY,
    WORKDAYS,
    Roads,
    Target,
    calibrate_roads,
    car_share,
    congested_minutes,
    linear_error,
    loop,
    make_roads,
    road_share,
)

DRIVE = 0.1


def hand_made(trips=((500.0, 1000.0), (0.0, 200.0)), rail=np.inf, link_class=0):
    """Two counties: link of 10 km and 10 free minutes, capacity 100; streets of 2 km and 5 minutes."""
    network = Network([0, 1], [1, 0], [100, 100], [10, 10], length=[10, 10], nodes=2)
    return Roads(
        codes=("a", "b"),
        network=network,
        link_class=np.full(2, link_class),
        own_class=np.zeros(2, dtype=np.int64),
        own_minutes=np.full(2, 5.0),
        own_km=np.full(2, 2.0),
        own_capacity=np.full(2, 100.0),
        drive=np.full((2, 2), DRIVE),
        trips=np.array(trips),
        road=np.array([[0, 21.5], [20, 0]]),
        rail=np.array([[np.inf, rail], [rail, np.inf]]),
        minutes=np.array([[15.0, 21.5], [20.0, 15.0]]),
        decay=0.1,
        asc=0.0,
        peak_share=0.5,
        group=np.zeros(2, dtype=np.int64),
        fit=pd.DataFrame(),
    )


# By hand --------------------------------------------------------------------------------------------


def test_times_by_hand():
    # 1000 x 0.1 = 100 cars on 100: 15 % slower; streets: 50 cars on 100, exponent 1: 7.5 % slower
    roads = hand_made()
    assert roads.before.flow == pytest.approx([100, 0])
    assert roads.before.time == pytest.approx([11.5, 10])
    assert roads.before.own_time == pytest.approx([5 * 1.075, 5 * 1.03])
    assert roads.before.times == pytest.approx(np.array([[5.375, 11.5], [10, 5.15]]))
    assert roads.speeds(roads.before) == pytest.approx([600 / 11.5, 60])


def test_change_of_minutes_by_hand():
    # twice the cars: 10 (1 + 0.15 x 16) = 34 minutes, 22.5 more; 50 cars more on the streets: 0.375 more
    roads = hand_made()
    change = roads.full(np.array([[500.0, 1000.0], [0.0, 0.0]]))
    assert change == pytest.approx(np.array([[0.375, 22.5], [0, 0]]), abs=1e-9)
    slower = congested_minutes(roads, np.array([[1000.0, 2000.0], [0.0, 200.0]]))
    assert slower == pytest.approx(roads.minutes + change, abs=1e-9)


def test_rail_halves_the_change_where_both_are_equal():
    roads = hand_made(rail=21.5)
    more = np.array([[0.0, 1e-3], [0.0, 0.0]])
    by_road_only = hand_made().full(more)[0, 1]
    assert roads.full(more)[0, 1] == pytest.approx(0.5 * by_road_only, rel=1e-4)
    assert roads.road_share[0, 1] == pytest.approx(0.5)
    assert roads.road_share[1, 1] == 1


def test_counties_by_hand():
    # link: 1000 vehicle-km, 1150 vehicle-minutes, half to either county; streets: 50 x 2 km, 50 x 5.375 min
    roads = hand_made()
    county = roads.by_county(roads.before)
    assert county.vehicle_km == pytest.approx([600, 540])
    hours = np.array([(575 + 50 * 5.375) / 60, (575 + 20 * 5.15) / 60])
    assert county.speed == pytest.approx(county.vehicle_km / hours)
    assert county.delay == pytest.approx(np.array([75 + 50 * 0.375, 75 + 20 * 0.15]) / 60)
    assert county.ratio == pytest.approx([(575 + 268.75) / (500 + 250), (575 + 103) / (500 + 100)])
    # half of a day's trips in the peak hour, two trips a day
    yearly = roads.yearly_km(roads.before)
    assert yearly == pytest.approx(county.vehicle_km * 2 * TRIPS_A_DAY * WORKDAYS)


def test_no_traffic_has_no_speed():
    roads = hand_made(trips=((0.0, 0.0), (0.0, 0.0)))
    county = roads.by_county(roads.before)
    assert np.isnan(county.speed).all()
    assert county.delay == pytest.approx([0, 0])


def test_linear_minutes_by_hand():
    # flows answer exactly here, so times do too: nobody can take another road
    roads = hand_made()
    more = np.array([[100.0, 300.0], [50.0, -10.0]])
    assert roads.linear(more) == pytest.approx(roads.full(more), abs=1e-9)


def test_capacities_by_hand():
    # one road only: the busier direction carries v / (factor v), so 1 + 0.15 / factor^4 is the index
    roads = hand_made(trips=((0.0, 500_000.0), (300_000.0, 0.0)))
    done = calibrate_roads(roads, (Target("all", 1.6, "sourced", "test"),))
    row = done.fit.iloc[0]
    # 50,000 cars one way at the full index, 30,000 the other way at (3/5)^4 of its excess
    excess = 0.15 / row["factor"] ** 4
    assert row["model"] == pytest.approx(1 + (5 * excess + 3 * excess * 0.6**4) / 8, rel=1e-6)
    assert row["model"] == pytest.approx(1.6, abs=1e-4)
    assert done.network.capacity == pytest.approx(np.full(2, row["factor"] * 50_000))


def test_suburbs_have_half_the_excess_of_towns():
    trips = ((0.0, 500_000.0), (500_000.0, 0.0))
    target = (Target("all", 1.6, "sourced", "test"),)
    town = calibrate_roads(hand_made(trips), target)
    suburb = calibrate_roads(hand_made(trips, link_class=1), target)
    # as wide for its traffic, once its factor makes up for the class
    assert suburb.fit["factor"].iloc[0] * 2**0.25 == pytest.approx(town.fit["factor"].iloc[0], rel=1e-3)


def test_a_link_is_never_narrower_than_a_lane():
    done = calibrate_roads(hand_made(), (Target("all", 1.6, "sourced", "test"),))
    assert done.network.capacity == pytest.approx([LANE, LANE])


def test_an_index_out_of_reach_is_refused():
    # nobody drives inside a county, and a lane is enough between them
    roads = hand_made(trips=((0.0, 1000.0), (0.0, 0.0)))
    with pytest.raises(ModelError, match=r"index 1\.6: the model stops at 1\.0"):
        calibrate_roads(roads, (Target("all", 1.6, "sourced", "test"),))


# The region -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def baseline(region):
    return calibrate(region)


@pytest.fixture(scope="module")
def roads(region, baseline):
    return make_roads(region, baseline.flows, baseline.travel, baseline.fit.gravity)


@pytest.fixture(scope="module")
def shock(region, baseline):
    """Return 20,000 jobs that leave Xicheng for Rongcheng, each with the homes of its county."""
    here, there = region.positions["110102"], region.positions["130629"]
    change = np.zeros_like(baseline.flows)
    change[:, here] -= 20_000 * baseline.homes[:, here]
    change[:, there] += 20_000 * baseline.homes[:, there]
    return change


def test_published_indices_are_hit(roads):
    fit = roads.fit.set_index("group")
    assert fit["target"].to_dict() == pytest.approx(
        {"Beijing": 2.063, "Tianjin": 1.659, "Langfang": 1.667, "elsewhere": 1.667}
    )
    assert fit["model"].to_numpy() == pytest.approx(fit["target"].to_numpy(), rel=0.01)
    assert fit["status"].to_dict() == dict.fromkeys(["Beijing", "Tianjin", "Langfang"], "sourced") | {
        "elsewhere": "assumption"
    }


def test_beijing_drives_as_published(region, baseline):
    share = car_share(region, baseline.flows)
    here = (region.counties["city_code"] == "110000").to_numpy()
    assert np.average(share[here], weights=baseline.flows[here].sum(1)) == pytest.approx(0.33)
    assert ((share > 0) & (share < 1)).all()


def test_no_change_of_trips_no_change_of_minutes(roads):
    nothing = np.zeros_like(roads.trips)
    assert np.abs(roads.full(nothing)).max() <= 1e-12
    assert np.abs(roads.linear(nothing)).max() <= 1e-12
    assert congested_minutes(roads, roads.trips) == pytest.approx(roads.minutes, abs=1e-12)


def test_cars_are_conserved(roads):
    cars = roads.drive * roads.trips
    np.fill_diagonal(cars, 0.0)
    ends, size = roads.network, len(roads.codes)
    arriving = np.bincount(ends.head, roads.before.flow, size) - np.bincount(
        ends.tail, roads.before.flow, size
    )
    assert arriving == pytest.approx(cars.sum(0) - cars.sum(1), abs=1e-6)
    km = roads.before.flow @ np.asarray(ends.length) + roads.before.own_flow @ roads.own_km
    assert roads.by_county(roads.before).vehicle_km.sum() == pytest.approx(km)


def test_more_trips_of_a_pair_are_never_faster(region, roads):
    for home, work in (("131082", "110105"), ("110112", "110101"), ("120116", "120101")):
        pair = region.positions[home], region.positions[work]
        more = np.zeros_like(roads.trips)
        more[pair] = 5_000.0
        assert roads.full(more)[pair] > 0
        assert roads.linear(more)[pair] > 0


def test_times_rise_with_demand(roads, shock):
    # user equilibrium: times are a monotone map of demand, so the product of both changes is not negative
    for change in (shock, 0.1 * roads.trips, -0.1 * roads.trips):
        cars = roads.drive * change
        rise = roads.assign(roads.trips + change).times - roads.before.times
        assert (cars * rise).sum() > 0


def test_roads_are_never_faster_than_empty(roads):
    relief = roads.assign(0.0 * roads.trips)
    assert relief.time == pytest.approx(roads.network.t0)
    assert (roads.linear_traffic(-0.9 * roads.trips).time >= roads.network.t0).all()


def test_small_changes_are_linear(roads, shock):
    small = 1e-3 * shock
    assert linear_error(roads, small).relative < 0.01
    assert roads.linear(2 * small) == pytest.approx(2 * roads.linear(small), abs=1e-4)


def test_linear_error_grows_with_the_change_but_keeps_the_direction(roads, shock):
    small, large = (linear_error(roads, scale * shock) for scale in (0.1, 2.0))
    assert small.mean_error < large.mean_error < large.mean_change
    full, linear = roads.full(shock), roads.linear(shock)
    weight = roads.trips * roads.drive
    assert (weight * full * linear).sum() > 0.9 * (weight * full**2).sum()


def test_linear_traffic_is_near_the_assignment(roads, shock):
    full, linear = roads.assign(roads.trips + shock), roads.linear_traffic(shock)
    one, other, before = (roads.by_county(each).speed for each in (full, linear, roads.before))
    assert np.abs(one - other).max() < 0.2 * np.abs(one - before).max()


def test_loop_finds_trips_that_agree_with_minutes(roads):
    def trips_at(minutes):
        return 1.02 * roads.trips * np.exp(-0.05 * (minutes - roads.minutes))

    found = loop(roads, trips_at, tol=1e-2)
    assert found.trips == pytest.approx(trips_at(found.minutes))
    assert np.abs(congested_minutes(roads, found.trips) - found.minutes).max() <= 1e-2
    # people who answer to minutes make less of the rise than people who do not
    assert found.trips.sum() < 1.02 * roads.trips.sum()


def test_loop_at_rest_stays(roads):
    found = loop(roads, lambda _: roads.trips)
    assert found.rounds == 1
    assert found.minutes == pytest.approx(roads.minutes, abs=1e-12)


def test_loop_that_cannot_settle_says_so(roads):
    with pytest.raises(ModelError, match="minutes after 2 rounds"):
        loop(roads, lambda _: 1.5 * roads.trips, tol=1e-9, max_rounds=2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_bad_flows_are_refused(roads, bad):
    trips = roads.trips.copy()
    trips[0, 1] = bad
    with pytest.raises(ModelError, match="1 flow"):
        congested_minutes(roads, trips)


def test_flows_of_another_size_are_refused(region, baseline):
    with pytest.raises(ModelError, match="2 x 2"):
        make_roads(region, np.eye(2), baseline.travel, baseline.fit.gravity)


def test_a_longer_peak_drives_fewer_km_a_day(roads):
    longer = replace(roads, peak_share=2 * roads.peak_share)
    assert longer.yearly_km(roads.before) == pytest.approx(0.5 * roads.yearly_km(roads.before))


def test_the_faster_way_has_the_larger_share_by_hand():
    road, rail = np.array([[5.0, 60.0], [60.0, 5.0]]), np.array([[np.inf, 40.0], [np.inf, np.inf]])
    # twenty minutes slower at 0.05 a minute: 1 / (1 + e)
    share = road_share(road, rail, 0.05, 0.0)
    assert share == pytest.approx(np.array([[1, 1 / (1 + np.e)], [1, 1]]))
    assert road_share(road, rail, 0.05, -1.0)[0, 1] == pytest.approx(0.5)
