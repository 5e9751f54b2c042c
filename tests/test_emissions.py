"""Emissions, concentration and exposure: hand-worked numbers, laws, faults, and the shipped inventory."""

import numpy as np
import pandas as pd
import pytest

from geo.errors import ModelError
from geo.model.emissions import (
    POLLUTANTS,
    ROAD_SHARE,
    SOURCES,
    Activity,
    calibrate_air,
    emission_factors,
    emissions,
    exposure,
    inventory,
    source_receptor,
)
from geo.region import load_region


def activity(scale=1.0):
    return Activity(scale * np.array([100.0, 300.0]), np.array([10.0, 10.0]), np.array([0.0, 50.0]))


@pytest.fixture
def table():
    rows = [
        (s, p, 100.0 * (1 + i) * (1 + j)) for i, s in enumerate(SOURCES) for j, p in enumerate(POLLUTANTS)
    ]
    return pd.DataFrame(rows, columns=["source", "pollutant", "tonnes"])


@pytest.fixture
def factors(table):
    return emission_factors(table, activity(), follows=0.25)


# Emissions ------------------------------------------------------------------------------------------


def test_factors_are_inventory_over_activity(factors):
    # NOx: road 200 t over 400 km, buildings 400 t over 20 m2, output 600 t over 50 CNY
    assert factors.values[1] == pytest.approx([0.5, 20, 12])


def test_the_baseline_emits_the_inventory(factors, table):
    found = emissions(factors, activity())
    for row in table.itertuples():
        place = POLLUTANTS.index(row.pollutant), SOURCES.index(row.source)
        assert found[place].sum() == pytest.approx(row.tonnes)
    # CO2 of roads: 100 t, a quarter of the km in the first county
    assert found[0, 0] == pytest.approx([25, 75])


def test_only_a_share_of_road_emissions_follows_commuters(factors):
    before, after = emissions(factors, activity()), emissions(factors, activity(2.0))
    assert after[0, 0] == pytest.approx(1.25 * before[0, 0])
    assert after[:, 1:] == pytest.approx(before[:, 1:])


def test_emissions_are_linear_in_activity(factors):
    more = Activity(np.array([100.0, 300.0]), np.array([13.0, 10.0]), np.array([0.0, 60.0]))
    change = emissions(factors, more) - emissions(factors, activity())
    assert change[2, 1] == pytest.approx([3 * 600 / 20, 0])
    assert change[2, 2] == pytest.approx([0, 10 * 900 / 50])


# Air ------------------------------------------------------------------------------------------------


def test_the_matrix_is_inverse_distance():
    km = np.array([[1.0, 20.0], [20.0, 10.0]])
    assert source_receptor(km) == pytest.approx(np.array([[1 / 5, 1 / 20], [1 / 20, 1 / 10]]))
    assert source_receptor(km, power=2.0)[0, 1] == pytest.approx(1 / 400)


def test_two_counties_by_hand(factors):
    matrix = np.array([[0.2, 0.05], [0.05, 0.1]])
    tonnes = emissions(factors, activity())
    air = calibrate_air(matrix, tonnes, np.array([50.0, 30.0]), np.array([8.0, 0.0]), other_share=0.4)
    # roads: 75 t and 225 t of PM2.5 reach the first county as 75 x 0.2 + 225 x 0.05 = 26.25
    assert air.weight[0] == pytest.approx(0.3 * 50 / 26.25)
    # buildings 300 + 300 t, output 0 + 900 t: 60 + 15 + 45 = 120
    assert air.weight[1:] == pytest.approx([0.4 * 50 / 120] * 2)
    assert air.background[0] == pytest.approx(0.3 * 50)
    more = tonnes.copy()
    more[2, 0, 1] += 35.0
    risen = air.concentration(more) - air.concentration(tonnes)
    assert risen == pytest.approx(35 * 0.3 * 50 / 26.25 * np.array([0.05, 0.1]))


@pytest.mark.parametrize("share", [0.172, 0.30, 0.373])
def test_the_receptor_gets_its_share_and_the_baseline_is_observed(factors, share):
    rng = np.random.default_rng(0)
    matrix, observed = rng.random((2, 2)), np.array([38.0, 52.0])
    people = np.array([5.0, 3.0])
    tonnes = emissions(factors, activity())
    air = calibrate_air(matrix, tonnes, observed, people, road_share=share)
    assert air.concentration(tonnes) == pytest.approx(observed)
    assert people @ air.by_source(tonnes[2])[0] == pytest.approx(share * (people @ observed))


def test_units_of_emissions_cancel_in_the_air(table):
    def air(scale):
        scaled = emission_factors(table.assign(tonnes=scale * table["tonnes"]), activity())
        found = calibrate_air(
            np.array([[0.2, 0.1], [0.1, 0.2]]),
            emissions(scaled, activity()),
            np.array([40.0, 50.0]),
            np.array([1.0, 0.0]),
        )
        return found.concentration(emissions(scaled, activity(1.5)))

    assert air(1.0) == pytest.approx(air(1e-3))


def test_less_traffic_cleans_the_air_and_never_below_nothing(factors):
    tonnes = emissions(factors, activity())
    air = calibrate_air(np.full((2, 2), 0.1), tonnes, np.array([40.0, 1.0]), np.array([1.0, 0.0]))
    cleaner = air.concentration(0.5 * tonnes)
    assert cleaner[0] < 40
    assert cleaner[1] == 0


# Exposure -------------------------------------------------------------------------------------------


def test_exposure_is_weighted_by_residents():
    assert exposure(np.array([30.0, 60.0]), np.array([1.0, 2.0])) == pytest.approx([50.0])


def test_exposure_by_group_and_year():
    members = np.array([[1, 0], [1, 1], [0, 0]])
    found = exposure(np.array([[30.0, 60.0], [30.0, 30.0]]), np.array([[1.0, 2.0], [1.0, 5.0]]), members)
    assert found[:, :2] == pytest.approx(np.array([[30, 50], [30, 30]]))
    assert np.isnan(found[:, 2]).all()


def test_moving_to_cleaner_air_lowers_exposure_without_any_change_of_air():
    air = np.array([30.0, 60.0])
    assert exposure(air, np.array([2.0, 1.0])) < exposure(air, np.array([1.0, 2.0]))


# Inventory ------------------------------------------------------------------------------------------


def test_the_shipped_inventory_adds_up():
    found = inventory(load_region().facts["regional_series"])
    total = found.groupby("pollutant")["tonnes"].sum()
    assert total["nox"] == pytest.approx(2116e3)
    assert total["pm25"] == pytest.approx(1111e3)
    assert total["co2"] == pytest.approx(989e6)
    assert (found["tonnes"] > 0).all()
    assert set(found["status"]) <= {"sourced", "derived", "estimated"}
    road = found[found["source"] == "road"].set_index("pollutant")
    assert road.loc["pm25", "tonnes"] == pytest.approx(23.5e3)
    assert road.loc["co2", "tonnes"] == pytest.approx(527.71e6 * 544.7 / 1390)


def test_a_missing_row_is_named():
    series = load_region().facts["regional_series"]
    with pytest.raises(ModelError, match="industrial_emissions_NOx"):
        inventory(series[series["indicator"] != "industrial_emissions_NOx"])


def test_the_road_share_is_the_published_one():
    published = load_region().facts["published_effects"]
    row = published[published.apply(lambda row: "PM2.5" in " ".join(map(str, row)), axis=1)].iloc[0]
    assert str(round(100 * ROAD_SHARE)) in {str(value).removesuffix(".0") for value in row}


# Faults ---------------------------------------------------------------------------------------------


def codes(error):
    return {fault.code.split(".")[-1] for fault in error.value.faults}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vehicle_km": np.zeros(2)}, "no_activity"),
        ({"output": np.array([1.0, np.nan])}, "activity"),
        ({"floor_space": np.array([-1.0, 1.0])}, "activity"),
        ({"floor_space": np.ones(3)}, "shapes"),
    ],
)
def test_bad_activity_is_refused(table, change, code):
    parts = {"vehicle_km": np.ones(2), "floor_space": np.ones(2), "output": np.ones(2)}
    with pytest.raises(ModelError) as error:
        emission_factors(table, Activity(**(parts | change)))
    assert codes(error) == {code}


def test_bad_shares_receptors_and_distances_are_refused(factors, table):
    tonnes, one = emissions(factors, activity()), np.ones(2)
    for call, code in (
        (lambda: emission_factors(table, activity(), follows=1.5), "share"),
        (lambda: calibrate_air(np.ones((2, 2)), tonnes, one, one, road_share=0.9), "share"),
        (lambda: calibrate_air(np.ones((2, 2)), tonnes, one, 0 * one), "no_receptor"),
        (lambda: calibrate_air(np.ones((2, 2)), 0 * tonnes, one, one), "no_activity"),
        (lambda: source_receptor(np.array([[-1.0]])), "distance"),
    ):
        with pytest.raises(ModelError) as error:
            call()
        assert codes(error) == {code}
